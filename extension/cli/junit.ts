/** Outcomes as a JUnit report, as CI systems read it: a file is a test case, or each of its sections. */
import type { FileOutcome } from './fileOutcome.ts';

export function junit(outcomes: readonly FileOutcome[]): string {
  const all = outcomes.flatMap(casesOf);
  const failures = all.filter(each => each.failures.length > 0).length;
  const errors = all.filter(each => each.problems.length > 0).length;
  const cases = all.map(testCase).join('');
  const totals = `tests="${all.length}" failures="${failures}" errors="${errors}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="irqscope" ${totals}>\n${cases}</testsuite>\n`;
}

interface Case extends Pick<FileOutcome, 'file' | 'failures' | 'problems'> {
  readonly name: string;
}

function casesOf({ file, failures, problems, sections }: FileOutcome): Case[] {
  if (sections.length === 0) return [{ file, name: file, failures, problems }];
  return sections.map(section => ({
    file,
    name: `${file}: ${section.title}`,
    failures: section.failures,
    problems: [],
  }));
}

function testCase({ file, name, failures, problems }: Case): string {
  const entries = [
    ...failures.map(({ line, text }) => entry('failure', file, line, text)),
    ...problems.map(({ line, text }) => entry('error', file, line, text)),
  ];
  const open = `  <testcase classname="scenario" name="${escaped(name)}"`;
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
