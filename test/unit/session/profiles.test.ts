import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { KERNEL_VERSIONS } from '../../../extension/engine/profile.ts';
import { type Alternative, comparable, comparisonOf, type SideBySide } from '../../../extension/session/profiles.ts';
import { MACHINE, TO_RUNNING } from './scenarios.ts';

function with_(label: string, text: string): SideBySide {
  const alternative = comparable(text).find(each => each.label === label) as Alternative;
  const result = comparisonOf(text, alternative);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

const TO_EXITED = `${MACHINE}
vcpu 1 exited on cpu 1

vcpu 0:  ipi fixed 0x41 to 1
vcpu 1:  enter
expect   vcpu 1 takes 0x41
`;

test('a scenario can be compared with every other kernel, the other vendor, without APICv and in the other mode', () => {
  const labels = comparable(TO_RUNNING).map(({ label }) => label);
  expect(labels).toEqual(
    expect.arrayContaining(['Linux 2013', 'Linux 7.1', 'AMD', 'without APIC virtualization', 'xAPIC mode']),
  );
  expect(labels).not.toContain('Linux 6.16');
  expect(comparable('machine')).toEqual([]);
});

test('both sides are told step by step', () => {
  const { left, right } = with_('Linux 2013', TO_EXITED);
  expect(left.text).toContain('kvm_vcpu_wake_up');
  expect(right.text).toContain('kvm_vcpu_exiting_guest_mode');
  expect(left.text).not.toContain('kvm_vcpu_exiting_guest_mode');
});

test('the first statement that came to something else is named', () => {
  expect(with_('without APIC virtualization', TO_RUNNING).firstDifference).toMatch(/^line \d+: /);
  expect(with_('Linux 6.12', TO_RUNNING).firstDifference).toBeUndefined();
});

test('the other mode encodes the IPI anew', () => {
  const { right } = with_('xAPIC mode', TO_RUNNING);
  expect(right.text).toContain('vmx_deliver_posted_interrupt');
  expect(right.text).not.toContain('MSR 0x830');
});

test('a launch configuration offers every kernel', () => {
  const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../../package.json'), 'utf8'));
  const { profile } = manifest.contributes.debuggers[0].configurationAttributes.launch.properties;
  expect(profile.enum).toEqual(KERNEL_VERSIONS);
});
