/**
 * Names of kernel functions as the kernel of the profile has them. Operations and call paths are written with the names of 6.16; this table
 * says what stands in their place elsewhere. Those of 6.16.1 were read in its tree; a few of the others in excerpts of 4.19, 5.15 and 7.1, the
 * rest follows the fact sheets and is *assumed* as to the first version that has it.
 */
import { KERNEL_ORDER } from './choices.ts';
import type { KernelVersion, MachineConfig } from './config.ts';

/** Name from each version on; '' = no function of its own there: its steps stand in the caller. */
type Names = Readonly<Partial<Record<KernelVersion, string>>>;

const NAMES: Readonly<Record<string, Names>> = {
  vmx_deliver_interrupt: { '2013': '', '6.1': 'vmx_deliver_interrupt' },
  kvm_vcpu_trigger_posted_interrupt: { '2013': '', '4.19': 'kvm_vcpu_trigger_posted_interrupt' },
  kvm_vcpu_wake_up: { '2013': '', '4.19': 'kvm_vcpu_wake_up' },
  rcuwait_wake_up: { '2013': 'wake_up_interruptible', '4.19': 'swake_up_one', '5.15': 'rcuwait_wake_up' },
  prepare_to_rcuwait: {
    '2013': 'prepare_to_wait',
    '4.19': 'prepare_to_swait_exclusive',
    '5.15': 'prepare_to_rcuwait',
  },
  finish_rcuwait: { '2013': 'finish_wait', '4.19': 'finish_swait', '5.15': 'finish_rcuwait' },
  kvm_vcpu_halt: { '2013': '', '6.1': 'kvm_vcpu_halt' },
  vcpu_block: { '2013': '', '4.19': 'vcpu_block' },
  vcpu_run: { '2013': '__vcpu_run', '4.19': 'vcpu_run' },
  kvm_apic_map_get_dest_lapic: { '2013': '', '4.19': 'kvm_apic_map_get_dest_lapic' },
  smp_mb__after_srcu_read_unlock: { '2013': 'smp_mb', '4.19': 'smp_mb__after_srcu_read_unlock' },
  __apic_send_IPI_mask: { '2013': 'apic->send_IPI_mask', '6.12': '__apic_send_IPI_mask' },
  __apic_send_IPI_self: { '2013': 'apic->send_IPI_self', '6.12': '__apic_send_IPI_self' },
  kvm_vcpu_exit_request: { '2013': '', '5.15': 'kvm_vcpu_exit_request' },
  kvm_x2apic_icr_write: { '2013': '', '6.1': 'kvm_x2apic_icr_write' },
  handle_fastpath_set_msr_irqoff: { '2013': 'handle_fastpath_set_msr_irqoff', '7.1': 'handle_fastpath_wrmsr' },
  kvm_emulate_mwait: { '2013': 'handle_invalid_op', '4.19': 'handle_mwait', '5.15': 'kvm_emulate_mwait' },
  vmx_handle_exit_irqoff: {
    '2013': 'vmx_handle_external_intr',
    '5.15': 'vmx_handle_exit_irqoff',
  },
  handle_external_interrupt_irqoff: { '2013': '', '5.15': 'handle_external_interrupt_irqoff' },
};

/** Where the vendors differ too. */
const OF_VENDOR: Readonly<Record<string, Readonly<Record<MachineConfig['vendor'], Names>>>> = {
  pi_update_irte: {
    intel: {
      '2013': '',
      '4.19': 'vmx_update_pi_irte',
      '5.15': 'pi_update_irte',
      '6.1': 'vmx_pi_update_irte',
      '7.1': 'kvm_pi_update_irte',
    },
    amd: { '2013': '', '4.19': 'svm_update_pi_irte', '6.1': 'avic_pi_update_irte', '7.1': 'kvm_pi_update_irte' },
  },
  handle_exit: { intel: { '2013': 'vmx_handle_exit' }, amd: { '2013': 'handle_exit', '5.15': 'svm_handle_exit' } },
};

/** What the kernel of `config` calls `name`; '' when it has no such function. */
export function kernelName({ kernel, vendor }: Pick<MachineConfig, 'kernel' | 'vendor'>, name: string): string {
  const names = OF_VENDOR[name]?.[vendor] ?? NAMES[name];
  if (names === undefined) {
    return name;
  }
  const versions = KERNEL_ORDER.slice(0, KERNEL_ORDER.indexOf(kernel) + 1).reverse();
  return names[versions.find(version => names[version] !== undefined) ?? kernel] ?? name;
}

/** Every name that some kernel gives what the engine calls `name`. */
export function allNames(name: string): string[] {
  const tables = [NAMES[name], OF_VENDOR[name]?.intel, OF_VENDOR[name]?.amd];
  const known = tables.flatMap(names => Object.values(names ?? {}));
  return [...new Set([name, ...known])].filter(each => each !== '');
}
