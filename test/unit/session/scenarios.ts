import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { Session } from '../../../extension/session/session.ts';

/** A session over a scenario that must be free of errors. */
export function sessionOf(text: string): Session {
  const { program, diagnostics } = check(parse(text));
  if (program === undefined) {
    throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  }
  return new Session(program);
}

export const MACHINE = `machine intel
  kernel  6.16
  vcpus   3  x2apic
  with    apicv
`;

export const TO_RUNNING = `${MACHINE}
vcpu 0:  ipi fixed 0x41 to 1
expect   vcpu 1: isr has 0x41, pid.on 0
vcpu 1:  eoi
expect   vcpu 1: isr lacks 0x41
`;

export const FAILING = `${MACHINE}
vcpu 0:  ipi fixed 0x41 to 1
expect   vcpu 1: isr has 0x42
vcpu 1:  eoi
`;

/** A device posts to a vCPU that blocks. */
export const DEVICE = `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv vtd-posting

device nic  irte 5 posted to vcpu 1 vector 0x41 host cpu 1 vector 0x31
vcpu 1:  block
device nic:  interrupt
`;
