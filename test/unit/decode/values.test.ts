import { describe, expect, it } from 'vitest';
import { explainValues } from '../../../extension/decode/values.ts';
import { read, row } from './at.ts';

function refusal(values: string, as?: string): string {
  const asked = explainValues(values.split(' '), as);
  return 'error' in asked ? asked.error : `read as ${asked.readings[0].format}`;
}

describe('several values as one word', () => {
  it.each([
    ['0xfd 3 7', 'icr', 'icr has 64 bits: write 1 or 2 values, the lowest part first, not 3'],
    ['1 2 3 4', 'icr', 'icr has 64 bits: write 1 or 2 values, the lowest part first, not 4'],
    ['1 2 3', 'pid', 'pid has 512 bits: write 1, 8, or 16 values, the lowest part first, not 3'],
    ['1 2 3', 'irte', 'irte has 128 bits: write 1, 2, or 4 values, the lowest part first, not 3'],
    ['1 2', 'icr-low', 'icr-low has 32 bits: write 1 value, not 2'],
    ['1 2', 'guest-intr-status', 'guest-intr-status has 16 bits: write 1 value, not 2'],
    ['1 2 3 4', 'msi', 'msi has 96 bits: write 1, 2, or 3 values, the lowest part first, not 4'],
  ])('%s as %s says how many the format takes', (values, as, words) => {
    expect(refusal(values, as)).toBe(words);
  });

  it('takes the u32 words and the u64 words of a descriptor', () => {
    const dwords = `0 0 0 0 0 0 0 0 0x00f20001 0x5${' 0'.repeat(6)}`;
    expect(read(dwords, 'pid')).toEqual(read('0 0 0 0 0x500f20001 0 0 0', 'pid'));
  });
});

describe('a piece of a register', () => {
  it.each([
    ['0x1ff', 'pir@31', 'pir@31: 0x1ff does not fit the 8 bits from there on'],
    [
      '0x2',
      'irr@0x221',
      'irr@0x221: irr has 32 bits every 0x10 bytes from 0x200 to 0x270: write irr@0x200 for its first',
    ],
    [
      '0x2',
      'tmr@0x300',
      'tmr@0x300: tmr has 32 bits every 0x10 bytes from 0x180 to 0x1f0: write tmr@0x180 for its first',
    ],
    ['0x1ffffffff', 'irr@0x220', 'irr@0x220: 0x1ffffffff does not fit the 32 bits from there on'],
    ['1', 'pir@32', 'pir@32: pir has only 32 bytes'],
  ])('%s as %s loses no bits', (value, as, words) => {
    expect(refusal(value, as)).toBe(words);
  });

  it('may end where the register ends', () => {
    expect(read('0xff', 'pir@31').meaning).toContain('0xff');
  });
});

describe('a DFR', () => {
  it.each([
    ['0xffffffff', 'flat'],
    ['0x0fffffff', 'cluster'],
    ['0xf0000000', 'neither flat nor cluster'],
    ['0', 'neither flat nor cluster'],
  ])('%s is %s', (value, meaning) => {
    expect(read(value, 'dfr').meaning).toBe(meaning);
  });
});

it('an IRTE is remapped or posted by its IM', () => {
  expect(read('0x2345678000418001 0x0000000100000000', 'irte').meaning).toBe(
    'posted: vector 0x41 (65) into the descriptor at 0x123456780',
  );
  expect(read('0x3100e5 0', 'irte').title).toBe('IRTE, remapped');
});

it('a flag that is clear does not read as if it were set', () => {
  const info = read('0x80000841', 'intr-info');
  expect([row(info, 'error_code'), row(info, 'nmi_unblocking')]).toEqual([
    'error code valid',
    'clear (NMI unblocking due to IRET (VM exit))',
  ]);
  expect(row(read('0x3100e5 0', 'irte'), 'RH')).toBe('clear (redirection hint)');
});
