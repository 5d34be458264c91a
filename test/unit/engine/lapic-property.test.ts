/** Whatever is sent to whatever machine: undo is exact, the same input gives the same output, nothing throws, at once equals step by step. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KERNEL_ORDER } from '../../../extension/engine/choices.ts';
import type { KernelVersion, VcpuConfig } from '../../../extension/engine/config.ts';
import { irqfd_wakeup } from '../../../extension/engine/ioapic/irqfd.ts';
import { ioapic_mmio_write } from '../../../extension/engine/ioapic/registers.ts';
import { kvm_set_irq } from '../../../extension/engine/ioapic/routing.ts';
import { kvm_irq_delivery_to_apic } from '../../../extension/engine/lapic/delivery.ts';
import { kvm_apic_accept_events } from '../../../extension/engine/lapic/events.ts';
import { kvm_apic_send_ipi } from '../../../extension/engine/lapic/icr.ts';
import { kvm_check_and_inject_events } from '../../../extension/engine/lapic/injection.ts';
import { kvm_apic_local_deliver } from '../../../extension/engine/lapic/lvt.ts';
import { kvm_set_msi } from '../../../extension/engine/lapic/msi.ts';
import { apic_mmio_write, kvm_x2apic_msr_write } from '../../../extension/engine/lapic/msr.ts';
import { kvm_pv_send_ipi } from '../../../extension/engine/lapic/pvIpi.ts';
import { APIC } from '../../../extension/engine/lapic/registers.ts';
import { kvm_check_requests } from '../../../extension/engine/lapic/requests.ts';
import { kvm_apic_set_base } from '../../../extension/engine/lapic/reset.ts';
import { type Machine, VMM } from '../../../extension/engine/machine.ts';
import type { Operation } from '../../../extension/engine/operation.ts';
import { type VmOptions, vm } from './irqchip.ts';

const u32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const byte = fc.integer({ min: 0, max: 255 });
/** Numbers as guests write them: small ones, single bytes in bits 31:24, and anything. */
const word = fc.oneof(
  byte,
  byte.map(value => value << 24),
  u32,
);

const vcpu: fc.Arbitrary<Partial<VcpuConfig>> = fc.record({
  apic: fc.constantFrom('xapic', 'xapic', 'x2apic', 'disabled'),
  state: fc.constantFrom('exited', 'offline'),
  ldr: byte.map(id => id << 24),
  dfr: fc.constantFrom(-1, -1, 0x0fffffff, 0x1fffffff),
  svr: fc.constantFrom(0x1ff, 0x1ff, 0xff, 0x11ff),
  tpr: byte,
  aid: fc.integer({ min: 0, max: 5 }).map(id => id << 24),
  irr: fc.uniqueArray(byte, { maxLength: 3 }),
  isr: fc.uniqueArray(byte, { maxLength: 2 }),
});

const machine: fc.Arbitrary<VmOptions> = fc.record({
  kernel: fc.constantFrom<KernelVersion>(...KERNEL_ORDER),
  vendor: fc.constantFrom('intel', 'amd'),
  irqchip: fc.constantFrom('kernel', 'split'),
  x2apicApi: fc.constantFrom(-1, 0, 1, 2, 3),
  vectorHashing: fc.boolean(),
  vcpus: fc.array(vcpu, { minLength: 1, maxLength: 5 }),
  rtes: fc.array(fc.record({ pin: fc.integer({ min: 0, max: 23 }), lo: u32, hi: word }), { maxLength: 3 }),
  irqfds: fc.array(fc.record({ gsi: fc.integer({ min: 0, max: 23 }), resample: fc.boolean() }), { maxLength: 2 }),
});

interface Work {
  readonly vcpu: number;
  readonly operation: Operation;
  readonly args: readonly [number, number, number, number];
}

const registers = fc.constantFrom(...Object.values(APIC));
const lvts = fc.constantFrom(APIC.LVTT, APIC.LVTTHMR, APIC.LVTPC, APIC.LVT0, APIC.LVT1, APIC.LVTERR);
const VCPU = -1;

