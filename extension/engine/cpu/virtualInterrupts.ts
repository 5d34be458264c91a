/**
 * Virtual-interrupt delivery by the processor: PPR virtualization, evaluation, delivery, EOI and TPR virtualization.
 * SDM vol. 3, APIC virtualization and virtual interrupts; posted interrupts §7.
 */
import { C, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';

const SDM = 'SDM vol. 3, virtual-interrupt delivery';

export function rvi(m: Machine, vcpu: number): number {
  return m.load(m.vcpu(vcpu) + V.guest_intr_status) & 0xff;
}

export function svi(m: Machine, vcpu: number): number {
  return (m.load(m.vcpu(vcpu) + V.guest_intr_status) >>> 8) & 0xff;
}

function setRvi(m: Machine, vcpu: number, value: number): void {
  const status = m.vcpu(vcpu) + V.guest_intr_status;
  m.store(status, (m.load(status) & 0xff00) | value);
}

function setSvi(m: Machine, vcpu: number, value: number): void {
  const status = m.vcpu(vcpu) + V.guest_intr_status;
  m.store(status, (m.load(status) & 0x00ff) | (value << 8));
}

/** VPPR := VTPR if its class is at least that of SVI, else the class of SVI. */
export const ppr_virtualization = operation({
  name: 'PPR virtualization',
  actor: 'cpu',
  source: SDM,
  locals: ['vcpu'],
  steps: {
    update: step(
      (m, vcpu) => {
        const tpr = m.words[m.vcpu(vcpu) + V.tpr] & 0xff;
        const service = svi(m, vcpu);
        return `VPPR := ${hex(virtualPpr(tpr, service))} from VTPR ${hex(tpr)} and SVI ${hex(service)}`;
      },
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.ppr, virtualPpr(m.load(m.vcpu(vcpu) + V.tpr) & 0xff, svi(m, vcpu)));
        return RETURN;
      },
    ),
  },
});

function virtualPpr(tpr: number, service: number): number {
  return tpr >>> 4 >= service >>> 4 ? tpr : service & 0xf0;
}

/** Is a virtual interrupt pending? Only classes count: RVI[7:4] must exceed VPPR[7:4]. */
export const evaluate = operation({
  name: 'evaluation of pending virtual interrupts',
  actor: 'cpu',
  source: SDM,
  locals: ['vcpu'],
  steps: {
    evaluate: step(
      (m, vcpu) => {
        const request = rvi(m, vcpu);
        const priority = m.words[m.vcpu(vcpu) + V.ppr] & 0xff;
        return request >>> 4 > priority >>> 4
          ? `RVI ${hex(request)} is above VPPR ${hex(priority)}: a virtual interrupt is pending`
          : `RVI ${hex(request)} is not above VPPR ${hex(priority)} (classes ${request >>> 4} and ${priority >>> 4}): none is pending`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        m.store(base + V.recognized, rvi(m, vcpu) >>> 4 > (m.load(base + V.ppr) & 0xff) >>> 4 ? 1 : 0);
        return RETURN;
      },
    ),
  },
});

/** The processor delivers RVI through the guest's IDT, between two instructions. */
export const deliver_virtual_interrupt = operation({
  name: 'virtual-interrupt delivery',
  actor: 'cpu',
  source: SDM,
  uninterruptible: true,
  locals: ['cpu', 'vcpu', 'vector'],
  steps: {
    who: silent((m, cpu) => {
      const vcpu = m.words[m.cpu(cpu) + C.vcpu];
      m.local(1, vcpu);
      m.local(2, m.words[m.vcpu(vcpu) + V.guest_intr_status] & 0xff);
      return NEXT;
    }),
    set_visr: step(
      (_m, _cpu, vcpu, vector) => `vector := RVI ${hex(vector)}; VISR[${hex(vector)}] of vcpu ${vcpu} := 1`,
      (m, _cpu, vcpu, vector) => {
        rvi(m, vcpu);
        m.set_bit(vector, m.vcpu(vcpu) + V.isr);
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
        m.store(m.vcpu(vcpu) + V.ppr, vector & 0xf0);
        return NEXT;
      },
    ),
    clear_virr: step(
      (_m, _cpu, _vcpu, vector) => `VIRR[${hex(vector)}] := 0`,
      (m, _cpu, vcpu, vector) => {
        m.clear_bit(vector, m.vcpu(vcpu) + V.irr);
        return NEXT;
      },
    ),
    set_rvi: step('RVI := highest vector left in VIRR, or 0', (m, _cpu, vcpu) => {
      setRvi(m, vcpu, Math.max(highest(m, m.vcpu(vcpu) + V.irr), 0));
      return NEXT;
    }),
    deliver: step(
      (_m, _cpu, vcpu, vector) =>
        `deliver ${hex(vector)} through the IDT of vcpu ${vcpu}; nothing is recognised as pending any more`,
      (m, _cpu, vcpu, vector) => {
        m.store(m.vcpu(vcpu) + V.recognized, 0);
        m.store(m.vcpu(vcpu) + V.activity, 0);
        m.set_bit(vector, m.vcpu(vcpu) + V.taken);
        m.mark(MARK.delivery);
        return NEXT;
      },
    ),
  },
});

/** The guest writes its EOI register. Returns 1 when the EOI-exit bitmap asks for exit 45, with the vector in `qualification`. */
export const eoi_virtualization = operation({
  name: 'EOI virtualization',
  actor: 'cpu',
  source: SDM,
  uninterruptible: true,
  locals: ['vcpu', 'vector'],
  steps: {
    clear_visr: step(
      (m, vcpu) => `vector := SVI ${hex(svi(m, vcpu))}; VISR[${hex(svi(m, vcpu))}] of vcpu ${vcpu} := 0`,
      (m, vcpu) => {
        const vector = svi(m, vcpu);
        m.local(1, vector);
        m.clear_bit(vector, m.vcpu(vcpu) + V.isr);
        return NEXT;
      },
    ),
    set_svi: step('SVI := highest vector left in VISR, or 0', (m, vcpu) => {
      setSvi(m, vcpu, Math.max(highest(m, m.vcpu(vcpu) + V.isr), 0));
      return NEXT;
    }),
    ppr: silent((m, vcpu) => m.call(ppr_virtualization, vcpu)),
    test_bitmap: step(
      (_m, _vcpu, vector) => `test the EOI-exit bitmap for ${hex(vector)}`,
      (m, vcpu, vector) => (m.test_bit(vector, m.vcpu(vcpu) + V.eoi_exit_bitmap) ? m.return(1) : NEXT),
    ),
    evaluate: silent((m, vcpu) => m.call(evaluate, vcpu)),
    done: silent(m => m.return(0)),
  },
});

/** The guest writes its TPR (MOV CR8, offset 080H or MSR 808H). */
export const tpr_virtualization = operation({
  name: 'TPR virtualization',
  actor: 'cpu',
  source: SDM,
  uninterruptible: true,
  locals: ['vcpu'],
  steps: {
    ppr: silent((m, vcpu) => m.call(ppr_virtualization, vcpu)),
    evaluate: silent((m, vcpu) => m.call(evaluate, vcpu)),
  },
});
