/** `irqscope run --coverage`: which lines of the scenarios and which rules of the engine the runs have passed. */
import type { PassedPage, PassedRule } from '../session/rules.ts';
import { listed } from './columns.ts';
import type { FileOutcome } from './fileOutcome.ts';
import type { Io } from './io.ts';

const WIDTH = 80;

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
const passedSteps = ({ steps }: PassedRule) => steps.filter(({ count }) => count > 0).length;
const isPassed = ({ count }: PassedRule) => count > 0;

/** Steps and operations of one page: passed and all. */
function countsOf({ rules }: PassedPage): readonly [number, number, number, number] {
  return [
    sum(rules.map(passedSteps)),
    sum(rules.map(({ steps }) => steps.length)),
    rules.filter(isPassed).length,
    rules.length,
  ];
}

function row([steps, allSteps, operations, allOperations]: readonly number[], name: string): string {
  return `${`${steps}/${allSteps}`.padStart(9)}  ${`${operations}/${allOperations}`.padStart(10)}  ${name}`;
}

/** A table for people: lines that did not run, the rules by file and manual, and the operations that no scenario reached. */
export function printCoverage(outcomes: readonly FileOutcome[], pages: readonly PassedPage[], io: Io): void {
  io.out('\nLines that ran');
  for (const { file, statements, executed } of outcomes) {
    const missed = statements.filter(line => !executed.has(line));
    const rest = missed.length === 0 ? '' : `, not ${missed.join(', ')}`;
    io.out(`${`${statements.length - missed.length}/${statements.length}`.padStart(9)}  ${file}${rest}`);
  }
  io.out('\nRules of the engine that were passed');
  io.out('    steps  operations');
  const counts = pages.map(countsOf);
  pages.forEach((page, i) => {
    io.out(row(counts[i], page.path));
  });
  io.out(
    row(
      [0, 1, 2, 3].map(column => sum(counts.map(each => each[column]))),
      'all',
    ),
  );
  const missed = pages.filter(({ rules }) => rules.some(rule => !isPassed(rule)));
  if (missed.length > 0) io.out('\nOperations that were not reached');
  for (const { path, rules } of missed) {
    const names = [...new Set(rules.filter(rule => !isPassed(rule)).map(({ name }) => name))];
    io.out([`  ${path}`, ...listed(names, '    ', WIDTH)].join('\n'));
  }
}
