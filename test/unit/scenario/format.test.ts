import { describe, expect, it } from 'vitest';
import { format } from '../../../extension/scenario/format.ts';

describe('formatter', () => {
  it('lays words out in columns and keeps comments', () => {
    const text = [
      '# head',
      'machine   intel #vendor',
      'kernel 6.16',
      '     # inside',
      'vcpus 12   x2apic# many',
      '',
      '   # between',
      'vcpu 10 blocked on cpu 1,tpr 0x20',
      '  vcpu 0:icr   0x41 # raw',
      'vcpu 10 :  eoi     # last',
      'msi 0xfee01000    0x41',
      'expect vcpu 2:irr has 0x41 ,pid.on 0',
      '',
    ].join('\n');
    expect(format(text)).toBe(
      [
        '# head',
        'machine intel        #vendor',
        '  kernel  6.16',
        '  # inside',
        '  vcpus   12 x2apic  # many',
        '',
        '# between',
        'vcpu 10   blocked on cpu 1, tpr 0x20',
        'vcpu 0:   icr 0x41  # raw',
        'vcpu 10:  eoi       # last',
        'msi       0xfee01000 0x41',
        'expect    vcpu 2: irr has 0x41, pid.on 0',
        '',
      ].join('\n'),
    );
  });

  it('leaves alone what it cannot read', () => {
    const long = `expect ${'x '.repeat(800)}`;
    for (const text of ['machine   intel\0', `  vcpu 0: §   eoi`, long]) expect(format(text)).toBe(text);
  });

  it('keeps the ends of lines', () => {
    expect(format('machine  intel\r\n vcpus 2\r\n')).toBe('machine intel\r\n  vcpus  2\r\n');
  });
});
