/**
 * A checked scenario: what the parser and checker hand to whoever runs it. Every value is in range and every name resolved;
 * `ipi … to …` has become the ICR value that the guest would write.
 */
import type { MachineConfig } from '../engine/config.ts';
import type { Block } from '../engine/fields.ts';
import type { Additions, Race, Variant, Watch } from './race.ts';

/** 0-based line and UTF-16 columns, end exclusive: an editor's own coordinates. */
export interface Range {
  readonly line: number;
  readonly start: number;
  readonly end: number;
}

/** Two u32: a 64-bit value without a 64-bit number. */
export interface Word64 {
  readonly lo: number;
  readonly hi: number;
}

export type Action =
  /** Guest code on `vcpu` writes its ICR: the x2APIC MSR 830H, or in xAPIC mode ICR2 and then ICR. */
  | { readonly kind: 'icr'; readonly vcpu: number; readonly value: Word64 }
  /** An MSI arrives at KVM from user space (`KVM_SIGNAL_MSI`). */
  | { readonly kind: 'msi'; readonly address: Word64; readonly data: number }
  | { readonly kind: 'enter'; readonly vcpu: number; readonly cpu?: number }
  /** A VM exit that has nothing to do with interrupts; the thread stays in KVM until `enter`. */
  | { readonly kind: 'exit'; readonly vcpu: number }
  /** The guest executes HLT. */
  | { readonly kind: 'block'; readonly vcpu: number }
  /** The thread is preempted: it leaves guest mode if needed and is scheduled out while runnable. */
  | { readonly kind: 'preempt'; readonly vcpu: number }
  | { readonly kind: 'eoi'; readonly vcpu: number }
  /** The guest writes its task priority (TPR, bits 7:0). */
  | { readonly kind: 'tpr'; readonly vcpu: number; readonly value: number }
  /** The guest executes CLI (0) or STI (1). */
  | { readonly kind: 'interrupts'; readonly vcpu: number; readonly enabled: boolean }
  /** The guest writes a register of its APIC page (xAPIC mode). */
  | { readonly kind: 'page'; readonly vcpu: number; readonly offset: number; readonly value: number }
  /** The guest writes an x2APIC MSR, 0x800 to 0x8ff. */
  | { readonly kind: 'wrmsr'; readonly vcpu: number; readonly msr: number; readonly value: Word64 }
  /** The guest executes MOV to CR8 (0 to 15), or MWAIT. */
  | { readonly kind: 'cr8'; readonly vcpu: number; readonly value: number }
  | { readonly kind: 'mwait'; readonly vcpu: number }
  /** `KVM_RUN` returns to user space; `enter` calls it again. */
  | { readonly kind: 'userspace'; readonly vcpu: number }
  /** APICv is inhibited for a reason, or the reason goes; `bit` by the table of the kernel (`vmx/choices.ts`). */
  | { readonly kind: 'inhibit'; readonly bit: number; readonly inhibited: boolean }
  /** The VMM moves an interrupt line (`KVM_IRQ_LINE`). */
  | { readonly kind: 'line'; readonly gsi: number; readonly up: boolean }
  /** The guest reads a register of its APIC page, or an x2APIC MSR. */
  | { readonly kind: 'read'; readonly vcpu: number; readonly offset: number }
  | { readonly kind: 'rdmsr'; readonly vcpu: number; readonly msr: number }
  /** The guest writes the entry of an IOAPIC pin, or writes or reads one register of the IOAPIC, 8 bits. */
  | { readonly kind: 'ioapic entry'; readonly vcpu: number; readonly pin: number; readonly value: Word64 }
  | { readonly kind: 'ioapic write'; readonly vcpu: number; readonly register: number; readonly value: number }
  | { readonly kind: 'ioapic read'; readonly vcpu: number; readonly register: number }
  /** The guest calls KVM_HC_SEND_IPI: 128 bits for the APIC IDs from `min` on, bit 0 of the first word for `min`. */
  | {
      readonly kind: 'hypercall';
      readonly vcpu: number;
      readonly icr: number;
      readonly min: number;
      readonly bitmap: readonly [number, number, number, number];
    }
  /** KVM delivers an entry of the LVT of a vCPU, from another thread; `register`: its offset in the APIC page. */
  | { readonly kind: 'local'; readonly target: number; readonly register: number }
  /** The eventfd of an irqfd is signalled; or the VMM binds it to a GSI, or takes it away from one. */
  | { readonly kind: 'signal irqfd'; readonly irqfd: number }
  | {
      readonly kind: 'assign irqfd' | 'deassign irqfd';
      readonly irqfd: number;
      readonly gsi: number;
      readonly resample: boolean;
    }
  /** A device is assigned to the VM (`kvm_arch_start_assignment`). */
  | { readonly kind: 'assign' }
  /** A physical interrupt reaches the local APIC of a CPU. */
  | { readonly kind: 'physical'; readonly cpu: number; readonly vector: number }
  /** A device signals its interrupt through its own entry. */
  | { readonly kind: 'signal'; readonly device: number }
  /** A device writes a request to the IOMMU: address and data, 32 bits each. */
  | { readonly kind: 'request'; readonly device: number; readonly address: number; readonly data: number }
  /** The guest programs the device's MSI: `KVM_SET_GSI_ROUTING`. */
  | { readonly kind: 'route'; readonly device: number; readonly address: Word64; readonly data: number }
  /** VFIO and KVM get one eventfd for the device's interrupt, or VFIO gives it up. */
  | { readonly kind: 'connect' | 'unbind'; readonly device: number }
  /** The guest's kernel boots, looks for a parent domain; or the VMM signals the composed message. */
  | { readonly kind: 'guest'; readonly does: 'boot' | 'find ioapic' | 'find hpet' | 'signal' }
  /** The guest's kernel composes an MSI for an APIC ID of 32 bits. */
  | { readonly kind: 'compose'; readonly vector: number; readonly id: number }
  | { readonly kind: 'expect'; readonly conditions: readonly Condition[] }
  /** The agents of `Program.race` act at the same time. */
  | { readonly kind: 'race' }
  /** The machine is as at the start again. */
  | { readonly kind: 'section' };

