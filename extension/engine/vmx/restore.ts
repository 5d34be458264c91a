/** Reset of the local APIC, or registers loaded by the VMM: what else the processor and the descriptor hold. vmx/vmx.c; race R13. */
import { PID_CONTROL, POSTED_INTR_ON, V } from '../layout.ts';
import { NEXT, operation, RETURN, step } from '../operation.ts';
import { vectorSet, vectorsAt } from '../text.ts';

/** Before the registers change: nothing that was posted survives. */
export const pi_apicv_pre_state_restore = operation({
  name: 'pi_apicv_pre_state_restore',
  actor: 'kvm',
  source: 'vmx/posted_intr.c',
  locals: ['vcpu'],
  steps: {
    clear_on: step(
      (_m, vcpu) => `clear ON of vcpu ${vcpu} (locked)`,
      (m, vcpu) => {
        m.clear_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return NEXT;
      },
      { via: ['pi_clear_on'] },
    ),
    clear_pir: step(
      (m, vcpu) => `PIR of vcpu ${vcpu} := 0; it held ${vectorSet(vectorsAt(m.words, m.vcpu(vcpu) + V.pi_desc))}`,
      (m, vcpu) => {
        for (let i = 0; i < 8; i++) {
          m.store(m.vcpu(vcpu) + V.pi_desc + i, 0);
        }
        return RETURN;
      },
    ),
  },
});

/** After it: nothing is requested and nothing in service. */
export const reset_guest_intr_status = operation({
  name: 'vmx_hwapic_isr_update',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu'],
  steps: {
    clear: step(
      (_m, vcpu) => `RVI and SVI of vcpu ${vcpu} := 0`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.guest_intr_status, 0);
        return RETURN;
      },
    ),
  },
});
