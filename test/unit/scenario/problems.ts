import { check } from '../../../extension/scenario/check.ts';
import type { Diagnostic } from '../../../extension/scenario/diagnostics.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import type { ScenarioText } from '../../../extension/scenario/tree.ts';

/** Four vCPUs with everything that Intel has. */
export const MACHINE = 'machine intel\n  kernel 6.16\n  vcpus 4 x2apic\n  with apicv ipiv vtd-posting\n';

export function diagnose(text: ScenarioText): readonly Diagnostic[] {
  return check(parse(text)).diagnostics;
}

/** The program of a text that must be without errors. */
export function programOf(text: ScenarioText): Program {
  const { program, diagnostics } = check(parse(text));
  if (!program) throw new Error(diagnostics.map(each => each.message).join('\n'));
  return program;
}

/** `code «text under the squiggle»` of each diagnostic. */
export function problems(text: string): string[] {
  const lines = text.split('\n');
  return diagnose(text).map(({ code, range }) => `${code} «${lines[range.line].slice(range.start, range.end)}»`);
}

/** The text after every fix has been applied, last one first. */
export function fixed(text: string): string {
  const lines = text.split('\n');
  for (const { fix } of [...diagnose(text)].reverse()) {
    if (!fix) continue;
    const { line, start, end } = fix.range;
    lines[line] = lines[line].slice(0, start) + fix.text + lines[line].slice(end);
  }
  return lines.join('\n');
}
