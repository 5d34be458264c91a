/** Statements in the order in which they are carried out: `repeat` and `section` are resolved here. */
import type { Range, Section, Statement } from './program.ts';
import type { Report } from './report.ts';
import { titleOf } from './sections.ts';
import { alternatives, nearest, shown } from './suggest.ts';
import type { Node, RepeatNode, SectionNode, Tree } from './tree.ts';

/** Of a scenario with everything that it repeats. */
export const MAX_STATEMENTS = 100_000;
/** A message lists at most so many titles. */
const MOST_NAMED = 6;

export interface Sequence {
  readonly statements: readonly Statement[];
  readonly sections: readonly Section[];
}

/** What stands above the first section, or in one. */
interface Part {
  readonly node?: SectionNode;
  readonly statements: Statement[];
}

interface Block {
  readonly node: RepeatNode;
  readonly count: number;
  /** Where its statements begin in those of the part. */
  readonly from: number;
}

/** May the line stand between `repeat` and `end`? */
function repeats({ kind }: Node): boolean {
  return ['action', 'expect', 'repeat', 'end', 'let', 'unknown'].includes(kind);
}

class Builder {
  readonly parts: Part[] = [{ statements: [] }];
  private blocks: Block[] = [];
  private full = false;

  constructor(
    private readonly tree: Tree,
    private readonly report: Report,
  ) {}

  take(node: Node, statements: readonly Statement[]): void {
    const part = this.parts[this.parts.length - 1];
    const open = this.blocks[this.blocks.length - 1];
    if (open && !repeats(node)) {
      const message = `\`${shown(node.head.text)}\` cannot be repeated: line ${open.node.range.line + 1} repeats what follows. Write \`end\` above this line.`;
      this.report.add('irq702', node.range, message);
      this.blocks = [];
    }
    if (node.kind === 'section') this.parts.push({ node, statements: [] });
    else if (node.kind === 'repeat') this.begin(node, part);
    else if (node.kind === 'end') this.end(node, part);
    else this.append(part, statements, node.range);
  }

  private begin(node: RepeatNode, part: Part): void {
    const count = node.broken ? 1 : (this.report.within(node.count, 'a number of times', 1, MAX_STATEMENTS) ?? 1);
    this.blocks.push({ node, count, from: part.statements.length });
  }

  private end(node: RepeatNode, part: Part): void {
    const block = this.blocks.pop();
    if (!block) {
      if (!node.broken)
        this.report.add('irq702', node.range, 'Nothing is repeated here. Write `repeat 3` above, or remove this line.');
      return;
    }
    const { statements } = part;
    const more = (statements.length - block.from) * (block.count - 1);
    if (statements.length + more > MAX_STATEMENTS) this.overflow(block.node.range);
    else for (let i = 0; i < more; i++) statements.push(statements[block.from + i]);
  }

  private append(part: Part, statements: readonly Statement[], range: Range): void {
    if (part.statements.length + statements.length > MAX_STATEMENTS) this.overflow(range);
    else for (const statement of statements) part.statements.push(statement);
  }

  private overflow(range: Range): void {
    if (this.full) return;
    this.full = true;
    const most = MAX_STATEMENTS.toLocaleString('en');
    const message = `With everything that it repeats the scenario has more than ${most} statements. Repeat less, or split it.`;
    this.report.add('irq703', range, message);
  }

  /** Every section on its own, from the machine's start on; without sections, the statements as they stand. */
  sequence(only: string | undefined): Sequence {
    const [open] = this.blocks;
    if (open) this.report.add('irq702', open.node.range, 'What is repeated does not end. Write `end` below it.');
    const [common, ...parts] = this.parts;
    this.checkTitles(parts);
    this.checkWanted(parts, only);
    if (parts.length === 0) return { statements: common.statements, sections: [] };
    const statements: Statement[] = [];
    const sections: Section[] = [];
    for (const { node, statements: own } of parts) {
      const title = node ? titleOf(this.tree, node) : '';
      if (!node || (only !== undefined && title !== only)) continue;
      const first = statements.length;
      if (first + 1 + common.statements.length + own.length > MAX_STATEMENTS) {
        this.overflow(node.range);
        break;
      }
      const text = this.tree.lines[node.range.line].text.slice(node.range.start, node.range.end);
      statements.push({ range: node.range, text, action: { kind: 'section' } });
      for (const statement of common.statements) statements.push(statement);
      for (const statement of own) statements.push(statement);
      sections.push({ title, range: node.range, first, end: statements.length });
    }
    return { statements, sections };
  }

  private checkTitles(parts: readonly Part[]): void {
    const lines = new Map<string, number>();
    for (const { node } of parts) {
      if (!node?.title) continue;
      const title = titleOf(this.tree, node);
      const first = lines.get(title);
      if (first === undefined) lines.set(title, node.range.line);
      else this.report.add('irq302', node.range, `Line ${first + 1} has this title already. Write another one.`);
    }
  }

  private checkWanted(parts: readonly Part[], only: string | undefined): void {
    const titles = parts.flatMap(({ node }) => (node ? [titleOf(this.tree, node)] : []));
    if (only === undefined || titles.includes(only)) return;
    const near = nearest(only, titles);
    const remedy = near ? `Did you mean \`${shown(near)}\`?` : existing(titles);
    const message = `The scenario has no section \`${shown(only)}\`. ${remedy}`;
    this.report.add('irq704', { line: 0, start: 0, end: 0 }, message);
  }
}

/** The titles that there are, or the first of many. */
function existing(titles: readonly string[]): string {
  if (titles.length === 0) return 'It has no sections at all: leave the title out.';
  const [named, more] = [titles.slice(0, MOST_NAMED).map(shown), titles.length - MOST_NAMED];
  return more > 0 ? `It has \`${named.join('`, `')}\` and ${more} more.` : `Write ${alternatives(named)}.`;
}

/** `statementsOf`: what a line comes to by itself. `only`: title of the one section that is wanted. */
export function sequenceOf(
  tree: Tree,
  statementsOf: (node: Node) => readonly Statement[],
  report: Report,
  only: string | undefined,
): Sequence {
  const builder = new Builder(tree, report);
  for (const node of tree.nodes) builder.take(node, statementsOf(node));
  return builder.sequence(only);
}
