import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compareCommand } from '../../../extension/cli/compare.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SCENARIO = `machine intel
  kernel  6.16
  vcpus   3 x2apic
  with    apicv
device nic irte 5 posted to vcpu 1 vector 0x41 host cpu 3 vector 0x31
vcpu 1: block
device nic: interrupt
vcpu 1: enter
expect vcpu 1 takes 0x41
expect vcpu 1: pid.on 0
`;

async function compare(profiles: string, text = SCENARIO): Promise<{ code: number; out: string; err: string }> {
  const file = path.join(folder, 'scenario.irq');
  writeFileSync(file, text);
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    readStdin: async () => '',
  };
  const code = await compareCommand([file, '--profiles', profiles], io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('irqscope compare', () => {
  test('a profile and itself: same outcome, every step alike', async () => {
    const { code, out } = await compare('6.16,6.16');
    expect(code).toBe(0);
    expect(out).toContain('same outcome');
    expect(out).not.toContain('the steps part');
  });

  test('Intel and AMD: a device wakes a blocked vCPU on both, by other steps', async () => {
    const { code, out } = await compare('intel,amd');
    expect(out).toContain('Linux 6.16 · Intel | Linux 6.16 · AMD');
    expect(out).toMatch(/same {7}device nic: interrupt/);
    expect(out).toContain('the steps part in line 6');
    expect(code).toBe(0);
  });

  test('what a mail expected and what was merged', async () => {
    const { code, out } = await compare('6.16,6.16+blocked-irte=remapped');
    expect(code).toBe(1);
    expect(out).toContain('first difference: line 7: vcpu 1: events: notification, wakeup | wakeup');
    expect(out).toContain('the steps part in line 6: IRTE 0x5 of nic := remapped');
  });

  test.each([
    ['6.16', 'two profiles'],
    ['6.16,9.9', 'no such profile'],
    ['6.16,blocked-irte=never', 'posted, remapped'],
    ['6.16,2013+amd', 'know no AVIC'],
    ['6.16,6.16+7.1', '7.1 takes the place'],
    ['6.16+intel+amd,6.16', 'amd takes the place'],
    ['6.16,apicv+no-apicv', 'no-apicv takes the place'],
    ['6.16,xapic+x2apic', 'x2apic takes the place'],
  ])('%s is unusable', async (profiles, message) => {
    const { code, err } = await compare(profiles);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  test('a text with errors is unusable', async () => {
    const { code, err } = await compare('6.16,7.1', `${SCENARIO}vcpu 9: eoi\n`);
    expect([code, err]).toEqual([2, expect.stringContaining(':11:')]);
  });
});
