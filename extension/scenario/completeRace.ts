import { STATEMENT_FUNCTIONS, VALUE_FUNCTIONS } from './codeFunctions.ts';
import { builtIns, codeFieldNames } from './codeScope.ts';
import { braces, codeTokens } from './codeTokens.ts';
import type { Suggestion } from './completion.ts';
import { link } from './link.ts';
import type { Token } from './tokens.ts';
import { lineOf, type RaceNode, type Tree } from './tree.ts';
import { isKey, STATEMENTS } from './words.ts';

const KEYWORDS: readonly string[] = ['if', 'else', 'while', 'do', 'for', 'return', 'continue', 'goto', 'atomic', 'int'];

/** Where a line stands among races and operations. */
export type Surroundings = 'operation' | 'race' | 'scenario';

/** The nodes of a race or an operation above a line decide what it may say. */
export function surroundings(tree: Tree, line: number): Surroundings {
  let depth = 0;
  let racing = false;
  for (const node of tree.nodes) {
    const number = node.range.line;
    if (number >= line) break;
    if (node.kind !== 'race') {
      racing = false;
      continue;
    }
    if (node.part === 'operation' || node.part === 'code')
      depth = Math.max(0, depth + braces(codeTokens(tree.lines[number], number)));
    racing = node.part === 'race' || node.part === 'agent';
  }
  return depth > 0 ? 'operation' : racing ? 'race' : 'scenario';
}

/** Operations that the text restates itself. */
function restated(tree: Tree): string[] {
  const isOperation = (node: Tree['nodes'][number]): node is RaceNode =>
    node.kind === 'race' && node.part === 'operation';
  const whole = link(tree);
  return whole.nodes.filter(isOperation).flatMap(({ range }) => {
    const [, name] = lineOf(whole, range.line).code;
    return name && /^\w+$/.test(name.text) ? [name.text] : [];
  });
}

/** What restated code may say behind `above`: fields behind an arrow, else calls and keywords. */
export function codeSuggestions(tree: Tree, above: string): Suggestion[] {
  const owner = /(vcpu|cpu|\w)\([^()]*\)->$|\w->$/.exec(above);
  if (owner) {
    const fields = codeFieldNames(owner[1] === 'cpu' ? 'cpu' : 'vcpu');
    return fields.map((label): Suggestion => ({ label, kind: 'field' }));
  }
  const own = restated(tree);
  const primitives = [...STATEMENT_FUNCTIONS, ...VALUE_FUNCTIONS];
  const kernel = [...builtIns().keys()].filter(name => !primitives.includes(name) && !own.includes(name));
  const calls = (names: readonly string[], detail: string) =>
    names.map((label): Suggestion => ({ label, kind: 'field', detail }));
  return [
    ...calls(own, 'restated by the scenario'),
    ...calls(primitives, 'one atomic action'),
    ...calls(kernel, 'operation of the engine'),
    ...KEYWORDS.map((label): Suggestion => ({ label, kind: 'keyword' })),
  ];
}

/** `a: vcpu 0: eoi` without `a:`, as the parser of races divides it. */
export function behindAgent(code: readonly Token[]): readonly Token[] {
  const names = code[1]?.text === ':' || code[1]?.text === 'interrupts';
  return names ? code.slice(code.findIndex(({ text }) => text === ':') + 1) : code;
}

/**
 * A line of a race as a statement that the parser of single lines reads: what an agent does; what must hold, as an `expect`. Any other line
 * is its own statement; code has none.
 */
export function asStatement(code: readonly Token[], racing: boolean): readonly Token[] {
  const [head] = code;
  if (head && isKey(CONDITIONS, head.text)) {
    const rest = code.slice(head.text === 'eventually' ? 5 : 1);
    if (rest[0]?.text.startsWith('(')) return [];
    const words = rest.map(token => (token.text === 'gets' ? { ...token, text: 'takes' } : token));
    return [{ ...head, text: 'expect' }, ...words];
  }
  return racing ? behindAgent(code) : code;
}

const CONDITIONS = { always: '', never: '', finally: '', eventually: '' };

/** What an agent does: a statement of its own, or a call of a restated operation. */
export function agentSuggestions(tree: Tree): Suggestion[] {
  const words = Object.entries(STATEMENTS).filter(([label]) => AGENT_WORDS.includes(label));
  return [
    ...words.map(([label, doc]): Suggestion => ({ label, kind: 'keyword', doc })),
    ...restated(tree).map((label): Suggestion => ({ label, kind: 'field', detail: 'restated by the scenario' })),
  ];
}

/** Words with which an agent's work begins; calls aside. */
const AGENT_WORDS: readonly string[] = [
  'vcpu',
  'cpu',
  'device',
  'guest',
  'msi',
  'gsi',
  'irqfd',
  'assign',
  'inhibit',
  'uninhibit',
];
