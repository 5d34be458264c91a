import { describe, expect, it } from 'vitest';
import { hoverAt, offered } from './at.ts';

describe('logs and traces', () => {
  it.each([
    [
      'kvm_apic_ipi: dst 3 vec^ 251 (Fixed|physical|assert|edge|dst)',
      'Fixed vector 0xfb (251) to APIC 3, physical, edge',
    ],
    ['kvm_apic_ipi: dst 1f vec^ 0 (INIT|physical|assert|level|dst)', 'INIT to APIC 31 (0x1f), physical, level assert'],
    [
      'kvm_apic_ipi: dst 0 vec^ 253 (Fixed|physical|de-assert|edge|all-but-self)',
      'Fixed vector 0xfd (253) to all but itself, edge',
    ],
    ['kvm_msi_set_irq: dst 1 vec 6^5 (Fixed|physical|edge)', 'Fixed vector 0x41 (65) to APIC 1, physical, edge'],
    [
      'kvm_msi_set_irq: dst ff vec 49 (LowPrio|log^ical|edge|rh)',
      'LowPrio vector 0x31 (49) to all APICs (logical 0xff), one of them (RH), edge',
    ],
    [
      'kvm_msi_set_irq: dst 105 vec 49 (Fixed|phys^ical|edge)',
      'Fixed vector 0x31 (49) to APIC 261 (0x105), physical, edge',
    ],
    [
      'kvm_apic_accept_irq: apicid 1^1 vec 251 (Fixed|edge)',
      'vCPU 17: Fixed, edge, vector 0xfb (251), in Linux CALL_FUNCTION_SINGLE_VECTOR',
    ],
    [
      'kvm_ioapic_set_irq: pin 11 dst 1 v^ec 59 (LowPrio|logical|level) (coalesced)',
      'pin 11: LowPrio, logical, level to 0x1, vector 0x3b (59); coalesced',
    ],
    ['kvm_eoi: apicid 0 vector^ -1', 'EOI without an interrupt in service'],
    ['kvm_inj_virq: IRQ^ 0xec', 'vector 0xec (236), in Linux LOCAL_TIMER_VECTOR'],
    ['kvm_exit: vcpu 1 reason EOI_IND^UCED rip 0xffff info1 0x000000000000003b info2 0x0', 'EOI of vector 0x3b (59)'],
    [
      'kvm_exit: reason APIC_W^RITE rip 0xffffffff8104a1b2 info 300 0',
      'write of APIC_ICR (offset 0x300), done in the virtual-APIC page',
    ],
    [
      'kvm_avic_unaccelerated_access: vcpu=0, offset=0xb0(APIC_EOI), trap^, write, vec=0x3b',
      'vCPU 0: write of APIC_EOI, already done, vector 0x3b (59)',
    ],
    ['kvm_apic: apic_write APIC_^ICR = 0x3000000fb', 'Fixed vector 0xfb (251) to APIC 3, physical, edge'],
    ['kvm_apic: apic_write APIC_^SPIV = 0x1ff', 'APIC software-enabled, spurious vector 0xff (255)'],
    [
      'kvm_pi_irte_update: PI is enabled and^ being updated for irq 74, vcpu 2, gsi: 0x19, gvec: 0x41, pi_desc_addr: 0x1c4a9b000',
      'host IRQ 74 (GSI 25) posts vector 0x41 (65) to vCPU 2',
    ],
    ['kvm_apicv_inhibit_changed: set re^ason=9, inhibits=0x200 PIT_REINJ', 'PIT_REINJ'],
    [
      'kvm_avic_incomplete_ipi: vcpu=0, icrh:icrl=0x01000000:000000fd,^ id=1, index=1',
      'Fixed vector 0xfd (253) to APIC 1, physical, edge',
    ],
    [
      'kvm_entry: vcpu 1, rip 0xffffffff8100a3c0 intr_info 0x800000^ec error_code 0x00000000',
      'external interrupt, vector 0xec (236)',
    ],
  ])('%s', (text, meaning) => {
    const prefixed = ` qemu-kvm-1234  [002] d..1.  8412.123456: ${text}`;
    expect(hoverAt(prefixed, 'log')?.explanation.meaning).toBe(meaning);
  });

  it.each([
    ['guest wrote ICR 0x00000003000000^fb', 'x2APIC ICR'],
    ['[   12.3] apic: ICR = 0x000c45^00', 'xAPIC ICR, low half'],
    ['LVT0\t 0x0001^0700 active-hi edge  masked', 'LVT LINT0/LINT1'],
    ['SPIV\t 0x0000^01ff APIC enabled', 'Spurious-interrupt vector register'],
    ['... APIC ICR: 000c^4500', 'xAPIC ICR, low half'],
    ['\t\tAddress: 00000000fee^0300c  Data: 4041', 'MSI'],
    ['msi 0xfee0300c / 0x00^41', 'MSI'],
    ['IRTE 0x0000000100000000234567^8000418001', 'IRTE, posted'],
    ['PID control 0x0000000500^F10001', 'Posted-interrupt descriptor, control word'],
    ['IA32_APICBASE is 0xfee00^d00', 'IA32_APICBASE (MSR 0x1b)'],
    ['exit with intr_info 0x8000^0202', 'VM-entry/VM-exit interruption information'],
    ['mapped the page 0xfee00^000', 'Local APIC page'],
  ])('%s', (text, title) => {
    expect(hoverAt(text, 'plaintext')?.explanation.title).toBe(title);
  });

  it.each([
    'e1000e 0000:00:19.0 eth0: ICR 0x80000004',
    'IRTE 0x2345678000418001',
    'the ICR register at 0x300',
    'address 0xffffffff81000000 data 0x41',
    'commit 0xfee1deadbeef',
    'build id fee0300cfee0300cfee0300cfee0300c',
    'RIP: 0010:0xffffffff8100a3c0',
    'level: 3 vector of attack',
    'dest: 4, done',
  ])('offers nothing for %s', text => {
    expect(offered(text, 'log')).toEqual([]);
  });

  it('reads a dump on one line, and shifted modes', () => {
    const hover = hoverAt('kvm: dest_id=0x2 vec^tor=49 dest_mode=0x800 trig_mode=0 delivery_mode=0x100', 'log');
    expect(hover?.explanation.meaning).toContain('LowPrio vector 0x31 (49) to logical 0x2');
  });

  it('does not join two dumps', () => {
    const dump = 'dest_id : 0\nvector : 65\ndel_mode : 0\n';
    const second = 'dest_id : 1\nvec^tor : 66\ndel_mode : 4';
    expect(hoverAt(dump + second, 'log')?.explanation.meaning).toBe('NMI to APIC 1, physical, edge');
    const first = 'dest_id : 0\nvec^tor : 65\ndel_mode : 0\ndest_id : 1\nvector : 66\ndel_mode : 4';
    expect(hoverAt(first, 'log')?.explanation.meaning).toBe('Fixed vector 0x41 (65) to APIC 0, physical, edge');
  });

  it('looks no further than eight lines', () => {
    const text = `dest_id : 0\n${'level : 1\n'.repeat(1)}${'other line\n'.repeat(8)}vec^tor : 66`;
    expect(hoverAt(text, 'log')).toBeUndefined();
  });
});

