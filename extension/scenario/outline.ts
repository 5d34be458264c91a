import type { Range } from './program.ts';
import type { Node, Tree } from './tree.ts';

export interface Item {
  /** First line of the item, as written. */
  readonly name: string;
  readonly kind: 'machine' | 'vcpu' | 'action' | 'expect' | 'operation' | 'race' | 'agent' | 'condition';
  /** 0-based, both inclusive. */
  readonly first: number;
  readonly last: number;
  readonly range: Range;
  readonly children: readonly Item[];
}

function kindOf(node: Node): Item['kind'] | undefined {
  switch (node.kind) {
    case 'setting':
    case 'with':
    case 'guest':
    case 'choose':
    case 'unknown':
      return undefined;
    case 'device':
      return 'vcpu'; // described with the machine, as a vCPU is
    case 'race':
      switch (node.part) {
        case 'operation':
        case 'race':
        case 'agent':
        case 'condition':
          return node.part;
        default:
          return undefined;
      }
    default:
      return node.kind;
  }
}

function itemOf(node: Node, tree: Tree): Item | undefined {
  const { range } = node;
  const kind = kindOf(node);
  if (!kind) return undefined;
  const text = tree.lines[range.line].text.slice(range.start, range.end).replaceAll(/\s+/g, ' ');
  const name = kind === 'operation' ? text.replace(/^operation\s+/, '').replace(/\s*\{$/, '') : text;
  return { name, kind, first: range.line, last: range.line, range, children: [] };
}

/** The machine with the starts of its vCPUs, restated operations, the race with its agents, actions with the expectations that follow them. */
export function outline(tree: Tree): Item[] {
  const items: (Item & { children: Item[]; last: number })[] = [];
  for (const node of tree.nodes) {
    const parent = items[items.length - 1];
    const item = itemOf(node, tree);
    if (!item) {
      if (parent && extendsItem(node, parent)) parent.last = node.range.line;
    } else if (parent && belongs(item, parent)) {
      parent.children.push(item);
      parent.last = item.last;
    } else {
      items.push({ ...item, children: [] });
    }
  }
  return items;
}

const PARENTS: Readonly<Partial<Record<Item['kind'], Item['kind']>>> = {
  vcpu: 'machine',
  expect: 'action',
  agent: 'race',
  condition: 'race',
};

function belongs(item: Item, parent: Item): boolean {
  return PARENTS[item.kind] === parent.kind;
}

/** Settings are part of the machine, code of its operation. */
function extendsItem(node: Node, parent: Item): boolean {
  if (node.kind === 'race') return node.part === 'code' && parent.kind === 'operation';
  return parent.kind === 'machine';
}

export interface Fold {
  readonly first: number;
  readonly last: number;
  readonly comment: boolean;
}

/** Comments of two lines and more, the machine, operations, the race, and actions with their expectations. */
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
