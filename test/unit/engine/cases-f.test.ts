/** Worked cases F: IOAPIC, GSIs and irqfds. */
import { describe, expect, test } from 'vitest';
import { IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT, kvm_ioapic_eoi_inject_work } from '../../../extension/engine/ioapic/eoi.ts';
import { irqfd, irqfd_wakeup } from '../../../extension/engine/ioapic/irqfd.ts';
import { kvm_irqfd_assign, kvm_irqfd_deassign } from '../../../extension/engine/ioapic/irqfdAssign.ts';
import { programPic } from '../../../extension/engine/ioapic/pic.ts';
import { kvm_check_and_inject_events } from '../../../extension/engine/lapic/injection.ts';
import { APIC } from '../../../extension/engine/lapic/registers.ts';
import { kvm_check_requests } from '../../../extension/engine/lapic/requests.ts';
import { IO, IRQFD, V } from '../../../extension/engine/layout.ts';
import { type Machine, VMM } from '../../../extension/engine/machine.ts';
import {
  field,
  ioapic,
  irr,
  line,
  onVcpu,
  readIoapic,
  received,
  remoteIrr,
  run,
  tmr,
  vm,
  writeRegister,
  writeRte,
  x2apicVm,
} from './irqchip.ts';

const LEVEL = 0x8000;
const MASKED = 0x10000;
const LOGICAL = 0x800;

/** One pin set up before the first step: to V0 unless `dest` says otherwise. */
const pin = (number: number, lo: number, dest = 0) => ({ pin: number, lo, hi: dest << 24 });

/** The vCPU enters with IF = 1 and takes what it can take: one vector, or -1. */
function take(m: Machine, vcpu = 0): number {
  m.store(m.vcpu(vcpu) + V.interrupts, 1);
  onVcpu(m, vcpu, kvm_check_requests, vcpu);
  return onVcpu(m, vcpu, kvm_check_and_inject_events, vcpu);
}

const eoi = (m: Machine, vcpu = 0) => writeRegister(m, vcpu, APIC.EOI, 0);

test('F1: an edge pulse is taken once', () => {
  const m = vm({ rtes: [pin(20, 0x76)] });
  expect([line(m, 20, 1), line(m, 20, 0)]).toEqual([1, 1]);
  expect([take(m), take(m)]).toEqual([0x76, -1]);
});

test('F2: a level interrupt whose handler lowers the line', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  line(m, 20, 1);
  expect([take(m), remoteIrr(m, 20)]).toEqual([0x77, 1]);
  line(m, 20, 0);
  eoi(m);
  expect([remoteIrr(m, 20), take(m)]).toEqual([0, -1]);
});

test('F3: two pending: the higher vector first', () => {
  const m = vm({ rtes: [pin(20, 0x66), pin(21, 0x78)] });
  line(m, 20, 1);
  line(m, 21, 1);
  expect(take(m)).toBe(0x78);
  eoi(m);
  expect(take(m)).toBe(0x66);
});

test('F4: lowered and raised again inside the handler, low before EOI: once', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  line(m, 20, 1);
  take(m);
  line(m, 20, 0);
  expect(line(m, 20, 1)).toBe(-1);
  line(m, 20, 0);
  eoi(m);
  expect(take(m)).toBe(-1);
});

test('F5: raised, handled, raised again: twice', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  for (let i = 0; i < 2; i++) {
    expect(line(m, 20, 1)).toBe(1);
    expect(take(m)).toBe(0x77);
    line(m, 20, 0);
    eoi(m);
  }
});

test('F6: the line is still high at EOI: served again', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  line(m, 20, 1);
  take(m);
  eoi(m);
  expect([take(m), remoteIrr(m, 20)]).toEqual([0x77, 1]);
});

test('F7: an edge while masked is lost when the line falls', () => {
  const m = vm({ rtes: [pin(20, MASKED | 0x76)] });
  expect(line(m, 20, 1)).toBe(-1);
  line(m, 20, 0);
  writeRte(m, 20, 0x76);
  expect(take(m)).toBe(-1);
  line(m, 20, 1);
  expect(take(m)).toBe(0x76);
});

test('F7: an edge that stays up through the unmasking is not delivered either', () => {
  const m = vm({ rtes: [pin(20, MASKED | 0x76)] });
  line(m, 20, 1);
  writeRte(m, 20, 0x76);
  expect([take(m), line(m, 20, 1)]).toEqual([-1, 0]);
});

