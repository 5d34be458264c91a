/** Judges the conditions of an `expect`. */
import { hasVector, printField, readNumber, subjectName } from '../engine/fieldAccess.ts';
import { findField } from '../engine/fields.ts';
import { EVENT, V } from '../engine/layout.ts';
import { type Machine, SCENARIO } from '../engine/machine.ts';
import { allNames } from '../engine/names.ts';
import { vectorSet, vectorsAt } from '../engine/text.ts';
import type { Condition } from '../scenario/program.ts';

export interface Verdict {
  readonly condition: Condition;
  readonly holds: boolean;
  /** What was found, in words: `vcpu 2.pid.on is 1`. */
  readonly found: string;
}

/** `expects`: how many of the last steps of the scenario itself are `expect` lines, which ask about the same past. */
export function judge(m: Machine, condition: Condition, expects = Number.POSITIVE_INFINITY): Verdict {
  if (condition.kind === 'call') return judgeCall(m, condition, expects);
  return condition.kind === 'field' ? judgeField(m, condition) : judgeEvent(m, condition);
}

function judgeField(m: Machine, condition: Extract<Condition, { kind: 'field' }>): Verdict {
  const { subject, test, value } = condition;
  const field = findField(subject.block, condition.field);
  if (field === undefined) {
    throw new Error(`the checker let an unknown field pass: ${condition.field}`);
  }
  const ref = { field, index: subject.index };
  const equal = field.kind === 'vectors' ? hasVector(m, ref, value) : readNumber(m, ref) === value >>> 0;
  const wanted = test === 'is' || test === 'has';
  return {
    condition,
    holds: equal === wanted,
    found: `${subjectName(m, subject.block, subject.index)}.${field.path} is ${printField(m, ref)}`,
  };
}

/** Steps since the last `expect` (or section) that lie in the function. What is not recorded cannot be asked. */
function judgeCall(m: Machine, condition: Extract<Condition, { kind: 'call' }>, expects: number): Verdict {
  const { name, happens } = condition;
  let step = m.position;
  while (step > 0 && m.agentOf(step) === SCENARIO && m.position - step < expects) step--;
  let found = 0;
  for (; step > 0 && m.agentOf(step) !== SCENARIO; step--) {
    const code = m.codeOf(step);
    const names = code === undefined ? [] : [...code.operation.via, code.operation.name, ...code.step.via];
    if (names.some(each => allNames(each).includes(name))) found++;
  }
  return {
    condition,
    holds: !m.recording || found > 0 === happens,
    found: found === 0 ? `no step lay in ${name}` : `${found} step${found === 1 ? '' : 's'} lay in ${name}`,
  };
}

const EVENT_BITS = { exit: EVENT.exit, notification: EVENT.notification, 'wake-up': EVENT.wakeup } as const;

function judgeEvent(m: Machine, condition: Extract<Condition, { kind: 'event' }>): Verdict {
  const base = m.vcpu(condition.vcpu);
  if (condition.event === 'interrupt') {
    const taken = vectorsAt(m.words, base + V.taken);
    const happened = condition.vector === undefined ? taken.length > 0 : taken.includes(condition.vector);
    return {
      condition,
      holds: happened === condition.happens,
      found: `vcpu ${condition.vcpu} took ${taken.length === 0 ? 'no interrupt' : vectorSet(taken)}`,
    };
  }
  const happened = (m.words[base + V.events] & (1 << EVENT_BITS[condition.event])) !== 0;
  return {
    condition,
    holds: happened === condition.happens,
    found: `there was ${happened ? (condition.event === 'exit' ? 'an' : 'a') : 'no'} ${condition.event} of vcpu ${condition.vcpu}`,
  };
}
