/**
 * The virtual interrupt of the VMCB in use: V_IRQ, V_INTR_PRIO and int_vector. The AMD manual was not read: that V_INTR_PRIO must exceed V_TPR
 * unless V_IGN_TPR is set, and that the processor clears V_IRQ when it takes the interrupt, is assumed from what Linux relies on.
 */
import { currentVmcs } from '../cpu/vmcs.ts';
import { vm_exit } from '../cpu/vmExit.ts';
import { after_vm_exit } from '../kvm/exit.ts';
import { ACTIVITY, C, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { SVM_EXIT } from './exits.ts';
import { INT_CTL, vIntrPrio } from './mode.ts';

const APM = 'AMD APM vol. 2, virtual interrupts (not read)';

/**
 * Is V_IRQ pending and above V_TPR? AVIC ignores it. V_TPR is the guest's CR8, which without V_INTR_MASKING is that of the local APIC:
 * `sync_lapic_to_cr8` and `sync_cr8_to_lapic` keep both equal, so that one register stands for both here.
 */
export function takesVirq(m: Machine, vcpu: number): boolean {
  const intCtl = m.words[currentVmcs(m, vcpu) + V.int_ctl];
  if ((intCtl & INT_CTL.vIrq) === 0 || (intCtl & INT_CTL.avic) !== 0) {
    return false;
  }
  return (intCtl & INT_CTL.vIgnTpr) !== 0 || vIntrPrio(intCtl) > (m.words[m.vcpu(vcpu) + V.tpr] & 0xff) >>> 4;
}

/** VINTR is not intercepted: the interrupt goes through the IDT of the guest that runs. No local APIC has a part in it. */
export const svm_virq = operation({
  name: 'virtual interrupt (V_IRQ)',
  actor: 'cpu',
  source: APM,
  uninterruptible: true,
  locals: ['cpu', 'vcpu', 'vector'],
  steps: {
    who: silent((m, cpu) => {
      const vcpu = m.words[m.cpu(cpu) + C.vcpu];
      m.local(1, vcpu);
      m.local(2, m.words[currentVmcs(m, vcpu) + V.int_vector] & 0xff);
      return NEXT;
    }),
    clear_virq: step(
      (m, _cpu, vcpu) =>
        `V_IRQ of vcpu ${vcpu} is pending with V_INTR_PRIO ${vIntrPrio(m.words[currentVmcs(m, vcpu) + V.int_ctl])}, IF = 1: V_IRQ := 0`,
      (m, _cpu, vcpu) => {
        const intCtl = currentVmcs(m, vcpu) + V.int_ctl;
        m.store(intCtl, m.load(intCtl) & ~INT_CTL.vIrq);
        return NEXT;
      },
      { assumed: true },
    ),
    deliver: step(
      (m, _cpu, vcpu, vector) =>
        `deliver ${hex(vector)} through the IDT of ${m.words[m.vcpu(vcpu) + V.guest_mode] !== 0 ? 'L2 on ' : ''}vcpu ${vcpu}; no ISR bit is set`,
      (m, _cpu, vcpu, vector) => {
        m.store(m.vcpu(vcpu) + V.activity, ACTIVITY.active);
        m.set_bit(vector, currentVmcs(m, vcpu) + V.taken);
        m.mark(MARK.delivery);
        return RETURN;
      },
      { assumed: true },
    ),
  },
});

/** VINTR is intercepted and the guest can take an interrupt: exit 0x64. */
export const svm_vintr = operation({
  name: 'VINTR intercept',
  actor: 'cpu',
  source: 'AMD APM vol. 2, VINTR intercept (not read); Linux svm/svm.c',
  uninterruptible: true,
  locals: ['cpu', 'vcpu'],
  steps: {
    who: silent((m, cpu) => {
      m.local(1, m.words[m.cpu(cpu) + C.vcpu]);
      return m.call(vm_exit, cpu, SVM_EXIT.VINTR);
    }),
    hand_over: silent((m, _cpu, vcpu) => {
      m.start(m.vcpuAgent(vcpu), after_vm_exit, vcpu, SVM_EXIT.VINTR);
      return RETURN;
    }),
  },
});
