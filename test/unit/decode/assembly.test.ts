import { describe, expect, it } from 'vitest';
import { hoverAt, offered } from './at.ts';

describe('assembly and bare addresses', () => {
  it.each([
    ['\tmovl $0x000c45^00, 0xfee00300', 'INIT to all but itself, edge'],
    ['\tmov dword [0xFEE00300], 0C46^08h', 'SIPI: start at 0x8000 (CS selector 0x0800), to all but itself, edge'],
    ['\tmov dword ptr [0xfee000f0], 0x1^ff', 'APIC software-enabled, spurious vector 0xff (255)'],
    ['\tmov $0x8^30, %ecx\n\tmov $0xfd, %eax\n\twrmsr', 'ICR'],
    [
      '\tmov $0x830, %ecx\n\tmov $3, %edx\n\tmov $0x40^fd, %eax\n\twrmsr',
      'Fixed vector 0xfd (253) to the destination in ICR2, edge',
    ],
    ['\tmov ecx, 1Bh\n\tmov eax, 0xfee00^d00\n\twrmsr', 'BSP, x2APIC mode, base 0xfee00000'],
  ])('%s', (text, meaning) => {
    expect(hoverAt(text, 'asm')?.explanation.meaning).toBe(meaning);
  });

  it.each(['\tmov $0x830, %ecx', '\tmov $0x4500, %eax', '\tmov $0x174, %ecx\n\twrmsr', '\tadd $0x830, %rsp'])(
    'offers nothing for %s',
    text => {
      expect(offered(text, 'asm')).toEqual([]);
    },
  );

  it('knows in C what is written to an address and to an MSR by number', () => {
    expect(hoverAt('*(volatile u32 *)0xfee00300 = 0xc4^500;')?.explanation.meaning).toBe(
      'INIT to all but itself, edge',
    );
    expect(hoverAt('wrmsrl(0x8^30, v);')?.explanation.meaning).toBe('ICR');
    expect(hoverAt('wrmsr(0x830, 0x40^fd, 3);')?.explanation.meaning).toContain('Fixed vector 0xfd');
    expect(hoverAt('rdmsrl(0x8^04, v);')?.explanation.meaning).toBe('no x2APIC register: access raises #GP');
    expect(offered('wrmsrl(0x174, 0x4500);')).toEqual([]);
  });
});
