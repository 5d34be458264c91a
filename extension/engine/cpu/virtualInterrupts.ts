/**
 * Virtual-interrupt delivery by the processor: PPR virtualization, evaluation, delivery, and what a guest's writes of TPR, EOI and
 * self-IPI set off. SDM vol. 3, APIC virtualization and virtual interrupts; posted interrupts §7.
 */
import { ACTIVITY, C, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { control, currentVmcs, rvi, setRvi, setSvi, svi } from './vmcs.ts';

const SDM = 'SDM vol. 3, APIC virtualization';

/** VPPR := VTPR if its class is at least that of SVI, else the class of SVI. */
export const ppr_virtualization = operation({
  name: 'PPR virtualization',
  actor: 'cpu',
  source: `${SDM}: PPR virtualization`,
  locals: ['vcpu'],
  steps: {
    update: step(
      (m, vcpu) => {
        const tpr = m.words[currentVmcs(m, vcpu) + V.tpr] & 0xff;
        const service = svi(m, vcpu);
        return `VPPR := ${hex(virtualPpr(tpr, service))} from VTPR ${hex(tpr)} and SVI ${hex(service)}`;
      },
      (m, vcpu) => {
        const page = currentVmcs(m, vcpu);
        m.store(page + V.ppr, virtualPpr(m.load(page + V.tpr) & 0xff, svi(m, vcpu)));
        return RETURN;
      },
    ),
  },
});

function virtualPpr(tpr: number, service: number): number {
  return tpr >>> 4 >= service >>> 4 ? tpr : service & 0xf0;
}

function isPending(m: Machine, vcpu: number): boolean {
  const vppr = m.load(currentVmcs(m, vcpu) + V.ppr) & 0xff;
  return !control(m, vcpu, 'interrupt_window_exiting') && rvi(m, vcpu) >>> 4 > vppr >>> 4;
}

/** Is a virtual interrupt pending? Only classes count: RVI[7:4] must exceed VPPR[7:4]. */
export const evaluate = operation({
  name: 'evaluation of pending virtual interrupts',
  actor: 'cpu',
  source: `${SDM}: evaluation of pending virtual interrupts`,
  locals: ['vcpu'],
  steps: {
    evaluate: step(
      (m, vcpu) => {
        const request = rvi(m, vcpu);
        const priority = m.words[currentVmcs(m, vcpu) + V.ppr] & 0xff;
        if (control(m, vcpu, 'interrupt_window_exiting')) {
          return 'interrupt-window exiting is 1: no virtual interrupt is recognised';
        }
        return request >>> 4 > priority >>> 4
          ? `RVI ${hex(request)} is above VPPR ${hex(priority)}: a virtual interrupt is pending`
          : `RVI ${hex(request)} is not above VPPR ${hex(priority)} (classes ${request >>> 4} and ${priority >>> 4}): none is pending`;
      },
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.recognized, isPending(m, vcpu) ? 1 : 0);
        return RETURN;
      },
    ),
  },
});

/** The processor delivers RVI through the guest's IDT, between two instructions. */
export const deliver_virtual_interrupt = operation({
  name: 'virtual-interrupt delivery',
  actor: 'cpu',
  source: `${SDM}: virtual-interrupt delivery`,
  uninterruptible: true,
  locals: ['cpu', 'vcpu', 'vector'],
  steps: {
    who: silent((m, cpu) => {
      const vcpu = m.words[m.cpu(cpu) + C.vcpu];
      m.local(1, vcpu);
      m.local(2, m.words[currentVmcs(m, vcpu) + V.guest_intr_status] & 0xff);
      return NEXT;
    }),
    set_visr: step(
      (_m, _cpu, vcpu, vector) => `vector := RVI ${hex(vector)}; VISR[${hex(vector)}] of vcpu ${vcpu} := 1`,
      (m, _cpu, vcpu, vector) => {
        rvi(m, vcpu);
        m.set_bit(vector, currentVmcs(m, vcpu) + V.isr);
        return NEXT;
      },
    ),
    set_svi: step(
      (_m, _cpu, _vcpu, vector) => `SVI := ${hex(vector)}`,
      (m, _cpu, vcpu, vector) => {
        setSvi(m, vcpu, vector);
        return NEXT;
      },
    ),
    set_vppr: step(
      (_m, _cpu, _vcpu, vector) => `VPPR := ${hex(vector & 0xf0)}`,
      (m, _cpu, vcpu, vector) => {
        m.store(currentVmcs(m, vcpu) + V.ppr, vector & 0xf0);
        return NEXT;
      },
    ),
    clear_virr: step(
      (_m, _cpu, _vcpu, vector) => `VIRR[${hex(vector)}] := 0`,
      (m, _cpu, vcpu, vector) => {
        m.clear_bit(vector, currentVmcs(m, vcpu) + V.irr);
        return NEXT;
      },
    ),
    set_rvi: step('RVI := highest vector left in VIRR, or 0', (m, _cpu, vcpu) => {
      setRvi(m, vcpu, Math.max(highest(m, currentVmcs(m, vcpu) + V.irr), 0));
      return NEXT;
    }),
    deliver: step(
      (m, _cpu, vcpu, vector) => {
        const halted = m.words[m.vcpu(vcpu) + V.activity] !== ACTIVITY.active;
        return `deliver ${hex(vector)} through the IDT of vcpu ${vcpu}${halted ? ', which leaves its halt' : ''}; nothing is recognised as pending any more`;
      },
      (m, _cpu, vcpu, vector) => {
        m.store(m.vcpu(vcpu) + V.recognized, 0);
        m.store(m.vcpu(vcpu) + V.activity, ACTIVITY.active);
        m.set_bit(vector, currentVmcs(m, vcpu) + V.taken);
        m.mark(MARK.delivery);
        return NEXT;
      },
    ),
  },
});