test('F8: a level while masked is delivered at the unmasking', () => {
  const m = vm({ rtes: [pin(20, MASKED | LEVEL | 0x77)] });
  line(m, 20, 1);
  writeRte(m, 20, LEVEL | 0x77);
  expect(take(m)).toBe(0x77);
});

test('F9: masked in the handler, EOI with the line high, unmasked', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  line(m, 20, 1);
  take(m);
  writeRte(m, 20, MASKED | LEVEL | 0x77);
  eoi(m);
  expect([take(m), remoteIrr(m, 20)]).toEqual([-1, 0]);
  writeRte(m, 20, LEVEL | 0x77);
  expect(take(m)).toBe(0x77);
});

test('F10: both destinations change while Remote IRR is set: each is served once', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x76), pin(21, LEVEL | 0x77)] });
  line(m, 20, 1);
  line(m, 21, 1);
  expect(take(m)).toBe(0x77);
  writeRte(m, 20, LEVEL | 0x76, 1 << 24);
  writeRte(m, 21, LEVEL | 0x77, 1 << 24);
  // The old destination still has both pending: its EOIs have to reach the IOAPIC.
  take(m);
  line(m, 21, 0);
  eoi(m);
  expect(take(m)).toBe(0x76);
  line(m, 20, 0);
  eoi(m);
  expect([remoteIrr(m, 20), remoteIrr(m, 21)]).toEqual([0, 0]);
  expect([take(m, 0), take(m, 1)]).toEqual([-1, -1]);
});

test('F11, F12: physical and logical destinations', () => {
  const m = vm({ rtes: [pin(20, 0x76, 1), pin(21, LOGICAL | 0x77, 0x0d)] });
  expect(line(m, 20, 1)).toBe(1);
  expect(received(m, 0x76)).toEqual([1]);
  expect(line(m, 21, 1)).toBe(3);
  expect(received(m, 0x77)).toEqual([0, 2, 3]);
});

test('F13: TMR follows the trigger mode of the entry', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x79)] });
  line(m, 20, 1);
  expect(tmr(m, 0)).toEqual([0x79]);
  writeRte(m, 20, 0x79);
  line(m, 20, 0);
  line(m, 20, 1);
  expect(tmr(m, 0)).toEqual([]);
});

test('F14: rewriting as edge clears Remote IRR; the guest cannot write it', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  line(m, 20, 1);
  writeRte(m, 20, LEVEL | 0x77);
  expect(remoteIrr(m, 20)).toBe(1);
  writeRte(m, 20, 0x77);
  expect(remoteIrr(m, 20)).toBe(0);
  writeRte(m, 20, 0x4077);
  expect(remoteIrr(m, 20)).toBe(0);
});

test('F15: nobody there by the map: Remote IRR stays 0', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77, 9)] });
  expect([line(m, 20, 1), remoteIrr(m, 20)]).toEqual([0, 0]);
});

test('F16: nobody addressed on the slow path: Remote IRR 1', () => {
  const m = vm({ vcpus: [{}, { aid: 0 }], rtes: [pin(20, LEVEL | 0x77, 9)] });
  expect([line(m, 20, 1), remoteIrr(m, 20)]).toEqual([-1, 1]);
  writeRte(m, 20, 0x77);
  expect(remoteIrr(m, 20)).toBe(0);
});

test('F17: an edge set twice is coalesced', () => {
  const m = vm({ rtes: [pin(20, 0x76)] });
  expect([line(m, 20, 1), line(m, 20, 1)]).toEqual([1, 0]);
});

test('F18: a level set while Remote IRR = 1', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  expect([line(m, 20, 1), line(m, 20, 1)]).toEqual([1, -1]);
});

test('F19: the storm guard', () => {
  const m = vm({ rtes: [pin(20, LEVEL | 0x77)] });
  m.store(m.layout.ioapic + IO.irq_eoi + 20, IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT - 2);
  line(m, 20, 1);
  take(m);
  eoi(m);
  expect([take(m), ioapic(m, 'eoi_inject')]).toEqual([0x77, 0]);
  eoi(m);
  expect([take(m), ioapic(m, 'eoi_inject')]).toEqual([-1, 1]);
  run(m, VMM, kvm_ioapic_eoi_inject_work);
  expect([take(m), ioapic(m, 'eoi_inject')]).toEqual([0x77, 0]);
});

