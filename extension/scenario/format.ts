import { parse } from './parse.ts';
import { MAX_LINE_LENGTH, type SourceLine, type Token } from './tokens.ts';
import type { Node, Tree } from './tree.ts';

/** Settings of the machine stand below it, two columns in. */
const INDENT = 2;
/** Repetitions inside each other that are still indented. */
const DEEPEST = 8;
/** Blanks between two columns. */
const GAP = 2;
/** Longer lines do not push the comments of their neighbours out of sight, nor longer words their columns. */
const WIDEST = 100;
const WIDEST_HEAD = 20;
/** Heads that decide the columns; a longer one, such as a device with its name, only moves its own line. */
const SETTING = /^(kernel|vcpus|cpus|host|with)$/;
const VCPU = /^vcpu /;

interface Row {
  readonly indent: number;
  /** Its column is that of the settings. */
  readonly setting?: boolean;
  /** First column: `vcpu 0:`, `expect`, `kernel`. */
  readonly head: string;
  readonly body: string;
  readonly comment: string;
}

/** Words with one blank between them; none in front of a comma or colon. */
function join(tokens: readonly Token[]): string {
  const close = ({ kind, text }: Token) => kind === 'mark' && text !== '=';
  return tokens.reduce((text, token) => text + (text === '' || close(token) ? '' : ' ') + token.text, '');
}

function isSetting({ kind }: Node): boolean {
  return kind === 'setting' || kind === 'with' || kind === 'guest' || kind === 'choose';
}

/** How many tokens of the line form its first column. */
function headLength({ kind }: Node, code: readonly Token[]): number {
  if (kind === 'let' || kind === 'repeat' || kind === 'include') return code.length;
  if (kind === 'vcpu' || kind === 'machine' || kind === 'device' || kind === 'pin' || kind === 'irqfd') return 2;
  if (kind === 'action' && ['vcpu', 'cpu', 'device', 'irqfd'].includes(code[0].text)) return 3;
  if (kind === 'action' && (code[0].text === 'guest' || code[0].text === 'gsi')) return 2;
  return 1;
}

/** Lines that are not laid out: with characters that mean nothing, or so long that blanks could push them over the limit. */
function untouched({ text, code }: SourceLine): boolean {
  return text.length > MAX_LINE_LENGTH / 2 || code.some(token => token.kind === 'bad');
}

/** The row of a line; undefined for one that stays as it is. */
function rowOf(line: SourceLine, node: Node | undefined, inMachine: boolean, depth: number): Row | undefined {
  if (node?.kind === 'race') return undefined;
  const comment = line.comment?.text ?? '';
  if (node?.kind === 'section' && line.text.length <= MAX_LINE_LENGTH / 2) {
    const { start, end } = node.range;
    return { indent: 0, head: line.text.slice(start, end).replaceAll(/[\t-\r ]+/g, ' '), body: '', comment };
  }
  if (untouched(line)) return undefined;
  if (!node) {
    const indented = depth === 0 && inMachine && (line.comment?.range.start ?? 0) > 0;
    return { indent: INDENT * (depth + (indented ? 1 : 0)), head: '', body: '', comment };
  }
  const split = headLength(node, line.code);
  return {
    indent: isSetting(node) ? INDENT : INDENT * depth,
    setting: isSetting(node),
    head: join(line.code.slice(0, split)),
    body: join(line.code.slice(split)),
    comment,
  };
}

/** Lines inside operations: a comment between two lines of code keeps its place. */
function insideOperations(tree: Tree): ReadonlySet<number> {
  const inside = new Set<number>();
  let last = -1;
  for (const node of tree.nodes) {
    if (node.kind === 'race' && node.part === 'code') {
      for (let line = last + 1; line < node.range.line; line++) inside.add(line);
    }
    last = node.range.line;
  }
  return inside;
}

function codeOf(
  { indent, setting, head, body }: Row,
  widths: { readonly setting: number; readonly statement: number },
): string {
  const width = setting ? widths.setting : widths.statement;
  return `${' '.repeat(indent)}${body === '' ? head : head.padEnd(Math.max(width, head.length + GAP)) + body}`;
}

function isBlank(row: Row | undefined): boolean {
  return row !== undefined && row.head === '' && row.comment === '';
}

/** Where the comments of a paragraph stand: behind the longest line that has one. */
function commentColumns(code: readonly string[], rows: readonly (Row | undefined)[]): number[] {
  const columns: number[] = new Array(rows.length).fill(0);
  let from = 0;
  while (from < rows.length) {
    let width = 0;
    let to = from;
    for (; to < rows.length && !isBlank(rows[to]); to++) {
      if (rows[to]?.head && rows[to]?.comment && code[to].length <= WIDEST) width = Math.max(width, code[to].length);
    }
    columns.fill(width + GAP, from, to);
    from = to + 1;
  }
  return columns;
}

/** Canonical text of a tree, line for line: a formatted text has as many lines as the original, so that breakpoints stay. */
export function print(tree: Tree): string {
  const nodes = new Map(tree.nodes.map(node => [node.range.line, node]));
  let inMachine = false;
  let depth = 0;
  const inside = insideOperations(tree);
  const rows = tree.lines.map((line, number) => {
    const node = nodes.get(number);
    if (node) inMachine = node.kind === 'machine' || isSetting(node);
    else if (line.text.trim() === '') inMachine = false;
    else if (inside.has(number)) return undefined;
    if (node?.kind === 'section') depth = 0;
    if (node?.kind === 'end') depth = Math.max(0, depth - 1);
    const row = rowOf(line, node, inMachine, depth);
    if (node?.kind === 'repeat') depth = Math.min(depth + 1, DEEPEST);
    return row;
  });
  const widest = (heads: RegExp, least: number) => {
    const lengths = rows.map(row => (row && heads.test(row.head) && row.body !== '' ? row.head.length : 0));
    return lengths.reduce((most, length) => (length <= WIDEST_HEAD ? Math.max(most, length) : most), least) + GAP;
  };
  const widths = { setting: widest(SETTING, 0), statement: widest(VCPU, 'vcpu 0:'.length) };
  const code = rows.map(row => (row ? codeOf(row, widths) : ''));
  const columns = commentColumns(code, rows);
  return tree.lines
    .map((line, i) => {
      const row = rows[i];
      if (!row) return line.text;
      if (row.comment === '') return code[i];
      return row.head === ''
        ? `${' '.repeat(row.indent)}${row.comment}`
        : `${code[i].padEnd(Math.max(columns[i], code[i].length + GAP))}${row.comment}`;
    })
    .join('\n');
}

/**
 * The text with words in columns and comments kept. Idempotent; does not change what the scenario means; keeps every line and
 * the ends of lines. A text that cannot be read (see `scan`) comes back as it is.
 */
export function format(text: string): string {
  const tree = parse(text);
  if (tree.refused) return text;
  const printed = print(tree);
  return text.includes('\r\n') ? printed.replaceAll('\n', '\r\n') : printed;
}
