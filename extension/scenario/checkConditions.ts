import { checkExpect } from './checkExpect.ts';
import type { LineMachine } from './checkMessage.ts';
import type { Condition } from './program.ts';
import { eachOf } from './ranges.ts';
import type { Report } from './report.ts';
import type { SourceLine } from './tokens.ts';
import type { ExpectNode } from './tree.ts';

/** The conditions of one `expect`; one about a range of vCPUs becomes one condition for each. */
export function checkConditions(
  node: ExpectNode,
  line: SourceLine,
  machine: LineMachine,
  vcpus: number | undefined,
  report: Report,
): Condition[] {
  if (!node.conditions.some(each => each.kind !== 'call' && each.index.text.includes('..')))
    return checkExpect(node, line, machine, vcpus, report);
  const found: Condition[] = [];
  for (const condition of node.conditions) {
    if (condition.kind === 'call') {
      found.push(...checkExpect({ ...node, conditions: [condition] }, line, machine, vcpus, report));
      continue;
    }
    const { start, end } = condition.index.range;
    const written = line.text.slice(start, end);
    for (const index of eachOf(condition.index, report)) {
      const before = report.diagnostics.length;
      for (const each of checkExpect(
        { ...node, conditions: [{ ...condition, index }] },
        line,
        machine,
        vcpus,
        report,
      )) {
        found.push(each.kind === 'event' ? { ...each, text: each.text.replace(written, index.text) } : each);
      }
      // What is wrong with the first is wrong with all.
      if (report.diagnostics.length > before) break;
    }
  }
  return found;
}