/** `field` is a path of `engine/fields.ts` (`pid.on`, `irr`, `mode`); `subject` the vCPU or CPU it belongs to. */
export type Condition =
  | {
      readonly kind: 'field';
      readonly range: Range;
      readonly text: string;
      readonly subject: { readonly block: Block; readonly index: number };
      readonly field: string;
      readonly test: 'is' | 'is not' | 'has' | 'has not';
      readonly value: number;
    }
  /** Events since the previous `expect` (or the start) that must, or must not, have happened. */
  | {
      readonly kind: 'event';
      readonly range: Range;
      readonly text: string;
      readonly event: 'exit' | 'notification' | 'wake-up' | 'interrupt';
      readonly vcpu: number;
      readonly vector?: number;
      readonly happens: boolean;
    }
  /** Steps since then that lie in a kernel function; `name` in the spelling of any kernel. */
  | {
      readonly kind: 'call';
      readonly range: Range;
      readonly text: string;
      readonly name: string;
      readonly happens: boolean;
    };

export interface Statement {
  readonly range: Range;
  readonly text: string;
  readonly action: Action;
}

/** A test of its own: it begins with its `section` statement, from the initial state. */
export interface Section {
  readonly title: string;
  readonly range: Range;
  /** Its statements: indices into those of the program, end exclusive. */
  readonly first: number;
  readonly end: number;
}

export interface Program {
  readonly machine: MachineConfig;
  /**
   * In the order in which they are carried out; `range.line` is where a breakpoint stops. What `repeat` holds, and what stands above the
   * first section, stands here several times.
   */
  readonly statements: readonly Statement[];
  readonly sections?: readonly Section[];
  readonly additions?: Additions;
  readonly race?: Race;
  /** `always` and `never` of a scenario without a race. */
  readonly watches?: readonly Watch[];
  /** Every variant that the text names; the program is that of `variant`. */
  readonly variants?: readonly Variant[];
  readonly variant?: string;
  /** Files that the scenario includes, by path from its folder: `placeOf` (tree.ts) finds where a line stands. */
  readonly files?: readonly string[];
}
