import type { Range } from './program.ts';
import type { Node, Tree } from './tree.ts';

export interface Item {
  /** First line of the item, as written. */
  readonly name: string;
  readonly kind: 'machine' | 'vcpu' | 'action' | 'expect';
  /** 0-based, both inclusive. */
  readonly first: number;
  readonly last: number;
  readonly range: Range;
  readonly children: readonly Item[];
}

function itemOf(node: Node, tree: Tree): Item | undefined {
  const { kind, range } = node;
  switch (kind) {
    case 'setting':
    case 'with':
    case 'guest':
    case 'choose':
    case 'race':
    case 'unknown':
      return undefined;
  }
  const name = tree.lines[range.line].text.slice(range.start, range.end).replaceAll(/\s+/g, ' ');
  // A device is described with the machine, as a vCPU is.
  return { name, kind: kind === 'device' ? 'vcpu' : kind, first: range.line, last: range.line, range, children: [] };
}

/** The machine with the starts of its vCPUs, then actions with the expectations that follow them. */
export function outline(tree: Tree): Item[] {
  const items: (Item & { children: Item[]; last: number })[] = [];
  for (const node of tree.nodes) {
    const parent = items[items.length - 1];
    const item = itemOf(node, tree);
    if (!item) {
      if (parent?.kind === 'machine') parent.last = node.range.line;
    } else if (parent && belongs(item, parent)) {
      parent.children.push(item);
      parent.last = item.last;
    } else {
      items.push({ ...item, children: [] });
    }
  }
  return items;
}

function belongs(item: Item, parent: Item): boolean {
  return item.kind === 'expect' ? parent.kind === 'action' : item.kind === 'vcpu' && parent.kind === 'machine';
}

export interface Fold {
  readonly first: number;
  readonly last: number;
  readonly comment: boolean;
}

/** Comments of two lines and more, the machine, and actions with their expectations. */
export function folds(tree: Tree): Fold[] {
  const found: Fold[] = [];
  let from = 0;
  for (let i = 0; i <= tree.lines.length; i++) {
    const line = tree.lines[i];
    if (line?.comment && line.code.length === 0) continue;
    if (i - from > 1) found.push({ first: from, last: i - 1, comment: true });
    from = i + 1;
  }
  for (const { first, last } of outline(tree)) if (last > first) found.push({ first, last, comment: false });
  return found.sort((a, b) => a.first - b.first);
}
