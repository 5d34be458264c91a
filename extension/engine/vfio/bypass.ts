/**
 * irq-bypass: the producer (VFIO's host interrupt) and the consumer (KVM's irqfd) find each other by their eventfd, and KVM lets the IOMMU
 * post. virt/lib/irqbypass.c, virt/kvm/eventfd.c; VT-d and AVIC §A6, §A8.
 */
import { intel_ir_set_vcpu_affinity } from '../iommu/vcpuAffinity.ts';
import { D, V, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { amd_ir_set_vcpu_affinity } from '../svm/irte.ts';
import { hex } from '../text.ts';
import { kvm_arch_start_assignment } from '../vmx/apicv.ts';
import { postTarget } from './target.ts';

export function nameOf(m: Machine, device: number): string {
  return m.config.devices?.[device].name ?? '';
}

/** Guest mode needs AVIC of that vCPU to be on now; VT-d posts whatever APICv does, and KVM harvests at entry. */
function acceptsPosts(m: Machine, vcpu: number): boolean {
  return m.config.vendor === 'intel' || m.words[m.vcpu(vcpu) + V.apicv_active] !== 0;
}

const VCPU = 2;
const VECTOR = 3;

/** Programs the entry by the route: posted if it can be, else remapped. `set` 0: the bypass ends. */
export const kvm_pi_update_irte = operation({
  name: 'pi_update_irte',
  actor: 'kvm',
  source: p => (p.bypass.remappedStays === 'skipped' ? 'irq.c' : 'vmx/posted_intr.c, svm/avic.c'),
  locals: ['device', 'set', 'vcpu', 'vector'],
  steps: {
    decide: step(
      (m, device, set) =>
        set ? postTarget(m, device).because : `${nameOf(m, device)}: the bypass ends, remapped again`,
      (m, device, set) => {
        const { vcpu, vector } = set ? postTarget(m, device) : { vcpu: -1, vector: 0 };
        m.local(VCPU, vcpu);
        m.local(VECTOR, vector);
        const before = m.load(m.device(device) + D.bypass_vcpu);
        return vcpu < 0 && before < 0 && m.profile.bypass.remappedStays === 'skipped' ? RETURN : NEXT;
      },
      { via: ['kvm_intr_is_single_vcpu', 'kvm_irq_is_postable'] },
    ),
    program: silent((m, device, _set, vcpu, vector) => {
      const posted = vcpu >= 0 && acceptsPosts(m, vcpu);
      const target = posted ? vcpu : -1;
      return m.config.vendor === 'intel'
        ? m.call(intel_ir_set_vcpu_affinity, device, target, posted ? vector : 0)
        : m.call(amd_ir_set_vcpu_affinity, device, vcpu, target, posted ? vector : 0);
    }),
    traces: silent((_m, _device, set, vcpu) => (vcpu < 0 && set !== 0 ? NEXT : 'remember')),
    skipped: silent(m => (m.profile.bypass.remappedStays === 'skipped' ? 'remember' : 'forget')),
    remember: step(
      (m, device, _set, vcpu, vector) =>
        `trace kvm_pi_irte_update: ${nameOf(m, device)}, ${vcpu < 0 ? 'off, vcpu -1' : `vcpu ${vcpu}, vector ${hex(vector)}, pi_desc of this vCPU`}`,
      (m, device, _set, vcpu) => {
        m.store(m.device(device) + D.bypass_vcpu, vcpu);
        return RETURN;
      },
      { via: ['trace_kvm_pi_irte_update'] },
    ),
    // Before 7.1 a route that cannot be posted is left before the trace event.
    forget: silent((m, device) => {
      m.store(m.device(device) + D.bypass_vcpu, -1);
      return RETURN;
    }),
  },
});

/** Producer and consumer are stopped while they are joined, so that neither path is half in use. `__connect` */
const __connect = operation({
  name: '__connect',
  actor: 'kvm',
  source: 'virt/lib/irqbypass.c',
  locals: ['device'],
  steps: {
    stop: step('producer stop, consumer stop (kvm_arch_irq_bypass_stop): VFIO and x86 have nothing to do', () => NEXT),
    add_producer: step(
      (m, device) => `consumer add_producer: the irqfd of ${nameOf(m, device)} knows its host interrupt`,
      (m, device) => {
        m.store(m.device(device) + D.bypass, 1);
        return NEXT;
      },
      { via: ['kvm_arch_irq_bypass_add_producer'] },
    ),
    // vCPUs that sleep already must put themselves on the wake-up list; AVIC needs nothing. Race R05.
    assignment: silent(m => (m.config.vendor === 'intel' ? m.call(kvm_arch_start_assignment) : NEXT)),
    update: silent((m, device) => m.call(kvm_pi_update_irte, device, 1)),
    start: step('consumer start (kvm_arch_irq_bypass_start), producer start', () => RETURN),
  },
});

const __disconnect = operation({
  name: '__disconnect',
  actor: 'kvm',
  source: 'virt/lib/irqbypass.c',
  locals: ['device'],
  steps: {
    stop: step('producer stop, consumer stop', () => NEXT),
    del_producer: step(
      (m, device) => `consumer del_producer: the irqfd of ${nameOf(m, device)} loses its host interrupt`,
      (m, device) => {
        m.store(m.device(device) + D.bypass, 0);
        return NEXT;
      },
      { via: ['kvm_arch_irq_bypass_del_producer'] },
    ),
    update: silent((m, device) => m.call(kvm_pi_update_irte, device, 0)),
    end_assignment: step(
      m => `assigned_device_count := ${Math.max(m.words[m.layout.vm + VM.assigned_device_count] - 1, 0)} (locked)`,
      m => {
        const address = m.layout.vm + VM.assigned_device_count;
        m.smp_mb();
        m.store(address, Math.max(m.load(address) - 1, 0));
        return NEXT;
      },
      { via: ['kvm_arch_irq_bypass_del_producer', 'kvm_arch_end_assignment'] },
    ),
    start: step('consumer start, producer start', () => RETURN),
  },
});

/** The VMM gives one eventfd to VFIO and to KVM. */
export const assign_device = operation({
  name: 'VFIO_DEVICE_SET_IRQS, KVM_IRQFD',
  actor: 'vmm',
  source: 'user space',
  locals: ['device'],
  steps: {
    request_irq: step(
      (m, device) =>
        `VFIO requests the host interrupt of ${nameOf(m, device)} with the handler vfio_msihandler, which signals the eventfd`,
      (m, device) => {
        m.store(m.device(device) + D.vfio, 1);
        return m.profile.bypass.bypass === 'none' ? 'irqfd' : NEXT;
      },
      { via: ['VFIO_DEVICE_SET_IRQS', 'vfio_msi_set_vector_signal'] },
    ),
    register_producer: step('register the producer: token = the eventfd, no consumer has it yet', () => NEXT, {
      via: ['vfio_msi_set_vector_signal', 'irq_bypass_register_producer'],
    }),
    irqfd: step(
      'KVM waits on the eventfd as its priority waiter (irqfd_wakeup)',
      m => (m.profile.bypass.bypass === 'none' ? RETURN : NEXT),
      { via: ['KVM_IRQFD', 'kvm_irqfd_assign'] },
    ),
    register_consumer: step('register the consumer: the token matches the producer', () => NEXT, {
      via: ['KVM_IRQFD', 'kvm_irqfd_assign', 'irq_bypass_register_consumer'],
    }),
    connect: silent((m, device) => m.call(__connect, device)),
  },
});

/** VFIO gives the interrupt up: first the entry is remapped, then the host interrupt is freed. */
export const unbind_device = operation({
  name: 'VFIO_DEVICE_SET_IRQS (none)',
  actor: 'vmm',
  source: 'user space',
  locals: ['device'],
  steps: {
    bypassed: silent(m => (m.profile.bypass.bypass === 'none' ? 'free_irq' : NEXT)),
    unregister: step('unregister the producer', () => NEXT, {
      via: ['vfio_msi_set_vector_signal', 'irq_bypass_unregister_producer'],
    }),
    disconnect: silent((m, device) => m.call(__disconnect, device)),
    free_irq: step(
      (m, device) => `free the host interrupt of ${nameOf(m, device)}: vfio_msihandler is gone`,
      (m, device) => {
        m.store(m.device(device) + D.vfio, 0);
        return RETURN;
      },
      { via: ['vfio_msi_set_vector_signal'] },
    ),
  },
});

/** The VMM has a new route for the device's GSI, since the guest wrote its MSI registers. */
export const set_route = operation({
  name: 'KVM_SET_GSI_ROUTING',
  actor: 'vmm',
  source: 'user space',
  locals: ['device', 'address_lo', 'address_hi', 'data', 'changed'],
  steps: {
    publish: step(
      (m, device, lo, hi, data) =>
        `the GSI of ${nameOf(m, device)} leads to MSI ${hex(hi, 8)}_${hex(lo, 8).slice(2)} / ${hex(data, 4)}`,
      (m, device, lo, hi, data) => {
        const base = m.device(device);
        const same =
          m.load(base + D.routed) !== 0 &&
          m.load(base + D.route_address) === lo &&
          m.load(base + D.route_address + 1) === hi &&
          m.load(base + D.route_data) === data;
        m.store(base + D.routed, 1);
        m.store(base + D.route_address, lo);
        m.store(base + D.route_address + 1, hi);
        m.store(base + D.route_data, data);
        m.local(CHANGED, same ? 0 : 1);
        return NEXT;
      },
      { via: ['kvm_set_irq_routing', 'kvm_irq_routing_update', 'irqfd_update'] },
    ),
    update: silent((m, device, _lo, _hi, _data, changed) => {
      const skipped = !changed && m.profile.bypass.identicalRoute === 'skipped';
      return m.words[m.device(device) + D.bypass] === 0 || skipped ? RETURN : m.call(kvm_pi_update_irte, device, 1);
    }),
  },
});
const CHANGED = 4;
