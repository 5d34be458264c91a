/**
 * What must hold after every step, for interrupts that are posted and delivered by the processor. Each has a name, so that a run can be
 * stopped when it breaks, and a race is broken by it. A pure function of the memory: the same state gives the same answer.
 *
 * An operation that is half-way may leave a state that would be a loss if it ended there, so each invariant names those whom it waits for.
 * None of them is asked at the end only: in an endless race there may be no end.
 */
import { control } from './cpu/vmcs.ts';
import { HOST_VECTORS, VCPU_STATE } from './fields.ts';
import { AGENT, AGENT_WORDS, C, FRAME_WORDS, PID_CONTROL, POSTED_INTR_ON, POSTED_INTR_SN, REQ, V } from './layout.ts';
import type { Machine } from './machine.ts';

/** `trouble`: an interrupt is lost, late or stuck. `notice`: allowed, but worth seeing. */
export interface Invariant {
  readonly kind: 'trouble' | 'notice';
  readonly sentence: string;
}

export const INVARIANTS = {
  /**
   * At every step, but not while somebody posts to the vCPU (PIR comes before ON and the notification, memory order P7), while its CPU takes
   * an interrupt, nor while its own thread is on the way through load or entry. A thread that the scenario wrote may be a poster too.
   */
  'pir-without-harvest': {
    kind: 'trouble',
    sentence:
      'PIR has a bit, and nobody will look: no notification is on its way, and no load or VM entry will harvest it.',
  },
  /** At rest only: between the store of the condition and the wake-up it is broken by every waker (memory order B2), whoever that is. */
  'asleep-with-work': {
    kind: 'trouble',
    sentence: 'The thread sleeps in kvm_vcpu_block although an interrupt waits for it, and no wake-up is on its way.',
  },
  /** At every step at which the vCPU is in its guest, between two operations of its thread and of its CPU: nobody else writes SVI or VISR. */
  'in-service-outlives-eoi': {
    kind: 'trouble',
    sentence: 'SVI is not the highest vector in VISR: the guest’s EOI will not clear the bit that is in service.',
  },
  /** At every step of a VM entry, unless somebody is in the middle of delivering: a request for EVENT and a kick follow then. */
  'rvi-below-virr': {
    kind: 'trouble',
    sentence: 'VM entry with RVI below the highest vector in VIRR: that vector waits for the next evaluation.',
  },
  /** Never a loss, and therefore no condition of a race: a notification is late whenever the vCPU exits before it arrives. */
  'notification-finds-nobody': {
    kind: 'notice',
    sentence:
      'A notification waits at a CPU that does not run the vCPU any more: the host’s handler, or another vCPU, takes it.',
  },
} as const satisfies Readonly<Record<string, Invariant>>;

export type InvariantName = keyof typeof INVARIANTS;

/** An invariant that does not hold, and the vCPU (or the CPU, for a notification) that it is about. */
export interface Broken {
  readonly name: InvariantName;
  readonly index: number;
}

/** Operations that are about to notify or wake a vCPU, and which of their locals names it. */
export const SENDERS: ReadonlyMap<string, number> = new Map([
  ['vmx_deliver_interrupt', 0],
  ['kvm_vcpu_wake_up', 0],
  ['kvm_vcpu_kick', 0],
  ['IPI virtualization', 3],
  ['interrupt request', 4],
]);

function highest(m: Machine, base: number): number {
  for (let i = 7; i >= 0; i--) {
    const word = m.words[base + i];
    if (word !== 0) {
      return i * 32 + 31 - Math.clz32(word);
    }
  }
  return -1;
}

/** Calls `visit` for each frame of each agent at work, until it returns true. */
function someFrame(m: Machine, visit: (agent: number, name: string, locals: number) => boolean): boolean {
  const { words, layout } = m;
  for (let agent = 0; agent < m.agentCount; agent++) {
    const base = layout.agents + agent * AGENT_WORDS;
    for (let depth = words[base + AGENT.depth]; depth > 0; depth--) {
      const frame = base + AGENT.words + (depth - 1) * FRAME_WORDS;
      if (visit(agent, m.operations[words[frame] >>> 16].name, frame + 1)) {
        return true;
      }
    }
  }
  return false;
}