/** The guest writes its EOI register. Returns the vector when the EOI-exit bitmap asks for exit 45, else -1. */
export const eoi_virtualization = operation({
  name: 'EOI virtualization',
  actor: 'cpu',
  source: `${SDM}: EOI virtualization`,
  uninterruptible: true,
  locals: ['vcpu', 'vector'],
  steps: {
    clear_visr: step(
      (m, vcpu) => `vector := SVI ${hex(svi(m, vcpu))}; VISR[${hex(svi(m, vcpu))}] of vcpu ${vcpu} := 0`,
      (m, vcpu) => {
        const vector = svi(m, vcpu);
        m.local(1, vector);
        m.clear_bit(vector, currentVmcs(m, vcpu) + V.isr);
        return NEXT;
      },
    ),
    set_svi: step('SVI := highest vector left in VISR, or 0', (m, vcpu) => {
      setSvi(m, vcpu, Math.max(highest(m, currentVmcs(m, vcpu) + V.isr), 0));
      return NEXT;
    }),
    ppr: silent((m, vcpu) => m.call(ppr_virtualization, vcpu)),
    test_bitmap: step(
      (m, vcpu, vector) =>
        m.test_bit(vector, currentVmcs(m, vcpu) + V.eoi_exit_bitmap)
          ? `the EOI-exit bitmap has ${hex(vector)}: VM exit, and no evaluation`
          : `the EOI-exit bitmap lacks ${hex(vector)}: no VM exit`,
      (m, vcpu, vector) => (m.test_bit(vector, currentVmcs(m, vcpu) + V.eoi_exit_bitmap) ? m.return(vector) : NEXT),
    ),
    evaluate: silent((m, vcpu) => m.call(evaluate, vcpu)),
    done: silent(m => m.return(-1)),
  },
});

/** The guest writes its TPR (MOV CR8, offset 080H or MSR 808H). Returns 1 when the TPR threshold asks for exit 43. */
export const tpr_virtualization = operation({
  name: 'TPR virtualization',
  actor: 'cpu',
  source: `${SDM}: TPR virtualization`,
  uninterruptible: true,
  locals: ['vcpu'],
  steps: {
    delivers: silent((m, vcpu) => (control(m, vcpu, 'virtual_interrupt_delivery') ? 'ppr' : NEXT)),
    threshold: step(
      (m, vcpu) => {
        const page = currentVmcs(m, vcpu);
        const value = (m.words[page + V.tpr] & 0xff) >>> 4;
        const threshold = m.words[page + V.tpr_threshold];
        return `VTPR[7:4] ${value} is ${value < threshold ? 'below' : 'not below'} the TPR threshold ${threshold}: ${value < threshold ? 'VM exit' : 'no VM exit'}`;
      },
      (m, vcpu) => {
        const page = currentVmcs(m, vcpu);
        return m.return((m.load(page + V.tpr) & 0xff) >>> 4 < (m.load(page + V.tpr_threshold) & 15) ? 1 : 0);
      },
    ),
    ppr: silent((m, vcpu) => m.call(ppr_virtualization, vcpu)),
    evaluate: silent((m, vcpu) => m.call(evaluate, vcpu)),
    done: silent(m => m.return(0)),
  },
});

/** The guest sends an IPI to itself, by the self shorthand at offset 300H or by MSR 83FH. */
export const self_ipi_virtualization = operation({
  name: 'self-IPI virtualization',
  actor: 'cpu',
  source: `${SDM}: self-IPI virtualization`,
  uninterruptible: true,
  locals: ['vcpu', 'vector'],
  steps: {
    set_virr: step(
      (_m, vcpu, vector) => `VIRR[${hex(vector)}] of vcpu ${vcpu} := 1`,
      (m, vcpu, vector) => {
        m.set_bit(vector, currentVmcs(m, vcpu) + V.irr);
        return NEXT;
      },
    ),
    raise_rvi: step(
      (m, vcpu, vector) => `RVI := max(${hex(rvi(m, vcpu))}, ${hex(vector)})`,
      (m, vcpu, vector) => {
        setRvi(m, vcpu, Math.max(rvi(m, vcpu), vector));
        return NEXT;
      },
    ),
    evaluate: silent((m, vcpu) => m.call(evaluate, vcpu)),
  },
});