describe('F20: EOI broadcast suppressed by SPIV bit 12', () => {
  test('in-kernel IOAPIC: Remote IRR stays', () => {
    const m = vm({ rtes: [pin(20, LEVEL | 0x77)], vcpus: [{ svr: 0x11ff }] });
    line(m, 20, 1);
    take(m);
    eoi(m);
    expect([remoteIrr(m, 20), take(m)]).toEqual([1, -1]);
  });

  test('the ack notifier still runs', () => {
    const m = vm({ rtes: [pin(20, 0x77)], vcpus: [{ svr: 0x11ff }], irqfds: [{ gsi: 20, resample: true }] });
    run(m, VMM, irqfd_wakeup, 0);
    take(m);
    eoi(m);
    expect(m.words[irqfd(m, 0) + IRQFD.resampled]).toBe(1);
  });
});

test('F21: an irqfd with a resampler stays up until the EOI', () => {
  const m = vm({
    rtes: [pin(11, LEVEL | 0x77)],
    irqfds: [
      { gsi: 11, resample: true },
      { gsi: 11, resample: true },
    ],
  });
  run(m, VMM, irqfd_wakeup, 0);
  expect(ioapic(m, 'irr')).toBe(1 << 11);
  expect(take(m)).toBe(0x77);
  eoi(m);
  expect([ioapic(m, 'irr'), remoteIrr(m, 11), take(m)]).toEqual([0, 0, -1]);
  expect([0, 1].map(i => m.words[irqfd(m, i) + IRQFD.resampled])).toEqual([1, 1]);
});

test.each([
  ['6.16', [], 1],
  ['6.1', [0x77], 0],
] as const)('F22: unmasking an asserted level pin with a resampler on %s', (kernel, taken, resampled) => {
  const m = vm({ kernel, rtes: [pin(11, MASKED | LEVEL | 0x77)], irqfds: [{ gsi: 11, resample: true }] });
  run(m, VMM, irqfd_wakeup, 0);
  writeRte(m, 11, LEVEL | 0x77);
  expect(irr(m, 0)).toEqual(taken);
  expect(m.words[irqfd(m, 0) + IRQFD.resampled]).toBe(resampled);
});

describe('F23: split irqchip', () => {
  const split = (x2apicApi: number, svr: number) =>
    vm({
      kernel: '7.2',
      irqchip: 'split',
      x2apicApi,
      vcpus: [{ svr }],
      routes: [{ gsi: 20, lo: 0xfee00000, hi: 0, data: LEVEL | 0x77 }],
    });
  const exits = (m: Machine) => {
    expect(line(m, 20, 1)).toBe(1);
    expect(take(m)).toBe(0x77);
    eoi(m);
    return [onVcpu(m, 0, kvm_check_requests, 0), field(m, 0, V.pending_ioapic_eoi)];
  };

  test('the EOI of a level route exits to user space', () => {
    expect(exits(split(-1, 0x1ff))).toEqual([1, 0x77]);
  });

  test('suppression counts only when the VMM switched it on', () => {
    expect(exits(split(-1, 0x11ff))).toEqual([1, 0x77]);
    expect(exits(split(8, 0x11ff))).toEqual([1, 0x77]);
    expect(exits(split(4, 0x11ff))).toEqual([0, 0]);
  });

  test('an edge route does not', () => {
    const m = vm({ irqchip: 'split', vcpus: [{}], routes: [{ gsi: 20, lo: 0xfee00000, hi: 0, data: 0x77 }] });
    expect(exits(m)).toEqual([0, 0]);
  });
});

test('F24: GSI 4 goes to the PIC and to the IOAPIC', () => {
  const m = vm({ rtes: [pin(4, 0x34)] });
  programPic(m, 0, 0x20, 0);
  expect(line(m, 4, 1)).toBe(2);
  expect(ioapic(m, 'irr')).toBe(1 << 4);
});