/** Is somebody in the middle of posting to, notifying or waking `vcpu`? */
function isBeingNotified(m: Machine, vcpu: number): boolean {
  return someFrame(m, (_agent, name, locals) => {
    const local = SENDERS.get(name);
    return local !== undefined && m.words[locals + local] === vcpu;
  });
}

/** Is a thread of the scenario at work? What it will do is not known by name. */
function isScenarioBusy(m: Machine): boolean {
  for (let i = 0; i < m.addition.agents.length; i++) {
    if (!m.idle(m.addedAgent(i))) {
      return true;
    }
  }
  return false;
}

/** Is anybody but the thread of `vcpu` at work? A store that is not visible yet counts. */
function isAnybodyBusy(m: Machine, vcpu: number): boolean {
  for (let agent = 0; agent < m.agentCount; agent++) {
    if (agent !== m.vcpuAgent(vcpu) && !m.idle(agent)) {
      return true;
    }
  }
  return m.buffers?.empty === false;
}

/** Is the interrupt hardware, or a host handler, at work on `cpu`? */
function isCpuBusy(m: Machine, cpu: number): boolean {
  return !m.idle(m.cpuAgent(cpu));
}

function isPending(m: Machine, cpu: number, vector: number): boolean {
  return (m.words[m.cpu(cpu) + C.irr + (vector >>> 5)] & (1 << (vector & 31))) !== 0;
}

/** Does a vector wait at `cpu` that is no notification? It ends guest mode, and the next entry harvests. */
function willExit(m: Machine, cpu: number): boolean {
  const notification = HOST_VECTORS.POSTED_INTR_VECTOR;
  for (let i = 0; i < 8; i++) {
    const own = i === notification >>> 5 ? 1 << (notification & 31) : 0;
    if ((m.words[m.cpu(cpu) + C.irr + i] & ~own) !== 0) {
      return true;
    }
  }
  return false;
}

function runsInGuest(m: Machine, vcpu: number): boolean {
  return m.words[m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.vcpu] === vcpu;
}

/** Off its CPU, in the sleep of `kvm_vcpu_block`. */
function isAsleep(m: Machine, vcpu: number): boolean {
  return m.words[m.vcpu(vcpu) + V.state] === VCPU_STATE.blocked && m.idle(m.vcpuAgent(vcpu));
}

function pirIsLost(m: Machine, vcpu: number, atTheEnd: boolean): boolean {
  const base = m.vcpu(vcpu);
  if (highest(m, base + V.pi_desc) < 0 || isAsleep(m, vcpu) || (!atTheEnd && isScenarioBusy(m))) {
    return false;
  }
  const descriptor = m.words[base + V.pi_desc + PID_CONTROL];
  const on = (descriptor & (1 << POSTED_INTR_ON)) !== 0;
  const cpu = m.words[base + V.cpu];
  if (isBeingNotified(m, vcpu) || isCpuBusy(m, cpu)) {
    return false;
  }
  if (!runsInGuest(m, vcpu)) {
    // A thread at work is on its way through load or sync; one that waits will look at ON, and load at PIR under SN.
    const suppressed = (descriptor & (1 << POSTED_INTR_SN)) !== 0;
    return m.idle(m.vcpuAgent(vcpu)) && !on && !suppressed;
  }
  return !(on && isPending(m, cpu, HOST_VECTORS.POSTED_INTR_VECTOR)) && !willExit(m, cpu);
}

