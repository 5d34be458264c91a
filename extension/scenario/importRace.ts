/** Steps that interleave become restated operations: an operation for each agent, and a race between them. */

import type { Meaning, Primitive } from './importMeaning.ts';
import { vectorNumber } from './importNames.ts';
import type { Entry } from './importText.ts';

export interface Understood {
  readonly entry: Entry;
  readonly meaning: Meaning | undefined;
}

/** As many as a race may have. */
const MOST_AGENTS = 8;

const isStep = ({ meaning }: Understood) => meaning?.kind === 'primitive';

/** Who has the entry: a vCPU in any spelling is one agent. */
const agentOf = ({ entry }: Understood) => entry.agent.toLowerCase().replaceAll(/[^a-z\d]+/g, '');

/** Do the steps of two agents alternate, on a descriptor, with nobody doing more than such steps? */
export function isRace(entries: readonly Understood[]): boolean {
  const steps = entries.filter(isStep);
  const agents = new Set(entries.filter(each => agentOf(each) !== '').map(agentOf));
  const acts = entries.filter(
    ({ meaning }) => meaning?.kind === 'act' && /^(?:ipi|icr|eoi|block|preempt)/.test(meaning.act),
  );
  if (agents.size < 2 || agents.size > MOST_AGENTS || steps.length < 3 || acts.length > 0) return false;
  const changes = steps.filter((each, i) => i > 0 && agentOf(each) !== agentOf(steps[i - 1])).length;
  const writes = steps.some(({ meaning }) => meaning?.kind === 'primitive' && meaning.what === 'set PIR');
  return changes >= 2 && writes && steps.every(each => agentOf(each) !== '');
}

/** Code of a step; `word` is the part of PIR and IRR that the vector lies in. */
function codeOf(what: Primitive, vcpu: string, vector: string): string[] {
  const word = vectorNumber(vector) >>> 5;
  switch (what) {
    case 'set PIR':
      return [`set_bit(${vcpu}->pid.pir[${vector}])`];
    case 'set ON':
      return [`set_bit(${vcpu}->pid.on)`];
    case 'test and set ON':
      return [`test_and_set_bit(${vcpu}->pid.on)`];
    case 'clear ON':
      return [`clear_bit(${vcpu}->pid.on)`];
    case 'test ON':
      return [`if (test_bit(${vcpu}->pid.on)) { }`];
    case 'set SN':
      return [`set_bit(${vcpu}->pid.sn)`];
    case 'clear SN':
      return [`clear_bit(${vcpu}->pid.sn)`];
    case 'test SN':
      return [`if (test_bit(${vcpu}->pid.sn)) { }`];
    case 'read PIR':
      return [`if (test_bit(${vcpu}->pid.pir[${vector}])) { }`];
    case 'read IRR':
      return [`if (test_bit(${vcpu}->irr[${vector}])) { }`];
    case 'harvest PIR':
      return [
        'atomic {',
        `  ${vcpu}->irr.word[${word}] = ${vcpu}->irr.word[${word}] | ${vcpu}->pid.pir.word[${word}]`,
        `  ${vcpu}->pid.pir.word[${word}] = 0`,
        '}',
      ];
    case 'mode IN_GUEST_MODE':
      return [`smp_store_mb(${vcpu}->mode, IN_GUEST_MODE)`];
    case 'mode OUTSIDE_GUEST_MODE':
      return [`WRITE_ONCE(${vcpu}->mode, OUTSIDE_GUEST_MODE)`];
    case 'read mode':
      return [`if (READ_ONCE(${vcpu}->mode) == IN_GUEST_MODE) { }`];
    case 'notify':
      return [`send_ipi(${vcpu}->cpu, POSTED_INTR_VECTOR)`];
  }
}

/** A test with steps below it, open for them; undefined for others. `empty`, `clear` and `!` ask for the opposite. */
function testOf(code: string, { text, depth }: Entry, next: Entry | undefined): string | undefined {
  const [, condition] = /^if \((.*)\) \{ \}$/.exec(code) ?? [];
  if (condition === undefined || !/^if\b/.test(text) || next === undefined || next.depth <= depth) return undefined;
  const negated = /!(?!=)|\bnot\b|!=/.test(text) !== /empty|clear|\b0\b/.test(text);
  return `if (${negated ? `!(${condition})` : condition}) {`;
}

function closeTest(tests: number[], lines: string[]): void {
  tests.pop();
  lines.push(`${'  '.repeat(1 + tests.length)}}`);
}

/** `cpu1`, `device`; a letter where two would be alike or the name is no name. */
function labelsOf(agents: readonly string[]): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [i, agent] of agents.entries()) {
    const name = /^(?:[vp]?cpu\d{1,4}|vmm|qemu|device|nic|iommu|sender|receiver|target)/.exec(agent)?.[0];
    const free = name !== undefined && ![...labels.values()].includes(name);
    labels.set(agent, free ? name : String.fromCharCode(97 + i));
  }
  return labels;
}

export interface RaceLines {
  readonly lines: readonly string[];
  /** Entries that became `# not understood`, by their places. */
  readonly lost: readonly number[];
}

export function raceOf(entries: readonly Understood[], vector: string, comment: (text: string) => string): RaceLines {
  const lines: string[] = [];
  const lost: number[] = [];
  const agents = [...new Set(entries.map(agentOf))].filter(agent => agent !== '');
  const order = entries.filter(isStep).map(agentOf);
  const labels = labelsOf(agents);
  const concerned = new Set<number>();
  for (const agent of agents) {
    lines.push('', `# ${comment(entries.find(each => agentOf(each) === agent)?.entry.agent ?? agent)}`);
    lines.push(`operation ${labels.get(agent)}_steps() {`);
    /** Depths of the tests whose steps are being written. */
    const tests: number[] = [];
    const own = [...entries.entries()].filter(([, each]) => agentOf(each) === agent);
    for (const [i, [at, each]] of own.entries()) {
      const { entry, meaning } = each;
      while (tests.length > 0 && entry.depth <= tests[tests.length - 1]) closeTest(tests, lines);
      const indent = '  '.repeat(1 + tests.length);
      if (meaning?.kind !== 'primitive') {
        const enters = meaning?.kind === 'act' && meaning.act.startsWith('enter');
        const known = enters || meaning?.kind === 'part' || meaning?.kind === 'state';
        if (!known) lost.push(at);
        lines.push(`${indent}# ${known ? '' : 'not understood: '}${comment(entry.text)}`);
        continue;
      }
      concerned.add(meaning.on);
      const [first, ...more] = codeOf(meaning.what, `vcpu(${meaning.on})`, meaning.vector ?? vector);
      const test = testOf(first, entry, own[i + 1]?.[1].entry);
      if (test !== undefined) tests.push(entry.depth);
      lines.push(`${indent}${test ?? first}  # ${comment(entry.text)}`, ...more.map(line => indent + line));
    }
    while (tests.length > 0) closeTest(tests, lines);
    lines.push('}');
  }
  for (const [at, each] of entries.entries()) {
    if (agentOf(each) !== '') continue;
    lost.push(at);
    lines.push(`# not understood: ${comment(each.entry.text)}`);
  }
  lines.push('', `# The text has them in the order ${order.map(agent => labels.get(agent)).join(' ')}.`, 'race');
  lines.push(...agents.map(agent => `  ${labels.get(agent)}: ${labels.get(agent)}_steps()`));
  lines.push('', '# Whatever is posted is announced, or was seen.');
  lines.push(...[...concerned].map(n => `finally (vcpu(${n})->pid.pir == 0 || vcpu(${n})->pid.on)`));
  return { lines, lost };
}
