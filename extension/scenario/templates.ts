/** Beginnings that are offered on an empty line, in the editor's snippet syntax: `${1:text}` is a place to fill in. */
export interface Template {
  readonly label: string;
  readonly detail: string;
  readonly body: readonly string[];
  /** It describes a machine, so it is offered only where there is none. */
  readonly machine: boolean;
}

export const TEMPLATES: readonly Template[] = [
  {
    label: 'scenario',
    detail: 'post to a vCPU that is out of guest mode, then enter',
    machine: true,
    body: [
      '# ${1:What this scenario shows}',
      '',
      'machine intel',
      '  kernel  6.16',
      '  vcpus   2 x2apic',
      '  with    apicv',
      '',
      'vcpu 1   exited on cpu 1',
      '',
      'vcpu 0:  ipi fixed ${2:0x41} to 1',
      'expect   no notification to vcpu 1',
      '',
      'vcpu 1:  enter',
      'expect   vcpu 1 takes ${2:0x41}$0',
    ],
  },
  {
    label: 'machine …',
    detail: 'a machine with posted interrupts',
    machine: true,
    body: ['machine intel', '  kernel  6.16', '  vcpus   ${1:2} x2apic', '  with    apicv', '', '$0'],
  },
  {
    label: 'include …',
    detail: 'the machine of another scenario',
    machine: true,
    body: ['include "${1:machine.irq}"', '', '$0'],
  },
  {
    label: 'ipi …',
    detail: 'a vCPU sends an interrupt to another one',
    machine: false,
    body: ['vcpu ${1:0}:  ipi fixed ${2:0x41} to ${3:1}$0'],
  },
  {
    label: 'msi …',
    detail: 'an MSI arrives at KVM',
    machine: false,
    body: ['msi      fixed ${1:0x41} to ${2:1}$0'],
  },
  {
    label: 'expect taken …',
    detail: 'a vCPU takes a vector without leaving the guest',
    machine: false,
    body: ['expect   vcpu ${1:1} takes ${2:0x41}, no exit on vcpu ${1:1}$0'],
  },
  {
    label: 'expect posted …',
    detail: 'a vector waits in the posted-interrupt descriptor',
    machine: false,
    body: ['expect   vcpu ${1:1}: pid.on 1, pid.pir has ${2:0x41}, irr lacks ${2:0x41}$0'],
  },
];
