/** Measures the engine: steps with undo, bytes a step, seeking, deliveries at once. Prints one line of JSON for `run.mjs`. */
import { kvm_irq_delivery_to_apic } from '../../extension/engine/lapic/delivery.ts';
import { NO_SOURCE } from '../../extension/engine/lapic/destination.ts';
import { V } from '../../extension/engine/layout.ts';
import { type Machine, VMM } from '../../extension/engine/machine.ts';
import { createMachine } from '../../extension/engine/x86.ts';
import { MACHINE, MESSAGES, messages } from './workload.ts';

const STEPS = 1_000_000;
const SEEKS = 300;
const DELIVERIES = 50_000;
const ROUNDS = 5;
const DELIVERY_ROUNDS = 400;
const LIST = messages();

/** Of processor time: what else runs on the machine does not count. */
function milliseconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** The fastest of some rounds. */
function best(rounds: number, work: () => number): number {
  return Math.min(...Array.from({ length: rounds }, work));
}

/** Sends messages until `steps` atomic steps are in the journal. */
function record(m: Machine, steps: number): void {
  for (let i = 0; m.length < steps; i = (i + 1) % MESSAGES) {
    m.start(VMM, kvm_irq_delivery_to_apic, NO_SOURCE, LIST[2 * i], LIST[2 * i + 1]);
    while (!m.idle(VMM)) {
      m.step(VMM);
      m.close();
    }
  }
}

function deliverAtOnce(m: Machine, count: number): number {
  let accepted = 0;
  for (let i = 0; i < count; i++) {
    const at = 2 * (i % MESSAGES);
    accepted += m.finish(VMM, kvm_irq_delivery_to_apic, NO_SOURCE, LIST[at], LIST[at + 1]);
  }
  return accepted;
}

/** What `delivery.c` prints too: the state in which all messages leave the vCPUs. */
function checksum(m: Machine): number {
  let sum = 0;
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    const base = m.vcpu(vcpu);
    for (const word of [V.requests, V.nmi_queued, V.arb_prio]) {
      sum = (Math.imul(sum, 31) + m.words[base + word]) | 0;
    }
    for (const word of [V.irr, V.tmr]) {
      for (let i = 0; i < 8; i++) {
        sum = (Math.imul(sum, 31) + m.words[base + word + i]) | 0;
      }
    }
  }
  return sum >>> 0;
}

function recorded() {
  let m = createMachine(MACHINE);
  const ms = best(ROUNDS, () => {
    m = createMachine(MACHINE);
    return milliseconds(() => record(m, STEPS));
  });
  let position = 0x2545f491;
  const seeks: number[] = [];
  for (let i = 0; i < SEEKS; i++) {
    position = (Math.imul(position, 1664525) + 1013904223) >>> 0;
    const step = position % (m.length + 1);
    seeks.push(milliseconds(() => m.seek(step)));
  }
  seeks.sort((a, b) => a - b);
  return {
    stepsPerSecond: (m.length / ms) * 1000,
    bytesPerStep: m.journalBytes / m.length,
    seekMedian: seeks[SEEKS >> 1],
    seekWorst: seeks[SEEKS - 1],
  };
}

function unrecorded() {
  let m = createMachine(MACHINE);
  let accepted = 0;
  const ms = best(DELIVERY_ROUNDS, () => {
    m = createMachine(MACHINE);
    m.recording = false;
    return milliseconds(() => {
      accepted = deliverAtOnce(m, DELIVERIES);
    });
  });
  return { nsPerDelivery: (ms * 1e6) / DELIVERIES, accepted, checksum: checksum(m) };
}

console.log(JSON.stringify({ deliveries: DELIVERIES, ...recorded(), ...unrecorded() }));