describe('events as tools print them', () => {
  it.each([
    [
      'kvm_apic_ipi:          dst 3 vec 200 (Fixed|physical|ass^ert|edge|dst)',
      'Fixed vector 0xc8 (200) to APIC 3, physical, edge',
    ],
    ['kvm_msr: msr_write 830 = 0xe0000^4893', 'Fixed vector 0x93 (147) to cluster 0, x2APIC IDs 1, 2, 3, edge'],
    ['kvm_msr: msr_write 80f = 0x1^ff', 'APIC software-enabled, spurious vector 0xff (255)'],
    ['kvm_msr: msr_write 1b = 0xfee00^d00', 'BSP, x2APIC mode, base 0xfee00000'],
    ['kvm_mmio: mmio write len 4 gpa 0xfee00^300 val 0xc4500', 'INIT to all but itself, edge'],
    ['kvm_apic: apic_read APIC_SPIV = 0x1^ff', 'APIC software-enabled, spurious vector 0xff (255)'],
    ['kvm_apicv_update_request: deacti^vate bit=3', 'sets the inhibit reason IRQWIN'],
  ])('%s', (text, meaning) => {
    expect(hoverAt(`       qemu-1331    [001] .....    20.490804: ${text}`, 'log')?.explanation.meaning).toBe(meaning);
  });

  it('flags a write that the kernel answered with #GP', () => {
    const text = 'kvm_msr: msr_write 830 = 0xffffffff0009^4801 (#GP)';
    expect(hoverAt(text, 'log')?.explanation.problems[0].text).toContain('reserved bit 16 set: #GP');
  });

  it.each(['kvm_msr: msr_write c0000080 = 0x500', 'kvm_mmio: mmio write len 4 gpa 0xfec00000 val 0x38'])(
    'offers nothing for %s',
    text => {
      expect(offered(text, 'log')).toEqual([]);
    },
  );
});

