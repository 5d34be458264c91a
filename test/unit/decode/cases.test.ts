import { describe, expect, it } from 'vitest';
import { hoverAt, read, row } from './at.ts';

/** The worked cases of the fact sheet, by their ids. */
describe('worked cases A', () => {
  it('A1 x2APIC ICR 0x00000003_000000FB', () => {
    const e = read('0x00000003_000000FB');
    expect(e.title).toBe('x2APIC ICR');
    expect(e.meaning).toBe('Fixed vector 0xfb (251) to APIC 3, physical, edge');
    expect(row(e, 'level')).toBe('de-assert');
    expect(row(e, 'shorthand')).toBe('none');
    expect(e.notes).toContain('trace: dst 3 vec 251 (Fixed|physical|de-assert|edge|dst)');
    expect(e.problems).toEqual([]);
  });

  it('A2 xAPIC ICR low 0x000C4500', () => {
    const e = read('0x000C4500', 'icr-low');
    expect(e.meaning).toBe('INIT to all but itself, edge');
    expect(row(e, 'level')).toBe('assert');
  });

  it('A3 ICR low 0x000C4608', () => {
    expect(read('0x000C4608').meaning).toBe('SIPI: start at 0x8000 (CS selector 0x0800), to all but itself, edge');
  });

  it('A4 ICR low 0x00008500', () => {
    const e = read('0x00008500', 'icr-low');
    expect(e.meaning).toBe('INIT to the destination in ICR2, level de-assert');
    expect(e.problems.map(p => p.id)).toEqual(['init-deassert']);
  });

  it('A5 ICR2 write 0x05ABCDEF', () => {
    expect(read('0x05ABCDEF', 'icr2').meaning).toBe('destination APIC 5; KVM stores 0x05000000');
  });

  it.each([13, 16, 17, 20, 25, 31])('A6 x2APIC ICR with bit %i set', bit => {
    const e = read(`0x41|1ull<<${bit}`, 'x2apic-icr');
    expect(e.problems).toHaveLength(1);
    expect(e.problems[0].text).toContain(`bit ${bit} set: #GP on WRMSR, mask 0xfff32000`);
    expect(e.problems[0].text).toContain('6.3 and older do not check');
  });

  it('A7 x2APIC ICR with bit 12 set', () => {
    const e = read('0x1041', 'x2apic-icr');
    expect(e.problems.map(problem => problem.severity)).toEqual(['note']);
    expect(e.problems[0].text).toMatch(/bit 12 set: .*KVM clears it.*AMD requires 0/);
    expect(row(e, 'reserved_12')).toBe('should be 0');
  });

  it('A8 MSI 0xFEE00000 / 0x0041', () => {
    const e = read('0xFEE00000 / 0x0041');
    expect(e.meaning).toBe('Fixed vector 0x41 (65) to APIC 0, physical, edge');
    expect(row(e, 'delivery_mode')).toBe('Fixed');
  });

  it('A9 MSI 0xFEEFF00C / 0x0131', () => {
    const e = read('0xFEEFF00C 0x0131');
    expect(e.meaning).toBe('LowPrio vector 0x31 (49) to all APICs (logical 0xff), one of them (RH), edge');
    expect(e.problems).toEqual([]);
  });

  it('A10 MSI 0xFEE05020 / 0x31', () => {
    expect(read('0xFEE05020 0x31', 'msi-ext').meaning).toContain('to APIC 261 (0x105), physical');
    const plain = read('0xFEE05020 0x31');
    expect(plain.meaning).toContain('to APIC 5, physical');
    expect(plain.problems.map(p => [p.id, p.severity])).toEqual([['reserved-bits', 'warning']]);
    expect(plain.notes[0]).toContain('APIC 261 (0x105)');
  });

  it('A11 MSI 0xFEE0031C / 0x0007', () => {
    const e = read('0xFEE0031C 0x0007');
    expect(e.title).toBe('MSI, remappable');
    expect(e.meaning).toBe('remappable: handle 0x8018, sub-handle 7: IRTE index 0x801f');
    expect(row(e, 'dmar_subhandle_valid')).toContain('SHV');
  });

  it('A12 RTE 0x0200000000000931', () => {
    const e = read('0x0200000000000931', 'rte');
    expect(e.meaning).toBe('LowPrio vector 0x31 (49) to logical 0x2: flat bits 1, or cluster 0 members 1, edge');
    expect(row(e, 'masked')).toBe('unmasked');
  });

  it('A13 RTE 0x0100000000018B41', () => {
    const e = read('0x0100000000018B41', 'rte');
    expect(e.problems.map(p => [p.id, p.severity])).toEqual([['reserved-delivery-mode', 'error']]);
    expect(row(e, 'masked')).toBe('masked');
    expect(row(e, 'is_level')).toBe('level');
    expect(row(e, 'dest_mode_logical')).toBe('logical');
    expect(e.rows.find(r => r.field === 'vector')?.value).toBe('0x41');
  });

  it('A14 IRTE, posted', () => {
    const e = read('0x2345678000418001 0x0000000100000000', 'irte-posted');
    expect(e.meaning).toBe('posted: vector 0x41 (65) into the descriptor at 0x123456780');
    expect(row(e, 'URG')).toBe('not urgent');
    expect(row(e, 'SVT')).toBe('no check');
    expect(e.problems).toEqual([]);
  });

  it('A15 IRTE, remapped', () => {
    const e = read('0x00000000003100E5 0x0', 'irte');
    expect(e.meaning).toBe('remapped: ExtINT to logical destination 0x0');
    expect(row(e, 'DLM')).toBe('ExtINT');
    expect(row(e, 'RH')).toBe('clear (redirection hint)');
    expect(e.rows.find(r => r.field === 'RH')?.value).toBe('0x0');
    expect(e.rows.find(r => r.field === 'V')?.value).toBe('0x31');
    expect(e.problems).toEqual([]);
  });

  it('A16 PID control 0x0000000500F10001', () => {
    const e = read('0x0000000500F10001');
    expect(e.meaning).toBe('blocked, notified: ON=1 SN=0 NV=0xf1 NDST=0x5');
  });

  it('A17 PID control 0x0000050000F20002 on an xAPIC host', () => {
    const e = read('0x0000050000F20002');
    expect(e.meaning).toBe('preempted: ON=0 SN=1 NV=0xf2 NDST=0x500');
    expect(e.notes).toEqual(['NDST 0x500; on an xAPIC host that is APIC ID 5']);
  });

  it('A18 GUEST_INTR_STATUS 0x5531', () => {
    expect(read('0x5531', 'guest-intr-status').meaning).toBe('RVI 0x31 (49), SVI 0x55 (85)');
  });

  it('A19 PID-pointer entries', () => {
    expect(read('0x1234567C1', 'pid-pointer').meaning).toBe('valid: descriptor at 0x1234567c0');
    expect(read('0x1234567C3', 'pid-pointer').problems[0].text).toBe(
      'reserved bit 1 set: the sender takes an APIC-write VM exit',
    );
    expect(read('0x1234567C0', 'pid-pointer').problems[0].id).toBe('not-valid');
  });

  it('A20 AVIC physical-ID entry 0xC00000012345600A', () => {
    expect(read('0xC00000012345600A').meaning).toBe('valid, running, host APIC ID 0xa, backing page 0x123456000');
  });

  it('A21 AVIC logical entry 0x80000003', () => {
    expect(read('0x80000003', 'avic-logical').meaning).toBe('valid, guest physical APIC ID 3');
  });

  it('A22 PIR byte 8 = 0x02', () => {
    expect(read('0x02', 'pir@8').meaning).toBe('vector 0x41');
  });

  it('A23 dword at 0x220 of the IRR = 0x00000002', () => {
    expect(read('0x00000002', 'irr@0x220').meaning).toBe('vector 0x41');
  });

  it('A24 APICBASE', () => {
    expect(read('0xFEE00D00').meaning).toBe('BSP, x2APIC mode, base 0xfee00000');
    const invalid = read('0xFEE00400', 'apicbase');
    expect(invalid.meaning).toContain('invalid mode');
    expect(invalid.problems[0].id).toBe('invalid-mode');
  });

  it('the log of the first seed decodes as one message from each of its lines', () => {
    const prefix = 'Jul 7 23:10:39 gaus02-m kernel: ';
    const log = (mark: number) =>
      ['dest_id : 0', 'vector : 65', 'dest_mode: 0', 'trig_mode: 0', 'del_mode : 0']
        .map((text, i) => `${prefix}[49646.05283${i}] ${i === mark ? `${text.slice(0, 3)}^${text.slice(3)}` : text}`)
        .join('\n');
    for (const mark of [0, 1, 2, 3, 4]) {
      const hover = hoverAt(log(mark), 'log');
      expect(hover?.explanation.meaning).toBe('Fixed vector 0x41 (65) to APIC 0, physical, edge');
      expect(hover?.explanation.rows).toHaveLength(5);
      expect(hover?.explanation.notes).toContain('as an MSI: 0xfee00000 / 0x0041');
    }
  });
});
