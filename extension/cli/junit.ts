/** Outcomes as a JUnit report, as CI systems read it: a file is a test case. */
import type { FileOutcome } from './run.ts';

export function junit(outcomes: readonly FileOutcome[]): string {
  const failures = outcomes.filter(outcome => outcome.failures.length > 0).length;
  const errors = outcomes.filter(outcome => outcome.problems.length > 0).length;
  const cases = outcomes.map(testCase).join('');
  const totals = `tests="${outcomes.length}" failures="${failures}" errors="${errors}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="irqscope" ${totals}>\n${cases}</testsuite>\n`;
}

function testCase({ file, failures, problems }: FileOutcome): string {
  const entries = [
    ...failures.map(({ line, text }) => entry('failure', file, line, text)),
    ...problems.map(({ line, text }) => entry('error', file, line, text)),
  ];
  const open = `  <testcase classname="scenario" name="${escaped(file)}"`;
  return entries.length === 0 ? `${open}/>\n` : `${open}>\n${entries.join('')}  </testcase>\n`;
}

function entry(kind: 'failure' | 'error', file: string, line: number, text: string): string {
  return `    <${kind} message="${escaped(text)}">${escaped(`${file}:${line}: ${text}`)}</${kind}>\n`;
}

/** XML has no way to write most control characters: they become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;');
}
