/** The engine's rules as pages that a person can read, and which of them runs have passed. */
import { type Operation, operations, type Step } from '../engine/operation.ts';
import { profileOf } from '../engine/profile.ts';
import { explain } from './explain.ts';
import type { Session } from './session.ts';

/** One atomic step. `line`: 1-based, on its page. */
interface RuleStep {
  readonly step: Step;
  readonly label: string;
  readonly line: number;
}

interface Rule {
  readonly name: string;
  /** Section of the manual, where the page holds more than one; else empty. */
  readonly section: string;
  /** 1-based, on its page. */
  readonly line: number;
  readonly steps: readonly RuleStep[];
}

/** The operations of one file of the kernel or of one manual. */
export interface RulePage {
  /** `Linux/arch/x86/kvm/lapic.c`, `Intel SDM vol. 3` */
  readonly path: string;
  readonly rules: readonly Rule[];
}

/** How often each atomic step ran, and what it said the first time. */
export type RuleTally = Map<Step, { count: number; readonly sentence: string }>;

/** What became of one operation. */
export interface PassedRule {
  readonly name: string;
  readonly line: number;
  /** Runs of the step that ran most often: 0 = the operation was never reached. */
  readonly count: number;
  readonly steps: readonly { readonly label: string; readonly line: number; readonly count: number }[];
}

export interface PassedPage {
  readonly path: string;
  readonly rules: readonly PassedRule[];
}

/** Operations are written with the names of this kernel (`engine/names.ts`). */
const NAMED_AS = { kernel: '6.16' } as const;
const HEAD_LINES = 3;

/** Counts the steps of a run that has ended, as far as the scenario has not restated them. The session stays where it is. */
export function countRules(tally: RuleTally, { runner, length, position }: Session): void {
  const { machine } = runner;
  const first = new Map<Step, number>();
  for (let number = 1; number <= length; number++) {
    const code = machine.codeOf(number);
    if (code === undefined || operations[code.operation.id] !== code.operation) continue;
    const known = tally.get(code.step);
    if (known !== undefined) {
      known.count++;
    } else {
      tally.set(code.step, { count: 1, sentence: '' });
      first.set(code.step, number);
    }
  }
  for (const [step, number] of first) {
    const count = tally.get(step)?.count ?? 0;
    tally.set(step, { count, sentence: explain(runner, number).sentence });
  }
  machine.seek(position);
}

/** Every operation that does anything itself, by the file or manual that it was read in; the same whatever ran. */
export function rulePages(): RulePage[] {
  const profile = profileOf(NAMED_AS);
  const grouped = new Map<string, { readonly operation: Operation; readonly section: string }[]>();
  for (const operation of operations) {
    if (operation.steps.every(({ silent }) => silent)) continue;
    const { path, section } = placeOf(operation, operation.source(profile));
    const page = grouped.get(path);
    if (page === undefined) grouped.set(path, [{ operation, section }]);
    else page.push({ operation, section });
  }
  return [...grouped]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, entries]) => {
      let line = HEAD_LINES;
      const rules = entries.map(({ operation, section }): Rule => {
        line += 2;
        const start = line;
        const labels = [...operation.labels.keys()];
        const steps = operation.steps.flatMap((step, i) =>
          step.silent ? [] : [{ step, label: labels[i], line: ++line }],
        );
        return { name: operation.name, section, line: start, steps };
      });
      return { path, rules };
    });
}

/** The pages with what the runs have passed. */
export function passedPages(tally: RuleTally): PassedPage[] {
  return rulePages().map(({ path, rules }) => ({
    path,
    rules: rules.map(({ name, line, steps }): PassedRule => {
      const passed = steps.map(({ step, label, line: at }) => ({
        label,
        line: at,
        count: tally.get(step)?.count ?? 0,
      }));
      return { name, line, count: Math.max(...passed.map(({ count }) => count)), steps: passed };
    }),
  }));
}

/** The text of a page: its lines stand where `line` says, whatever ran. */
export function pageText({ path, rules }: RulePage, tally: RuleTally): string {
  const lines = [
    `# ${path}: what IRQScope's engine does, one line for each atomic step.`,
    '# Right of a step: what it said when it first ran under test; nothing where no test came by.',
    '# What only passes on to another function has no step of its own and is not listed.',
  ];
  for (const { name, section, line, steps } of rules) {
    while (lines.length < line - 1) lines.push('');
    lines.push(section === '' ? name : `${name}  (${section})`);
    const width = Math.max(...steps.map(({ label }) => label.length));
    for (const { step, label } of steps) {
      const said = tally.get(step)?.sentence ?? '';
      lines.push(`  ${label.padEnd(width)}  ${said}${step.assumed ? ' (assumed)' : ''}`.trimEnd());
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Files of the kernel by their path in its tree; manuals and everybody else's code by name. */
function placeOf({ actor, name: own }: Operation, source: string): { readonly path: string; readonly section: string } {
  const [first] = source.split(', ');
  if (/^[\w./-]+\.[ch]$/.test(first)) {
    const inTree = first.startsWith('asm/') ? `arch/x86/include/${first}` : first;
    const whole = /^(?:(?:svm|vmx)\/)?[^/]+$/.test(inTree) ? `arch/x86/kvm/${inTree}` : inTree;
    return { path: `Linux/${whole}`, section: '' };
  }
  const manual = /^(SDM vol\. 3|AMD APM vol\. 2|AMD IOMMU specification|VT-d [\d.]+|PCI)\b,?\s*(.*)$/.exec(source);
  if (manual !== null) {
    const name = manual[1].startsWith('SDM') ? `Intel ${manual[1]}` : manual[1];
    const section = manual[2].split(': ').pop() ?? '';
    return { path: `Manuals/${name}`, section: section === own ? '' : section };
  }
  return { path: `Others/${{ guest: 'guest', vmm: 'user space' }[actor as string] ?? actor}`, section: source };
}
