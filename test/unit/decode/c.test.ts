import { describe, expect, it } from 'vitest';
import { hoverAt, offered, row } from './at.ts';

describe('hover in C', () => {
  it('explains a call argument as the register that it is written to', () => {
    const hover = hoverAt('apic_write(APIC_ICR, APIC_DEST_^ALLBUT | APIC_DM_INIT | APIC_INT_ASSERT);');
    expect(hover?.range).toBe('APIC_DEST_ALLBUT | APIC_DM_INIT | APIC_INT_ASSERT');
    expect(hover?.explanation.title).toBe('xAPIC ICR, low half');
    expect(hover?.explanation.meaning).toBe('INIT to all but itself, edge');
    expect(hover?.explanation.notes).toContain('APIC_DM_INIT sets delivery_mode');
  });

  it('reads an expression over several lines as one', () => {
    const text = 'apic_icr_write(APIC_INT_LEVELTRIG | APIC_INT_ASSERT |\n\t       APIC_DM_^INIT, phys_apicid);';
    expect(hoverAt(text)?.explanation.meaning).toBe('INIT to the destination in ICR2, level assert');
  });

  it('does not report a part of a word as an illegal whole', () => {
    const hover = hoverAt('cfg |= APIC_DM_^FIXED | APIC_INT_ASSERT;');
    expect(hover?.explanation.title).toBe('xAPIC ICR, low half, part');
    expect(hover?.explanation.meaning).toBe('delivery_mode Fixed, level assert');
    expect(hover?.explanation.problems).toEqual([]);
  });

  it('says which names have no value', () => {
    const hover = hoverAt('low = APIC_DM_^FIXED | vector | APIC_DEST_LOGICAL;');
    expect(hover?.explanation.notes).toContain('not known here: vector');
    expect(hover?.range).toBe('APIC_DM_FIXED');
  });

  it('reads operands of & and ~ as masks', () => {
    const hover = hoverAt('reg &= ~(APIC_MODE_^MASK | APIC_LVT_MASKED);');
    expect(hover?.explanation.title).toBe('LVT, mask');
    expect(hover?.explanation.meaning).toBe('selects delivery_mode (10:8), masked (16)');
  });

  it.each([
    ['apic_write(APIC_LVT0, APIC_DM_^EXTINT);', 'LVT, bits 10:8: delivery_mode = ExtINT'],
    ['case APIC_DM_^NMI:', 'ICR, LVT and MSI data, bits 10:8: delivery_mode = NMI'],
    ['r = apic_read(APIC_^ICR);', 'local APIC register at offset 0x300, x2APIC MSR 0x830: ICR; writing it sends'],
    ['x = POSTED_INTR_^WAKEUP_VECTOR;', 'vector 0xf1 (241), priority class 15'],
    ['v = icr & APIC_SHORT_^MASK;', 'ICR: mask of shorthand, bits 19:18'],
    ['vmcs_write16(POSTED_INTR_^NV, v);', 'VMCS field encoding'],
    ['m = X2APIC_^MSR(APIC_EOI);', 'x2APIC MSR of APIC_EOI'],
    ['t = SET_APIC_DELIVERY_MODE(v, APIC_MODE_^NMI);', 'delivery mode, not shifted: NMI'],
  ])('%s', (text, meaning) => {
    expect(hoverAt(text)?.explanation.meaning).toBe(meaning);
  });

  it('names the kernels for which a value holds', () => {
    expect(hoverAt('v = LOCAL_TIMER_^VECTOR;')?.explanation.notes).toEqual(['Linux 4.19+ (0xef in 3.11)']);
  });

  it.each([
    ['u64 icr = 0x00000000000c^00f8;', 'xAPIC ICR, low half', 'Fixed vector 0xf8 (248) to all but itself, edge'],
    ['entry->icr_low = 0x4^608;', 'xAPIC ICR, low half', 'SIPI: start at 0x8000'],
    ['msg.address_lo = 0xfee^0300c;', 'MSI address', 'interrupt to logical 0x3'],
    ['wrmsrl(MSR_IA32_APICBASE, 0xfee00^d00);', 'IA32_APICBASE (MSR 0x1b)', 'BSP, x2APIC mode'],
    ['wrmsrl(APIC_BASE_MSR + (APIC_ICR >> 4), 0x3000000^fbull);', 'x2APIC ICR', 'Fixed vector 0xfb (251) to APIC 3'],
    ['vmcs_write16(GUEST_INTR_STATUS, 0x55^31);', 'Guest interrupt status', 'RVI 0x31 (49), SVI 0x55 (85)'],
    ['vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0x8000^0202);', 'VM-entry/VM-exit', 'NMI, vector 0x02 (2)'],
    ['kvm_apic_send_ipi(apic, 0xc^4500, 0);', 'xAPIC ICR, low half', 'INIT to all but itself'],
    ['pi_desc->control = 0x500f1^0001ull;', 'Posted-interrupt descriptor', 'blocked, notified'],
    ['writel(0x0000^4500, apic_base + 0x300);', 'xAPIC ICR, low half', 'INIT to the destination in ICR2, edge'],
    ['writel(0x0500^0000, vcpu->apic->base + 0x310);', 'xAPIC ICR2, high half', 'destination APIC 5'],
    ['iowrite32(0x000c^00fd, lapic + APIC_ICR);', 'xAPIC ICR, low half', 'to all but itself'],
    ['*(volatile u32 *)(lapic_base + 0x300) = 0x4^500;', 'xAPIC ICR, low half', 'INIT'],
    ['u64 irte = 0x23456780^00418001;', 'IRTE, posted, low half', 'present, posted, VV 0x41 (65)'],
    ['irte->low = 0x0000^0005003100e5;', 'IRTE, remapped, low half', 'V 0x31 (49)'],
    ['*(volatile u32 *)0xfee00^300 = v;', 'APIC_ICR (MMIO)', 'local APIC register at offset 0x300'],
  ])('%s', (text, title, meaning) => {
    const hover = hoverAt(text);
    expect(hover?.explanation.title).toContain(title);
    expect(hover?.explanation.meaning).toContain(meaning);
  });

  it.each([
    'x = 0x4500;',
    'icr = 0;',
    'if (vector < 16)',
    '#define IOAPIC_RANGE_END (0xfeefffff)',
    'mode = (icr >> 8) & 7;',
    'printk("APIC_ICR = 0x4500");',
    'data = 0x41;',
    'static const u32 crc = 0xfee1dead;',
    'sum = 0xfee0300c1234;',
  ])('offers nothing for %s', text => {
    expect(offered(text).filter(t => /0x|^\d/.test(t))).toEqual([]);
  });

  it('explains a definition as what it defines, not as a value of that register', () => {
    expect(hoverAt('#define APIC_I^CR\t0x300')?.explanation.title).toBe('APIC_ICR');
    expect(hoverAt('#define APIC_ICR\t0x3^00')?.explanation.title).toBe('APIC_ICR');
    expect(hoverAt('\tGUEST_INTR_STATUS\t= 0x0000^0810,')?.explanation.title).toBe('GUEST_INTR_STATUS');
    expect(hoverAt('#define INTR_INFO_INTR_TYPE_MASK 0x7^00 /* 10:8 */')?.explanation.title).toBe(
      'INTR_INFO_INTR_TYPE_MASK',
    );
    expect(offered('\tGUEST_INTR_STATUS = 0x00000812,')).toEqual(['GUEST_INTR_STATUS']);
    expect(offered('#define MY_ICR 0x4500')).toEqual([]);
  });

  it.each([
    'writel(0x00004500, base + 0x300);',
    'writel(0x00004500, ioapic_base + 0x300);',
    'writel(0x00004500, io_apic->base + 0x310);',
    'writel(0x00004500, apic_base + 0x320);',
    'writel(apic_base + 0x300, 0x00004500);',
    'memcpy(0x00004500, apic_base + 0x300);',
    '*(u32 *)(base + 0x300) = 0x4500;',
    'int irte = 0x4500;',
    'int irte = -1;',
    'u64 irte_count = 0x2345678000418001;',
  ])('does not guess in %s', text => {
    expect(offered(text)).toEqual([]);
  });

  it('shows of an IRTE in one integer only the half that it holds', () => {
    const e = hoverAt('u64 irte = 0x23456780^00418001;')?.explanation;
    expect(e?.value).toBe('0x2345678000418001');
    expect(e?.rows.map(r => r.field)).toEqual(['P', 'FPD', 'AVAIL', 'URG', 'IM', 'VV', 'PDA_l']);
    expect(e?.problems).toEqual([]);
  });

  it('names what a comment names', () => {
    expect(hoverAt('/* only KVM_APIC_^INIT/SIPI */')?.explanation.title).toBe('KVM_APIC_INIT');
    expect(hoverAt('x = 1; // see APIC_DM_^NMI')?.explanation.title).toBe('APIC_DM_NMI');
    expect(hoverAt('APIC_^LVT0, /* LINT0 */')?.explanation.title).toBe('APIC_LVT0');
  });

  it('does not take a macro of the user for the kernel’s', () => {
    expect(offered('y = MY_APIC_ICR + APIC_ICRX;')).toEqual([]);
  });

  it('keeps a field where it is: a shifted mask is no ICR', () => {
    expect(offered('n = APIC_MODE_MASK >> 8;')).toEqual(['APIC_MODE_MASK']);
  });

  it('warns when a negative int is widened', () => {
    const hover = hoverAt('vcpu->arch.apic_base = ^(1 << 31) | MSR_IA32_APICBASE_ENABLE;');
    expect(hover?.explanation.notes).toContain('the int is negative: widening it sets all upper bits');
  });

  it('decodes the fields of an MSI address with its macros', () => {
    const text = 'msg->address_lo = MSI_ADDR_BASE_LO | MSI_ADDR_DEST_MODE_^LOGICAL | MSI_ADDR_DEST_ID(3);';
    const e = hoverAt(text)?.explanation;
    expect(e?.value).toBe('0xfee03004');
    expect(row(e!, 'dest_mode_logical')).toBe('logical');
  });
});