describe('F25: KVM_IRQFD', () => {
  const EBUSY = 16;

  test('the same eventfd twice is refused, for another GSI too', () => {
    const m = vm({ rtes: [pin(20, 0x77), pin(21, 0x78)], irqfds: [{ gsi: 20, resample: false }] });
    expect(run(m, VMM, kvm_irqfd_assign, 0, 20, 0)).toBe(-EBUSY);
    expect(run(m, VMM, kvm_irqfd_assign, 0, 21, 0)).toBe(-EBUSY);
    run(m, VMM, irqfd_wakeup, 0);
    expect([received(m, 0x77), received(m, 0x78)]).toEqual([[0], []]);
  });

  test('to de-assign a GSI that was never assigned succeeds and changes nothing', () => {
    const m = vm({ rtes: [pin(20, 0x77)], irqfds: [{ gsi: 20, resample: false }] });
    expect(run(m, VMM, kvm_irqfd_deassign, 0, 21)).toBe(0);
    run(m, VMM, irqfd_wakeup, 0);
    expect(received(m, 0x77)).toEqual([0]);
  });

  test('a de-assigned eventfd raises nothing until it is assigned anew', () => {
    const m = vm({ rtes: [pin(20, 0x77), pin(21, 0x78)], irqfds: [{ gsi: 20, resample: false }] });
    expect(run(m, VMM, kvm_irqfd_deassign, 0, 20)).toBe(0);
    run(m, VMM, irqfd_wakeup, 0);
    expect(received(m, 0x77)).toEqual([]);
    expect(run(m, VMM, kvm_irqfd_assign, 0, 21, 0)).toBe(0);
    run(m, VMM, irqfd_wakeup, 0);
    expect([received(m, 0x77), received(m, 0x78)]).toEqual([[], [0]]);
  });

  test('the last resampler of a GSI takes its line down and its ack notifier away', () => {
    const resampler = { gsi: 20, resample: true };
    const m = vm({ rtes: [pin(20, LEVEL | 0x77)], irqfds: [resampler, resampler] });
    run(m, VMM, irqfd_wakeup, 0);
    run(m, VMM, kvm_irqfd_deassign, 0, 20);
    expect([ioapic(m, 'irr'), ioapic(m, 'notifiers')]).toEqual([1 << 20, 1 << 20]);
    run(m, VMM, kvm_irqfd_deassign, 1, 20);
    expect([ioapic(m, 'irr'), ioapic(m, 'notifiers')]).toEqual([0, 0]);
  });
});

test('F26: two routes: the work item, not at once', () => {
  const routes = [
    { gsi: 24, lo: 0xfee00000, hi: 0, data: 0x41 },
    { gsi: 24, lo: 0xfee01000, hi: 0, data: 0x42 },
  ];
  const m = vm({ routes, irqfds: [{ gsi: 24, resample: false }] });
  m.recording = true;
  run(m, VMM, irqfd_wakeup, 0);
  expect([received(m, 0x41), received(m, 0x42)]).toEqual([[0], [1]]);
});

test('RTC: coalesced until every receiver has ended it', () => {
  const m = vm({ rtes: [pin(8, LOGICAL | 0x55, 0x03)] });
  expect([line(m, 8, 1), line(m, 8, 0), line(m, 8, 1)]).toEqual([2, 1, 0]);
  line(m, 8, 0);
  for (const vcpu of [0, 1]) {
    expect(take(m, vcpu)).toBe(0x55);
    eoi(m, vcpu);
    expect(ioapic(m, 'rtc_pending_eoi')).toBe(1 - vcpu);
  }
  expect(line(m, 8, 1)).toBe(2);
});

test('a line is the OR of its sources', () => {
  const m = vm({ rtes: [pin(11, LEVEL | 0x77)], irqfds: [{ gsi: 11, resample: true }] });
  line(m, 11, 1);
  run(m, VMM, irqfd_wakeup, 0);
  line(m, 11, 0);
  expect(ioapic(m, 'irr')).toBe(1 << 11);
});

test('registers: ID, version, arbitration, what does not exist', () => {
  const m = vm();
  expect(readIoapic(m, 1)).toBe(0x00170011);
  onVcpu(m, 0, kvm_check_requests, 0);
  expect([readIoapic(m, 0), readIoapic(m, 2)]).toEqual([0, 0]);
  expect(readIoapic(m, 0x10 + 48)).toBe(-1);
});

test('an entry to 0xff reaches x2APIC vCPUs only with the quirk', () => {
  expect(line(x2apicVm(2, { rtes: [pin(20, 0x50, 0xff)] }), 20, 1)).toBe(2);
  expect(line(x2apicVm(2, { rtes: [pin(20, 0x50, 0xff)], x2apicApi: 3 }), 20, 1)).toBe(0);
});
