/** What is typed into the debug console beside expressions: a statement of the language, carried out or judged on the spot. */
import { VCPU_STATE } from '../../engine/fields.ts';
import { V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { check } from '../../scenario/check.ts';
import { parse } from '../../scenario/parse.ts';
import type { Action, Condition } from '../../scenario/program.ts';
import type { ScenarioText } from '../../scenario/tree.ts';
import type { AgentAction } from '../actions.ts';
import { UserError } from '../expression.ts';

type Typed =
  | { readonly kind: 'action'; readonly action: AgentAction }
  | { readonly kind: 'expect'; readonly conditions: readonly Condition[] };

/** An expression begins with a subject and a dot; what begins otherwise was meant as a statement. */
const STATEMENT = /^\s*(?:[a-z]\w*(?:\s+\w+)?\s*:|(?:send|msi|expect|assign|inhibit|uninhibit|physical)\b)/i;

export function looksLikeStatement(typed: string): boolean {
  return STATEMENT.test(typed);
}

/**
 * Reads a typed line on the machine and with the names of the scenario. `send …` is short for the MSI, or for the IPI of the first vCPU
 * in guest mode. Throws UserError when it is no statement, or one that only a scenario can hold.
 */
export function typedStatement(typed: string, scenario: ScenarioText, m: Machine): Typed {
  const [, sent] = /^\s*send\s+(.*)$/i.exec(typed) ?? [];
  const forms =
    sent === undefined ? [typed] : [sent, `msi ${sent}`, ...senders(m).map(vcpu => `vcpu ${vcpu}: ${sent}`)];
  let problem = '';
  for (const form of forms) {
    const read = statementOf(form, scenario);
    if (typeof read !== 'string') {
      return read;
    }
    problem ||= read;
  }
  throw new UserError(
    sent === undefined
      ? problem
      : `'${typed.trim()}' sends nothing; write \`send fixed 0x41 to 1\` or \`send ipi fixed 0x41 to 1\``,
  );
}

/** The first vCPU whose guest executes. */
function senders(m: Machine): number[] {
  const first = m.config.vcpus.findIndex((_, vcpu) => m.words[m.vcpu(vcpu) + V.state] === VCPU_STATE.running);
  return first < 0 ? [] : [first];
}

/** A sentence when the line is none. */
function statementOf(typed: string, scenario: ScenarioText): Typed | string {
  const tree = parse(scenario);
  const { program } = check(tree);
  const source = typeof scenario === 'string' ? { text: scenario, name: '', files: new Map() } : scenario;
  // Line for line as the scenario divides it.
  const lines = tree.lines.map(({ text }) => text);
  for (const { kind, range } of tree.nodes) {
    if (kind === 'race') {
      lines[range.line] = '';
    }
  }
  for (const { range } of program?.statements ?? []) {
    lines[range.line] = '';
  }
  const { program: single, diagnostics } = check(parse({ ...source, text: [...lines, typed].join('\n') }));
  const wrong = diagnostics.find(({ severity, range }) => severity === 'error' && range.line === lines.length);
  if (single === undefined || single.statements.length !== 1) {
    return wrong?.message ?? `'${typed.trim()}' is no single statement`;
  }
  return taken(single.statements[0].action) ?? `a ${single.statements[0].action.kind} can only stand in a scenario`;
}

function taken(action: Action): Typed | undefined {
  switch (action.kind) {
    case 'expect':
      return { kind: 'expect', conditions: action.conditions };
    case 'race':
    case 'section':
      return undefined;
    default:
      return { kind: 'action', action };
  }
}
