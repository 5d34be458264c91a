/** A physical interrupt arrives while guest code runs on AMD: the guest exits, and the interrupt waits until the host enables interrupts. */
import { vm_exit } from '../cpu/vmExit.ts';
import { after_vm_exit } from '../kvm/exit.ts';
import { C } from '../layout.ts';
import { operation, RETURN, silent } from '../operation.ts';
import { SVM_EXIT } from './exits.ts';

export const svm_intr = operation({
  name: 'physical interrupt in guest mode',
  actor: 'cpu',
  source: 'AMD APM vol. 2, INTR intercept (not read); Linux svm/svm.c',
  uninterruptible: true,
  locals: ['cpu', 'vcpu'],
  steps: {
    who: silent((m, cpu) => {
      m.local(1, m.words[m.cpu(cpu) + C.vcpu]);
      return m.call(vm_exit, cpu, SVM_EXIT.INTR);
    }),
    hand_over: silent((m, _cpu, vcpu) => {
      m.start(m.vcpuAgent(vcpu), after_vm_exit, vcpu, SVM_EXIT.INTR);
      return RETURN;
    }),
  },
});