describe('dumps of a local APIC', () => {
  it('joins the two lines of QEMU’s ICR and reads an x2APIC destination unshifted', () => {
    const dump = 'ICR\t 0x0000^00fd physical edge de-assert no-shorthand\nICR2\t 0x00000001 cpu 1 (X2APIC ID)';
    expect(hoverAt(dump, 'plaintext')?.explanation.meaning).toBe('Fixed vector 0xfd (253) to APIC 1, physical, edge');
    const second = 'ICR\t 0x000000fd physical\nICR2\t 0x0100^0000 cpu 1 (APIC ID)';
    expect(hoverAt(second, 'plaintext')?.explanation.title).toBe('xAPIC ICR');
    expect(hoverAt(second, 'plaintext')?.explanation.meaning).toContain('to APIC 1');
  });

  it.each([
    ['IRR\t 49 2^36(level)', 'vectors 0x31 0xec'],
    ['LVTT\t 0x0004^00ec active-hi edge tsc-deadline Fixed (vec 236)', 'vector 0xec (236), TSC-deadline'],
    [
      'Ipi Cmd: 01000000`0000^002f  Vec:2F  FixedDel    Dest=01      edg high',
      'Fixed vector 0x2f (47) to APIC 1, physical, edge',
    ],
    ['Timer..: 00000000`0003^00fd  Vec:FD  FixedDel    Dest=Self   edg high', 'vector 0xfd (253), periodic, masked'],
    ['Linti1.: 00000000`0000^0400  Vec:00  NMI         Dest=Self   edg high', 'NMI'],
  ])('%s', (text, meaning) => {
    expect(hoverAt(text, 'log')?.explanation.meaning).toBe(meaning);
  });

  it.each(['ISR\t (none)', 'IRR 2 of 3 lost', 'Time: 00000000`00000001'])('offers nothing for %s', text => {
    expect(offered(text, 'log')).toEqual([]);
  });
});

describe('patches and mails', () => {
  const hunk = (mark: string) =>
    [
      'diff --git a/a.c b/a.c',
      '--- a/a.c',
      '+++ b/a.c',
      '@@ -1,3 +1,3 @@ void f(void)',
      ' \tapic_icr_write(APIC_INT_ASSERT |',
      '-\t\tAPIC_DM_NMI, id);',
      '+\t\tAPIC_DM_INIT, id);',
    ]
      .join('\n')
      .replace(mark, `${mark.slice(0, -1)}^${mark.slice(-1)}`);

  it('reads each side of a changed line with the context around it', () => {
    expect(hoverAt(hunk('APIC_DM_NMI'), 'diff')?.explanation.meaning).toBe('NMI to the destination in ICR2, edge');
    expect(hoverAt(hunk('APIC_DM_INIT'), 'diff')?.explanation.meaning).toBe('INIT to the destination in ICR2, edge');
  });

  it('keeps the columns of the line as it stands', () => {
    expect(hoverAt('+\tv = POSTED_INTR_^VECTOR;', 'diff')?.range).toBe('POSTED_INTR_VECTOR');
    expect(hoverAt('> +\tv = POSTED_INTR_^VECTOR;', 'plaintext')?.range).toBe('POSTED_INTR_VECTOR');
    expect(hoverAt('> > the ICR was 0x000c45^00 here', 'plaintext')?.range).toBe('0x000c4500');
  });

  it('reads a patch in a mail that has no language, quoted or not', () => {
    const mail = (quote: string) =>
      [
        'Hi,',
        '',
        '@@ -1,3 +1,3 @@ void f(void)',
        ' \tapic_icr_write(APIC_INT_ASSERT |',
        '-\t\tAPIC_DM_NMI, id);',
        '+\t\tAPIC_DM_^INIT, id);',
      ]
        .map(line => quote + line)
        .join('\n');
    for (const quote of ['', '> ']) {
      const e = hoverAt(mail(quote), 'plaintext')?.explanation;
      expect(e?.meaning).toBe('INIT to the destination in ICR2, edge');
      expect(e?.notes[0]).toBe('this patch: delivery_mode NMI → INIT');
    }
  });

  it('takes an indented commit message for text, not for a hunk', () => {
    const show = 'commit 1234\nAuthor: A <a@b.c>\n\n    the guest wrote ICR 0x000c45^00\n\ndiff --git a/x b/x';
    expect(hoverAt(show, 'diff')?.explanation.meaning).toBe('INIT to all but itself, edge');
    const list = 'Things:\n- APIC_DM_^NMI | APIC_INT_ASSERT\n+ APIC_DM_INIT';
    expect(hoverAt(list, 'plaintext')?.explanation.notes.join()).not.toContain('this patch');
  });

  it('follows the continuation lines of a macro', () => {
    const text =
      '+#define WAKE (APIC_INT_ASSERT | \\\n+              APIC_DM_^INIT | \\\n+              APIC_DEST_SELF)';
    expect(hoverAt(text, 'diff')?.explanation.value).toBe('0x00044500');
  });
});
