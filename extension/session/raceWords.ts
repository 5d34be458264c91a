/** What the conditions of a race look at after every step, and whether the engine takes part: what partial-order reduction has to know. */
import { atWork } from '../engine/agents.ts';
import { activityOf } from '../engine/explore/footprint.ts';
import type { Looks } from '../engine/explore/reduction.ts';
import { Visibility } from '../engine/explore/visibility.ts';
import { C, V } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import { type Expression, LIST_WORDS, type Place } from '../engine/restated/code.ts';
import type { Program } from '../scenario/program.ts';
import type { RaceRun } from './race.ts';

/** How the conditions and agents of a race look at its machine. */
export function looksOf(m: Machine, program: Program, race: RaceRun): Looks {
  const { conditions, agents } = race.race;
  const visible = new Set<number>();
  const counted = new Set<number>();
  for (const { when, holds, within } of conditions) {
    if (when === 'finally') {
      continue;
    }
    if (holds.kind === 'conditions') {
      addBlocks(m, visible);
    } else {
      addExpression(m, race, holds.expression, visible);
    }
    if (within !== undefined) {
      counted.add(race.agents[within.agent]);
    }
  }
  const handlers = new Map<number, number[]>();
  agents.forEach(({ interrupts }, i) => {
    if (interrupts !== undefined) {
      const thread = race.agents[interrupts];
      handlers.set(thread, [...(handlers.get(thread) ?? []), race.agents[i]]);
    }
  });
  const areHandlers = new Set([...handlers.values()].flat());
  return {
    engine: engineActs(m, program),
    visible,
    counted,
    heldBy: agent => handlers.get(agent) ?? [],
    progress: agent => race.progress(agent),
    status: agent => (m.idle(agent) ? 0 : areHandlers.has(agent) && !atWork(m, agent) ? 1 : 2),
    invariants: new Visibility(m, race.invariants),
  };
}

/** Fields of a vCPU that nothing acts upon of its own accord, as long as the engine is not called. */
const QUIET: readonly (readonly [word: number, count: number])[] = [
  [V.mode, 1],
  [V.requests, 1],
  [V.apicv_active, 1],
  [V.waiter, 1],
  [V.irr, 8],
  [V.isr, 8],
  [V.tmr, 8],
  [V.preempted, 1],
  [V.pi_desc, 16],
  [V.guest_intr_status, 1],
  [V.eoi_exit_bitmap, 8],
  [V.on_wakeup_list, 1],
  [V.pre_pcpu, 1],
  [V.tpr, 1],
  [V.ppr, 1],
  [V.mp_state, 1],
  [V.pending_events, 1],
  [V.sipi_vector, 1],
  [V.pv_unhalted, 1],
  [V.nmi_pending, 1],
];

/** Can operations of the engine take part, or its processors act by themselves? Else the threads of the scenario are alone. */
function engineActs(m: Machine, program: Program): boolean {
  const { race, additions } = program;
  const own = Array.from({ length: m.ownAgents }, (_, agent) => agent);
  if (race?.agents.some(({ does }) => does.kind === 'actions') || own.some(agent => !m.idle(agent) || m.ready(agent))) {
    return true;
  }
  return (additions?.operations ?? []).some(({ body }) => body.some(wakesEngine));
}

function wakesEngine(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) {
    return false;
  }
  const { kind, callee, block, word } = part as { readonly [key: string]: unknown };
  if (kind === 'irq' || kind === 'ipi' || (kind === 'call' && typeof callee === 'object') || block === 'cpu') {
    return true;
  }
  const isPlace = block === 'vcpu' && typeof word === 'number';
  if (isPlace && !QUIET.some(([first, count]) => word >= first && word < first + count)) {
    return true;
  }
  return Object.values(part).some(wakesEngine);
}

function addBlocks(m: Machine, words: Set<number>): void {
  for (let address = m.layout.vcpus; address < m.layout.cpus + m.cpuCount * C.words; address++) {
    words.add(address);
  }
}

function addExpression(m: Machine, race: RaceRun, expression: Expression, words: Set<number>): void {
  for (const each of parts(expression)) {
    if (each.kind === 'done') {
      words.add(activityOf(m, race.agents[each.agent]));
      words.add(race.progressAddress(each.agent));
    } else if ('place' in each) {
      addPlace(m, each.place, words);
    } else if (each.kind === 'list') {
      for (let i = 0; i < LIST_WORDS; i++) {
        words.add(m.added + each.list + i);
      }
    }
  }
}

/** Whichever element or vCPU an index means: all of them. */
function addPlace(m: Machine, place: Place, words: Set<number>): void {
  switch (place.kind) {
    case 'shared':
      for (let i = 0; i < place.length; i++) {
        words.add(m.added + place.offset + i);
      }
      return;
    case 'bit':
      addPlace(m, place.of, words);
      return;
    default: {
      const count = place.kind === 'field' ? 1 : 8;
      const [base, size, blocks] =
        place.block === 'vcpu' ? [m.layout.vcpus, V.words, m.vcpuCount] : [m.layout.cpus, C.words, m.cpuCount];
      for (let block = 0; block < blocks; block++) {
        for (let i = 0; i < count; i++) {
          words.add(base + block * size + place.word + i);
        }
      }
    }
  }
}

/** The expression and everything in it. */
function* parts(expression: Expression): Generator<Expression> {
  yield expression;
  switch (expression.kind) {
    case 'unary':
      yield* parts(expression.of);
      return;
    case 'binary':
      yield* parts(expression.left);
      yield* parts(expression.right);
      return;
    case 'locked':
    case 'call':
      for (const value of expression.values) {
        yield* parts(value);
      }
      return;
    case 'list':
      if (expression.value !== undefined) {
        yield* parts(expression.value);
      }
  }
}
