import { expect, test } from 'vitest';
import { judgeScenario } from '../../../extension/session/outcome.ts';

const MACHINE = `machine intel
  vcpus 3 xapic
  with apicv
pin 4 fixed 0x31 to 1 level
irqfd 0 gsi 4 resample
irqfd 1 gsi 5
`;

/** What does not hold, or cannot be done. */
function failures(text: string, machine = MACHINE): readonly string[] {
  const { problems, failures: found } = judgeScenario(machine + text);
  const above = machine.split('\n').length - 1;
  return [...problems, ...found].map(({ line, text: what }) => `${line - above}: ${what}`);
}

test('the guest programs a pin while it runs, by name, raw and word by word', () => {
  expect(failures('vcpu 0: ioapic pin 5 fixed 0x51 to 2\ngsi 5 up\nexpect vcpu 2 takes 0x51')).toEqual([]);
  expect(failures('vcpu 0: ioapic pin 5 0x0200000000000051\ngsi 5 up\nexpect vcpu 2 takes 0x51')).toEqual([]);
  const words = 'vcpu 0: ioapic write 0x1b 0x02000000\nvcpu 0: ioapic write 0x1a 0x51\ngsi 5 up\n';
  expect(failures(`${words}expect vcpu 2 takes 0x51, exit on vcpu 0, call of ioapic_mmio_write`)).toEqual([]);
  const masked = 'vcpu 0: ioapic pin 6 fixed 0x61 to 1 level masked\ngsi 6 up\nexpect vcpu 1 takes nothing';
  expect(failures(masked)).toEqual([]);
  expect(failures(`${masked}\nvcpu 0: ioapic pin 6 fixed 0x61 to 1 level\nexpect vcpu 1 takes 0x61`)).toEqual([]);
  const read = 'vcpu 0: ioapic read 0x18\nexpect exit on vcpu 0, call of ioapic_mmio_read';
  expect(failures(read)).toEqual([]);
});

test('on AMD an access to the IOAPIC is a nested page fault', () => {
  const text =
    'vcpu 0: ioapic pin 5 fixed 0x51 to 1\nexpect vcpu 0: exit_reason 0x400\ngsi 5 up\nexpect vcpu 1 takes 0x51';
  expect(failures(text, 'machine amd\n  vcpus 2 xapic\n')).toEqual([]);
});

test('an irqfd with a resampler holds the line up until the EOI', () => {
  const once = 'irqfd 0: signal\nexpect vcpu 1 takes 0x31\nvcpu 1: eoi\n';
  expect(failures(`${once}expect call of irqfd_resampler_notify, vcpu 1 takes nothing`)).toEqual([]);
  expect(failures(`${once}expect no call of irqfd_resampler_notify`)).toHaveLength(1);
});

test('an irqfd is bound to another GSI while the VM runs', () => {
  const text = 'irqfd 0: deassign gsi 4\nirqfd 0: signal\nexpect vcpu 1 takes nothing\n';
  expect(failures(text)).toEqual([]);
  const again = 'irqfd 1: deassign gsi 5\nirqfd 1: assign gsi 4\nirqfd 1: signal\nexpect vcpu 1 takes 0x31';
  expect(failures(text + again)).toEqual([]);
});

test('KVM_HC_SEND_IPI reaches the IDs of its bitmap, far apart or raw', () => {
  const machine = 'machine intel\n  vcpus 130 x2apic\n  with apicv\n';
  const far = 'vcpu 0: pv-ipi fixed 0x41 to 1 40..41 127\n';
  const taken = 'expect vcpu 1 takes 0x41, vcpu 40 takes 0x41, vcpu 41 takes 0x41, vcpu 127 takes 0x41';
  expect(failures(`${far}${taken}, vcpu 2 takes nothing, vcpu 0: exit_reason 18`, machine)).toEqual([]);
  const raw = 'vcpu 0: pv-ipi 0x8000000000000001 0x4 3 0x41\n';
  expect(
    failures(`${raw}expect vcpu 3 takes 0x41, vcpu 66 takes 0x41, vcpu 69 takes 0x41, vcpu 4 takes nothing`, machine),
  ).toEqual([]);
  expect(failures(`${far}expect vcpu 2 takes 0x41`, machine)).toHaveLength(1);
  expect(failures('vcpu 0: pv-ipi 0x6 0 0 0x80841\nexpect vcpu 1 takes nothing', machine)).toEqual([]);
  const amd = 'machine amd\n  vcpus 2 x2apic\n';
  expect(failures('vcpu 0: pv-ipi fixed 0x41 to 1\nexpect vcpu 1 takes 0x41, vcpu 0: exit_reason 0x81', amd)).toEqual(
    [],
  );
});

test('an entry of the LVT is delivered as the guest has written it', () => {
  const timer = 'vcpu 1: write APIC_LVTT 0xec\nvcpu 1: lvt APIC_LVTT\nexpect vcpu 1 takes 0xec';
  expect(failures(timer)).toEqual([]);
  expect(failures('vcpu 1: lvt APIC_LVTT\nexpect vcpu 1 takes nothing')).toEqual([]);
  const counter = 'vcpu 1: write APIC_LVTPC 0x51\nvcpu 1: lvt APIC_LVTPC\nvcpu 1: eoi\nexpect vcpu 1 takes 0x51\n';
  expect(failures(`${counter}vcpu 1: lvt APIC_LVTPC\nexpect vcpu 1 takes nothing`)).toEqual([]);
  const asleep = 'vcpu 1: write APIC_LVTT 0xec\nvcpu 1: block\nvcpu 1: lvt APIC_LVTT\nexpect wake-up of vcpu 1';
  expect(failures(asleep)).toEqual([]);
});

test('a vCPU runs L2 of a vmcb12', () => {
  const machine = 'machine amd\n  vcpus 2 x2apic\nvcpu 0 running vmcb12 0x00010100 0x51 interrupts off\n';
  const text = 'vcpu 1: ipi fixed 0x61 to 0\nexpect vcpu 0: irr has 0x61\nvcpu 0: sti\n';
  expect(failures(`${text}expect vcpu 0: isr has 0x61, exit on vcpu 0`, machine)).toEqual([]);
});
