/** Whole scenarios to begin with: each runs, and what it expects holds. */
export interface Beginning {
  readonly name: 'ipi' | 'device' | 'sections' | 'avic' | 'race';
  readonly text: string;
}

export const BEGINNINGS: readonly Beginning[] = [
  {
    name: 'ipi',
    text: `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv

vcpu 0:  ipi fixed 0x41 to 1
expect   vcpu 1 takes 0x41
`,
  },
  {
    name: 'device',
    text: `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv vtd-posting

vcpu 1   blocked on cpu 1  # HLT: NV is the wake-up vector
device nic  posted to vcpu 1 vector 0x51

device nic:  interrupt
expect   wake-up of vcpu 1
vcpu 1:  enter
expect   vcpu 1 takes 0x51
`,
  },
  {
    name: 'sections',
    text: `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv

# Each section is a test of its own, from the start.
section in guest mode
vcpu 0:  ipi fixed 0x41 to 1
expect   notification to vcpu 1, vcpu 1 takes 0x41

section out of guest mode
vcpu 1:  exit
vcpu 0:  ipi fixed 0x41 to 1
expect   no notification to vcpu 1
vcpu 1:  enter
expect   vcpu 1 takes 0x41
`,
  },
  {
    name: 'avic',
    text: `machine amd
  kernel  6.16
  vcpus   2 x2apic
  with    avic x2avic

vcpu 0:  ipi fixed 0x41 to 1
expect   no exit on vcpu 0, vcpu 1 takes 0x41
`,
  },
  {
    name: 'race',
    text: `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv

# Agents that act at the same time: "Explore" tries every order of their steps.
race
  a: vcpu 0: ipi fixed 0x41 to 1
  b: vcpu 1: block
finally vcpu 1 takes 0x41
`,
  },
];