/** Has `vcpu` a vector in IRR or PIR that its priority lets through, or an event that ends a halt? As `kvm_vcpu_check_block` asks. */
function hasWork(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  const vector = Math.max(highest(m, base + V.irr), highest(m, base + V.pi_desc));
  const interrupts = m.words[base + V.interrupts] !== 0 && vector >>> 4 > (m.words[base + V.ppr] & 0xff) >>> 4;
  const management = m.words[base + V.nmi_pending] | m.words[base + V.smi_pending];
  const others = m.words[base + V.pending_events] | m.words[base + V.pv_unhalted];
  const requests = m.words[base + V.requests] & ((1 << REQ.NMI) | (1 << REQ.SMI) | (1 << REQ.UNBLOCK));
  return (vector >= 0 && interrupts) || (management | others | requests) !== 0;
}

function sleepsOnWork(m: Machine, vcpu: number, atTheEnd: boolean): boolean {
  if (!isAsleep(m, vcpu) || !hasWork(m, vcpu) || (!atTheEnd && isAnybodyBusy(m, vcpu))) {
    return false;
  }
  const wakeup = HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR;
  for (let cpu = 0; cpu < m.cpuCount; cpu++) {
    if (isPending(m, cpu, wakeup)) {
      return false;
    }
  }
  return true;
}

/** In guest mode, and neither the guest nor the interrupt hardware is between two steps of something. */
function isSettledInGuest(m: Machine, vcpu: number): boolean {
  const settled = m.idle(m.vcpuAgent(vcpu)) && !isCpuBusy(m, m.words[m.vcpu(vcpu) + V.cpu]);
  return settled && runsInGuest(m, vcpu) && control(m, vcpu, 'virtual_interrupt_delivery');
}

function sviIsWrong(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  if (m.words[base + V.guest_mode] !== 0 || !isSettledInGuest(m, vcpu)) {
    return false;
  }
  return ((m.words[base + V.guest_intr_status] >>> 8) & 0xff) !== Math.max(highest(m, base + V.isr), 0);
}

function entersWithLowRvi(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  const delivers = m.words[base + V.guest_mode] === 0 && control(m, vcpu, 'virtual_interrupt_delivery');
  if (!delivers || !runsInGuest(m, vcpu) || isBeingNotified(m, vcpu) || isScenarioBusy(m)) {
    return false;
  }
  const agent = m.vcpuAgent(vcpu);
  const low = (m.words[base + V.guest_intr_status] & 0xff) < highest(m, base + V.irr);
  return low && someFrame(m, (at, name) => at === agent && name === 'VM entry');
}

/** 0xf2 waits at a CPU, and the vCPU that owns it, if any, has nothing outstanding. */
function notifiesNobody(m: Machine, cpu: number): boolean {
  if (!isPending(m, cpu, HOST_VECTORS.POSTED_INTR_VECTOR) || isCpuBusy(m, cpu)) {
    return false;
  }
  const owner = m.words[m.cpu(cpu) + C.loaded];
  return owner < 0 || (m.words[m.vcpu(owner) + V.pi_desc + PID_CONTROL] & (1 << POSTED_INTR_ON)) === 0;
}

/**
 * Every invariant that does not hold in the present state, by vCPU and then by CPU. `atTheEnd`: nobody can do anything more, so that whoever
 * is in the middle of something waits for ever.
 */
export function brokenInvariants(m: Machine, atTheEnd = false): Broken[] {
  const broken: Broken[] = [];
  if (m.config.vendor !== 'intel' || !m.config.apicv) {
    return broken;
  }
  const add = (name: InvariantName, index: number, holds: boolean) => {
    if (!holds) {
      broken.push({ name, index });
    }
  };
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    add('pir-without-harvest', vcpu, !pirIsLost(m, vcpu, atTheEnd));
    add('asleep-with-work', vcpu, !sleepsOnWork(m, vcpu, atTheEnd));
    add('in-service-outlives-eoi', vcpu, !sviIsWrong(m, vcpu));
    add('rvi-below-virr', vcpu, !entersWithLowRvi(m, vcpu));
  }
  for (let cpu = 0; cpu < m.cpuCount; cpu++) {
    add('notification-finds-nobody', cpu, !notifiesNobody(m, cpu));
  }
  return broken;
}