/** Arguments as arbitraries; VCPU stands for the vCPU that acts. */
const shapes: readonly (readonly [Operation, ...(fc.Arbitrary<number> | typeof VCPU)[]])[] = [
  [kvm_apic_send_ipi, VCPU, u32, word],
  [kvm_set_msi, u32, word, u32],
  [kvm_irq_delivery_to_apic, fc.constant(-1), fc.integer({ min: 0, max: 0x1fffff }).map(irq => irq & 0x10cfff), word],
  [apic_mmio_write, VCPU, registers, word],
  [kvm_x2apic_msr_write, VCPU, registers.map(register => 0x800 + (register >> 4)), word, word],
  [kvm_apic_set_base, VCPU, fc.constantFrom(0xfee00800, 0xfee00c00, 0xfee00000).map(base => base | 0), fc.nat(1)],
  [kvm_pv_send_ipi, word, u32, fc.nat(300)],
  [kvm_apic_local_deliver, VCPU, lvts],
  [kvm_apic_accept_events, VCPU],
  [kvm_check_requests, VCPU],
  [kvm_check_and_inject_events, VCPU],
  [kvm_set_irq, fc.nat(24), fc.nat(1), fc.nat(1), fc.nat(1)],
  [ioapic_mmio_write, fc.constantFrom(0x00, 0x10), word],
];

const work: fc.Arbitrary<Work> = fc.oneof(
  ...shapes.map(([operation, ...args]) =>
    fc
      .tuple(fc.nat(4), ...args.map(each => (each === VCPU ? fc.constant(VCPU) : each)))
      .map(([who, ...values]): Work => {
        const [a = 0, b = 0, c = 0, d = 0] = values.map((value, i) => (args[i] === VCPU ? who : value));
        return { vcpu: who, operation, args: [a, b, c, d] };
      }),
  ),
);

/** vCPU numbers beyond the machine's are folded into it. */
function perform(m: Machine, { vcpu: who, operation, args }: Work): number {
  const target = who % m.vcpuCount;
  const [a, b, c, d] = args;
  const takesVcpu = operation.locals[0] === 'vcpu';
  return m.finish(m.vcpuAgent(target), operation, takesVcpu ? target : a, b, c, d);
}

function machineOf(options: VmOptions, recording: boolean): Machine {
  const m = vm(options);
  m.recording = recording;
  return m;
}

/** `toEqual` on so many words takes seconds. */
const sameWords = (a: Int32Array, b: Int32Array) => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

/** All state but the stacks of the agents. */
function visible(m: Machine): Int32Array[] {
  const { agents, vm: behind, bitmaps } = m.layout;
  return [m.words.slice(0, agents), m.words.slice(behind, bitmaps)];
}

describe('any machine, any work', () => {
  test('undo is exact, wherever one goes', () => {
    fc.assert(
      fc.property(
        machine,
        fc.array(work, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        (options, all, to) => {
          const m = machineOf(options, true);
          const states = [m.words.slice()];
          for (const each of all) {
            const start = m.length;
            perform(m, each);
            const end = m.words.slice();
            for (let step = start + 1; step <= m.length; step++) {
              m.seek(step);
              states[step] = m.words.slice();
            }
            expect(sameWords(states[m.length], end)).toBe(true);
          }
          for (const step of [0, ...to.map(n => n % states.length), states.length - 1]) {
            m.seek(step);
            expect(sameWords(m.words, states[step])).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  test('the same input gives the same output', () => {
    fc.assert(
      fc.property(machine, fc.array(work, { maxLength: 12 }), (options, all) => {
        const first = machineOf(options, true);
        const second = machineOf(options, false);
        expect(all.map(each => perform(first, each))).toEqual(all.map(each => perform(second, each)));
        expect(visible(first)).toEqual(visible(second));
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  test('every sentence can be said, and saying it changes nothing', () => {
    fc.assert(
      fc.property(machine, fc.array(work, { maxLength: 8 }), (options, all) => {
        const m = machineOf(options, false);
        for (const { vcpu: who, operation, args } of all) {
          const target = who % m.vcpuCount;
          const agent = m.vcpuAgent(target);
          m.start(agent, operation, operation.locals[0] === 'vcpu' ? target : args[0], args[1], args[2], args[3]);
          while (!m.idle(agent)) {
            const before = m.words.slice();
            const { step, locals } = m.stack(agent)[0];
            const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = locals;
            m.agent = VMM;
            expect(typeof step.say === 'string' ? step.say : step.say(m, a, b, c, d, e, f, g, h)).not.toBe('');
            expect(sameWords(m.words, before)).toBe(true);
            m.step(agent);
          }
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test('an irqfd may be signalled at any time', () => {
    fc.assert(
      fc.property(machine, fc.array(work, { maxLength: 4 }), (options, all) => {
        const m = machineOf(options, true);
        for (const each of all) {
          perform(m, each);
          options.irqfds?.forEach((_, i) => {
            m.finish(VMM, irqfd_wakeup, i);
          });
        }
        const end = m.words.slice();
        m.seek(0);
        m.seek(m.length);
        expect(sameWords(m.words, end)).toBe(true);
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});
