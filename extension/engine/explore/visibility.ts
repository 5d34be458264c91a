/**
 * Which steps of an agent the engine's invariants can see. Most can not: while an agent is in the middle of something that the invariant
 * waits for, it cannot be broken, whatever the others do; a step of this agent then hides nothing from it.
 */
import { type InvariantName, SENDERS } from '../invariants.ts';
import { AGENT, AGENT_WORDS, C, FRAME_WORDS, PID_CONTROL, V } from '../layout.ts';
import type { Machine } from '../machine.ts';

const PIR = 1;
const ASLEEP = 2;
const SVI = 4;
const RVI = 8;
const BITS: Readonly<Record<InvariantName, number>> = {
  'pir-without-harvest': PIR,
  'asleep-with-work': ASLEEP,
  'in-service-outlives-eoi': SVI,
  'rvi-below-virr': RVI,
  'notification-finds-nobody': 0,
};

/** Words of a vCPU that invariants look at, how many, and which invariants. */
const LOOKED_AT: readonly (readonly [word: number, count: number, invariants: number])[] = [
  [V.state, 1, PIR | ASLEEP],
  [V.cpu, 1, PIR | ASLEEP | SVI | RVI],
  [V.requests, 1, ASLEEP],
  [V.irr, 8, ASLEEP | RVI],
  [V.isr, 8, SVI],
  [V.pi_desc, PID_CONTROL + 1, PIR | ASLEEP],
  [V.guest_intr_status, 1, SVI | RVI],
  [V.controls, 1, SVI | RVI],
  [V.interrupts, 1, ASLEEP],
  [V.ppr, 1, ASLEEP],
  [V.pending_events, 1, ASLEEP],
  [V.pv_unhalted, 1, ASLEEP],
  [V.nmi_pending, 1, ASLEEP],
  [V.guest_mode, 1, SVI | RVI],
];

export class Visibility {
  /** By address: invariants that look at it, and for which vCPU; -1 for all. */
  private readonly words = new Map<number, { readonly vcpu: number; readonly invariants: number }>();
  private readonly asked: number;
  private before: number[] = [];

  constructor(
    private readonly m: Machine,
    invariants: readonly InvariantName[],
  ) {
    this.asked = invariants.reduce((all, name) => all | BITS[name], 0);
    if (this.asked === 0) {
      return;
    }
    for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
      const blocks = m.layout.nested < m.layout.pidTable ? [m.vcpu(vcpu), m.nested(vcpu)] : [m.vcpu(vcpu)];
      for (const base of blocks) {
        for (const [word, count, looking] of LOOKED_AT) {
          for (let i = 0; i < count; i++) {
            this.words.set(base + word + i, { vcpu, invariants: looking });
          }
        }
      }
    }
    for (let cpu = 0; cpu < m.cpuCount; cpu++) {
      for (let i = 0; i < 8; i++) {
        this.words.set(m.cpu(cpu) + C.irr + i, { vcpu: -1, invariants: PIR | ASLEEP });
      }
      this.words.set(m.cpu(cpu) + C.vcpu, { vcpu: -1, invariants: PIR | SVI | RVI });
    }
  }

  /** The agent is about to take a step. What the answer rests on is added to what the step reads. */
  begin(agent: number, reads: number[]): void {
    if (this.asked !== 0) {
      this.before = this.excused(agent, reads);
    }
  }

  /** The step was taken, and wrote to these addresses: does one of the invariants see it? */
  sees(agent: number, writes: readonly number[]): boolean {
    if (this.asked === 0) {
      return false;
    }
    const { before, asked } = this;
    const after = this.excused(agent, undefined);
    if (before.some((excused, vcpu) => ((excused ^ after[vcpu]) & ~excused & asked) !== 0)) {
      return true;
    }
    return writes.some(address => {
      const looking = this.words.get(address);
      if (looking === undefined) {
        return false;
      }
      const { vcpu, invariants } = looking;
      return before.some((excused, other) => (vcpu < 0 || vcpu === other) && (invariants & ~excused & asked) !== 0);
    });
  }

  /** By vCPU: invariants that cannot be broken while the agent stands where it does. */
  private excused(agent: number, reads: number[] | undefined): number[] {
    const { m } = this;
    const { words } = m;
    const threads = m.buffers?.threads ?? m.agentCount;
    const isScenario = agent >= m.ownAgents && agent < threads;
    // A store that waits: nothing is at rest.
    const atWork = agent >= threads || !m.idle(agent);
    const excused: number[] = [];
    for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
      const cpu = words[m.vcpu(vcpu) + V.cpu];
      let bits = atWork ? ASLEEP : 0;
      if (atWork && isScenario) {
        bits |= PIR | RVI;
      }
      if (agent === m.vcpuAgent(vcpu)) {
        bits |= atWork ? SVI | RVI : RVI;
        bits |= atWork && words[m.cpu(cpu) + C.vcpu] !== vcpu ? PIR : 0;
      } else if (agent === m.cpuAgent(cpu) && atWork) {
        bits |= PIR | SVI;
        reads?.push(m.vcpu(vcpu) + V.cpu);
      }
      excused.push(bits);
    }
    const base = m.layout.agents + agent * AGENT_WORDS;
    for (let depth = words[base + AGENT.depth]; depth > 0; depth--) {
      const frame = base + AGENT.words + (depth - 1) * FRAME_WORDS;
      const { name } = m.operations[words[frame] >>> 16];
      const local = SENDERS.get(name);
      if (local !== undefined && excused[words[frame + 1 + local]] !== undefined) {
        excused[words[frame + 1 + local]] |= PIR | RVI;
      } else if (name === 'VM entry' && excused[agent - 1] !== undefined) {
        excused[agent - 1] &= ~RVI;
      }
    }
    return excused;
  }
}
