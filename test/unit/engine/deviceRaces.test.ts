import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KernelVersion } from '../../../extension/engine/config.ts';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { explore } from '../../../extension/session/explore.ts';

const folder = path.resolve(import.meta.dirname, '../../../scenarios/side-by-side');

function verdict(text: string, kernel?: KernelVersion): string {
  const { program, diagnostics } = check(parse(text), kernel === undefined ? {} : { kernel });
  if (program === undefined) {
    throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  }
  return explore(program).verdict;
}

const INTEL = 'machine intel\n kernel 6.16\n vcpus 2 x2apic\n with apicv\n';
const AMD = 'machine amd\n kernel 6.16\n vcpus 2 x2apic\n with avic x2avic\n';
const NIC = 'device nic irte 5 posted to vcpu 1 vector 0x41 host cpu 2 vector 0x31\n';
const race = (...lines: string[]) => `race\n${lines.map(line => `  ${line}\n`).join('')}finally vcpu 1 takes 0x41\n`;

const DEVICE = 'a: device nic: interrupt';
const IPI = 'a: vcpu 0: ipi fixed 0x41 to 1';
const AWAY = ['b: vcpu 1: preempt', 'b: vcpu 1: enter on cpu 1'];

describe('every order', () => {
  test.each([
    ['Intel, device, block', INTEL + NIC + race(DEVICE, 'b: vcpu 1: block')],
    ['Intel, device, preempted and back', INTEL + NIC + race(DEVICE, ...AWAY)],
    ['AMD, device, block', AMD + NIC + race(DEVICE, 'b: vcpu 1: block')],
    ['AMD, device, preempted and back', AMD + NIC + race(DEVICE, ...AWAY)],
    ['AMD, IPI, block', AMD + race(IPI, 'b: vcpu 1: block')],
    [
      'Intel, as the mail expected, device, block',
      `${INTEL} choose blocked-irte remapped\n${NIC}${race(DEVICE, 'b: vcpu 1: block')}`,
    ],
  ])('%s: nothing is lost', (_name, text) => {
    expect(verdict(text)).toBe('holds');
  });

  // R21: entry of the vCPU and IRTE are written under ir_list_lock.
  test.each([
    ['blocks', 'a: device nic: route fixed 0x51 to 1', 'b: vcpu 1: block'],
    ['is preempted', 'a: device nic: route fixed 0x51 to 1', 'b: vcpu 1: preempt'],
    ['blocks while another vCPU gets the device', 'a: device nic: route fixed 0x51 to 0', 'b: vcpu 1: block'],
  ])('an IRTE never says "running" of a vCPU that %s', (_name, route, action) => {
    const from = route.endsWith('1') ? 0 : 1;
    const nic = `device nic irte 5 posted to vcpu ${from} vector 0x41 host cpu 2 vector 0x31\n`;
    const agrees = route.endsWith('1')
      ? 'device nic: irte.is_run 0, vcpu 1: avic.is_running 0'
      : 'device nic: irte.is_run 1, posted_to 0';
    expect(verdict(`${AMD}${nic}race\n  ${route}\n  ${action}\nfinally ${agrees}\n`)).toBe('holds');
  });

  test.each([
    ['race-intel.irq', '7.1', 'holds'],
    ['race-intel.irq', '6.16', 'broken'],
    ['race-amd.irq', '6.16', 'holds'],
    ['erratum-1235.irq', '7.1', 'holds'],
    ['erratum-1235.irq', '6.16', 'broken'],
  ] as const)('%s under Linux %s: %s', { timeout: 60_000 }, (file, kernel, expected) => {
    expect(verdict(readFileSync(path.join(folder, file), 'utf8'), kernel)).toBe(expected);
  });
});
