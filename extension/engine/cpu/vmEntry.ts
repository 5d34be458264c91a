/** The way into guest mode as the processor makes it: checks, then guest state, then virtual interrupts. SDM vol. 3, VM entries. */
import { VCPU_STATE } from '../fields.ts';
import { C, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { avic_evaluate } from '../svm/hardware.ts';
import { avicActive } from '../svm/mode.ts';
import { hex } from '../text.ts';
import { evaluate, ppr_virtualization } from './virtualInterrupts.ts';
import { control, currentVmcs } from './vmcs.ts';

/** Physical addresses are this wide: what CPUID 80000008H says on today's servers. */
const MAXPHYADDR = 46;
/** Words above bit 31 that an address must leave 0. */
export const ABOVE_MAXPHYADDR = -1 << (MAXPHYADDR - 32);

/** The rule on posted interrupts that the VMCS breaks, or undefined. SDM vol. 3, checks on VM-execution control fields; §6. */
function brokenRule(m: Machine, vcpu: number): string | undefined {
  const vmcs = currentVmcs(m, vcpu);
  if (!control(m, vcpu, 'process_posted_interrupts')) {
    return undefined;
  }
  const address = m.load(vmcs + V.posted_intr_desc_addr);
  if (!control(m, vcpu, 'virtual_interrupt_delivery')) {
    return 'virtual-interrupt delivery must be 1';
  }
  if (!control(m, vcpu, 'acknowledge_interrupt_on_exit')) {
    return 'acknowledge interrupt on exit must be 1';
  }
  if ((m.load(vmcs + V.posted_intr_nv) & 0xff00) !== 0) {
    return `bits 15:8 of the notification vector ${hex(m.words[vmcs + V.posted_intr_nv], 4)} must be 0`;
  }
  if ((address & 0x3f) !== 0) {
    return `bits 5:0 of the descriptor's address …${hex(address, 8).slice(2)} must be 0`;
  }
  if ((m.load(vmcs + V.posted_intr_desc_addr + 1) & ABOVE_MAXPHYADDR) !== 0) {
    return `the descriptor's address has bits above the physical-address width, ${MAXPHYADDR}`;
  }
  return undefined;
}

/** Guest mode begins on the vCPU's CPU. Returns 0, or 1 when the VM entry fails and the processor stays in the host. */
export const vm_entry = operation({
  name: 'VM entry',
  actor: 'cpu',
  source: 'SDM vol. 3, VM entries',
  locals: ['vcpu'],
  steps: {
    posts: silent((m, vcpu) => (control(m, vcpu, 'process_posted_interrupts') ? NEXT : 'enter')),
    check: step(
      (m, vcpu) => {
        const broken = brokenRule(m, vcpu);
        return broken === undefined
          ? 'the controls for posted interrupts are consistent'
          : `VM entry fails, invalid control field: ${broken}`;
      },
      (m, vcpu) => {
        if (brokenRule(m, vcpu) === undefined) {
          return NEXT;
        }
        m.mark(MARK.fault);
        return m.return(1);
      },
    ),
    enter: step(
      (m, vcpu) => `vcpu ${vcpu} enters guest mode on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        const cpu = m.load(m.vcpu(vcpu) + V.cpu);
        m.store(m.cpu(cpu) + C.vcpu, vcpu);
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.running);
        m.mark(MARK.entry);
        return NEXT;
      },
    ),
    avic: silent((m, vcpu) => (avicActive(m, vcpu) ? m.call(avic_evaluate, vcpu) : NEXT)),
    delivers: silent((m, vcpu) => (control(m, vcpu, 'virtual_interrupt_delivery') ? NEXT : 'done')),
    ppr: silent((m, vcpu) => m.call(ppr_virtualization, vcpu)),
    evaluate: silent((m, vcpu) => m.call(evaluate, vcpu)),
    done: silent(m => m.return(0)),
  },
});
