/** The hypercall KVM_HC_SEND_IPI of a 64-bit guest. `kvm_emulate_hypercall`, x86.c; `__send_ipi_mask`, kernel/kvm.c; LAPIC delivery §12. */
import { EXIT_REASON } from '../cpu/vmcs.ts';
import { vm_exit } from '../cpu/vmExit.ts';
import { vcpu_enter_guest } from '../kvm/enter.ts';
import { leave_guest_mode } from '../kvm/exit.ts';
import { kvm_pv_send_ipi } from '../lapic/pvIpi.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';

/** The guest's arguments leave no room for the vCPU: whoever acts is its thread. */
function vcpuOf(m: Machine): number {
  return m.agent - m.vcpuAgent(0);
}

/** Locals. */
const INDEX = 6;
const COUNT = 7;

/** `w0` … `w3`: 128 destinations, bit 0 of `w0` for the APIC ID `min`. Returns how many accepted, or a negative error. */
const kvm_emulate_hypercall = operation({
  name: 'kvm_emulate_hypercall',
  actor: 'kvm',
  source: 'x86.c',
  via: ['handle_exit'],
  locals: ['icr', 'min', 'w0', 'w1', 'w2', 'w3', 'index', 'count'],
  steps: {
    word: silent((m, icr, min, w0, w1, w2, w3, index) =>
      m.call(kvm_pv_send_ipi, icr, [w0, w1, w2, w3][index], min + 32 * index),
    ),
    sent: silent((m, _icr, _min, w0, w1, w2, w3, index, count) => {
      if (m.result < 0) {
        return 'answer';
      }
      m.local(COUNT, count + m.result);
      const next = [w0, w1, w2, w3].findIndex((word, i) => i > index && word !== 0);
      m.local(INDEX, next);
      return next < 0 ? 'write_rax' : 'word';
    }),
    answer: silent(m => {
      m.local(COUNT, m.result);
      return NEXT;
    }),
    write_rax: step(
      (_m, ...locals) =>
        locals[COUNT] < 0
          ? `the hypercall returns ${locals[COUNT]}: nobody was sent anything`
          : `the hypercall returns ${locals[COUNT]}: so many local APICs accepted`,
      (m, ...locals) => m.return(locals[COUNT]),
    ),
  },
});

export const send_ipi_hypercall = operation({
  name: 'KVM_HC_SEND_IPI',
  actor: 'guest',
  source: 'guest code',
  locals: ['icr', 'min', 'w0', 'w1', 'w2', 'w3'],
  steps: {
    vmcall: step(
      (_m, icr, min, w0, w1, w2, w3) =>
        `the guest calls KVM_HC_SEND_IPI: ICR ${hex(icr, 8)}, bitmap ${[w3, w2, w1, w0].map(word => hex(word, 8).slice(2)).join('_')} from APIC ID ${min} on`,
      () => NEXT,
    ),
    exit: silent(m => m.call(vm_exit, m.words[m.vcpu(vcpuOf(m)) + V.cpu], EXIT_REASON.VMCALL)),
    leave: silent(m => m.call(leave_guest_mode, vcpuOf(m), EXIT_REASON.VMCALL, 0)),
    handle: silent((m, icr, min, w0, w1, w2, w3) => m.call(kvm_emulate_hypercall, icr, min, w0, w1, w2, w3)),
    again: silent(m => m.call(vcpu_enter_guest, vcpuOf(m))),
    done: silent(() => RETURN),
  },
});
