/** Lines that belong together: restated operations, the race and its conditions. Everything else is one line, one statement. */
import { braces, codeTokens } from './codeTokens.ts';
import { Cursor } from './cursor.ts';
import { diagnostic } from './diagnostics.ts';
import { parseConditions } from './parseExpect.ts';
import type { Range } from './program.ts';
import { shown } from './suggest.ts';
import type { SourceLine, Token } from './tokens.ts';
import type { ActionNode, ParsedLine, RaceNode } from './tree.ts';
import { isKey, RACE_STATEMENTS } from './words.ts';

/** Reads one line by itself, as a statement. */
type ParseLine = (code: readonly Token[]) => ParsedLine;

export class RaceLines {
  /** Braces that are open. */
  private depth = 0;
  /** The lines of a race follow. */
  private racing = false;

  /** The node of the line if it is part of a race or of an operation. */
  take(line: SourceLine, number: number, parseLine: ParseLine): ParsedLine | undefined {
    const { code } = line;
    const range: Range = { ...code[0].range, end: code[code.length - 1].range.end };
    const base = { kind: 'race', range, head: code[0], broken: false } as const;
    if (this.depth > 0) {
      this.depth += braces(codeTokens(line, number));
      return whole({ ...base, part: 'code' });
    }
    const [head, second] = code;
    if (this.racing && head.kind === 'word' && (second?.text === ':' || second?.text === 'interrupts')) {
      return this.agent(line, base, parseLine);
    }
    this.racing = false;
    if (head.kind !== 'word' || !isKey(RACE_STATEMENTS, head.text)) return undefined;
    switch (head.text) {
      case 'operation':
        this.depth = Math.max(0, braces(codeTokens(line, number)));
        return whole({ ...base, part: 'operation' });
      case 'race':
        this.racing = true;
        return whole({ ...base, part: 'race' });
      case 'always':
      case 'never':
      case 'finally':
      case 'eventually':
        return condition(line, base);
      default:
        return whole({ ...base, part: head.text });
    }
  }

  /** `a: vcpu 0: ipi fixed 0x41 to 2`, `a: post(1)`, `h interrupts v: handler()`. */
  private agent(line: SourceLine, base: Omit<RaceNode, 'part'>, parseLine: ParseLine): ParsedLine {
    const { code } = line;
    const colon = code.findIndex(token => token.text === ':');
    const interrupts = code[1].text === 'interrupts' ? code[2] : undefined;
    const rest = code.slice(colon + 1);
    const node: RaceNode = { ...base, part: 'agent', ...(interrupts && { interrupts }) };
    if (colon < 0 || rest.length === 0 || (interrupts && colon !== 3)) {
      return broken(node, base.range, 'Write what the agent does: `a: vcpu 0: eoi` or `a: post(1, 0x41)`.');
    }
    const calls = /^[A-Za-z_]\w*\s*\(/.test(line.text.slice(rest[0].range.start));
    if (calls) return whole({ ...node, from: rest[0].range.start });
    const parsed = parseLine(rest);
    if (parsed.node.kind !== 'action' && !parsed.node.broken) {
      return broken(
        node,
        parsed.node.range,
        `\`${shown(rest[0].text)}\` is nothing that an agent does. Write an action or a call.`,
      );
    }
    return {
      node: { ...node, broken: parsed.node.broken, action: parsed.node as ActionNode },
      diagnostics: parsed.diagnostics,
    };
  }
}

const whole = (node: RaceNode): ParsedLine => ({ node, diagnostics: [] });

function broken(node: RaceNode, range: Range, message: string): ParsedLine {
  return { node: { ...node, broken: true }, diagnostics: [diagnostic('irq202', range, message)] };
}

/** `always (…)`, `never exit on vcpu 1`, `finally vcpu 2: irr has 0x41`, `finally vcpu 2 takes 0x41`, `eventually within 20 of a (…)`. */
function condition(line: SourceLine, base: Omit<RaceNode, 'part'>): ParsedLine {
  let { code } = line;
  const node: RaceNode = { ...base, part: 'condition' };
  let within: RaceNode['within'];
  let after = 1;
  if (code[0].text === 'eventually') {
    const [, word, steps, of, agent] = code;
    if (word?.text !== 'within' || steps === undefined || of?.text !== 'of' || agent === undefined) {
      return broken(
        node,
        base.range,
        'Write after how many steps of which agent: `eventually within 20 of a (x == 1)`.',
      );
    }
    within = { steps, agent };
    after = 5;
  }
  const first = code[after];
  if (first === undefined) return broken(node, base.range, `Write what must hold: \`${code[0].text} (x == 1)\`.`);
  if (first.text.startsWith('(')) return whole({ ...node, ...(within && { within }), from: first.range.start });
  // `always vcpu 2 gets 0x41`: in every order it arrives in the end.
  const gets = code[0].text !== 'never' && code[after + 2]?.text === 'gets';
  if (gets) code = code.map(token => (token.text === 'gets' ? { ...token, text: 'takes' } : token));
  const cursor = new Cursor(code.slice(after - 1));
  cursor.take();
  const conditions = parseConditions(cursor);
  if (!cursor.failed) cursor.end();
  const call = conditions.find(({ kind }) => kind === 'call');
  if (call && !cursor.failed) {
    return broken(node, call.range, 'This is asked about what is so, not about steps: it stands in `expect`.');
  }
  return {
    node: { ...node, broken: cursor.failed, conditions, ...(within && { within }), ...(gets && { gets }) },
    diagnostics: cursor.diagnostics,
  };
}
