/** `always` and `never` of a scenario without a race: which step breaks which of them. */
import type { Machine } from '../engine/machine.ts';
import type { Value } from '../engine/restated/evaluate.ts';
import type { Program } from '../scenario/program.ts';
import type { Watch } from '../scenario/race.ts';
import { foundBy, testOf } from './race.ts';

/** A condition that a step has broken. */
export interface Broken {
  /** As it stands in the text. */
  readonly text: string;
  /** 1-based line on which it stands. */
  readonly line: number;
  /** What was found, in words. */
  readonly found: string;
}

export class Watches {
  private readonly watches: readonly Watch[];
  private readonly tests: readonly Value[];

  constructor(
    private readonly m: Machine,
    private readonly program: Program,
  ) {
    this.watches = program.watches ?? [];
    this.tests = this.watches.map(({ condition }) => testOf(condition));
  }

  /** There is anything to look at. */
  get any(): boolean {
    return this.watches.length > 0;
  }

  /** Numbers of those that a step of statement `index` must keep and the present state does not. Whoever sees reads does not see these. */
  notKept(index: number): readonly number[] {
    const { m } = this;
    const { observer } = m;
    m.observer = undefined;
    const found = this.tests.flatMap((test, i) => (this.isAbout(i, index) && test(m, 0) === 0 ? [i] : []));
    m.observer = observer;
    return found;
  }

  /** What the step of statement `index` that led to the present state has broken; all that is not kept, when it begins a run or section. */
  brokenBy(index: number): readonly Broken[] {
    const { m } = this;
    const { position } = m;
    const now = this.any && position > 0 ? this.notKept(index) : [];
    if (now.length === 0) {
      return [];
    }
    const found = now.map(i => foundBy(m, this.watches[i].condition));
    m.seek(position - 1);
    const before = this.before(index);
    m.seek(position);
    return now.flatMap((i, at) => {
      const { text, range } = this.watches[i].condition;
      return before.includes(i) ? [] : [{ text, line: range.line + 1, found: found[at] }];
    });
  }

  /** What was not kept before the coming step of statement `index`, and is no fault of that step. */
  before(index: number): readonly number[] {
    const begins = this.m.position === 0 || this.program.statements[index]?.action.kind === 'section';
    return begins ? [] : this.notKept(index);
  }

  private isAbout(watch: number, index: number): boolean {
    const { section } = this.watches[watch];
    const here = this.program.sections?.find(({ first, end }) => index >= first && index < end);
    return section === undefined || section === here?.title;
  }
}

/** `always vcpu 1: pid.on 0 does not hold any more: vcpu 1.pid.on is 1`. */
export function sentenceOf({ text, line, found }: Broken): string {
  return `${text} (line ${line}) is broken by this step${found === '' ? '' : `: ${found}`}`;
}
