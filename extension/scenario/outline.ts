import type { Range } from './program.ts';
import type { Node, Tree } from './tree.ts';

export interface Item {
  /** First line of the item, as written. */
  readonly name: string;
  readonly kind:
    | 'machine'
    | 'vcpu'
    | 'constant'
    | 'section'
    | 'repeat'
    | 'action'
    | 'expect'
    | 'operation'
    | 'race'
    | 'agent'
    | 'condition';
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
    case 'end':
    case 'unknown':
      return undefined;
    case 'let':
      return 'constant';
    case 'include':
      return 'machine'; // what it describes, and the vCPUs below it belong to that
    case 'device':
    case 'pin':
    case 'irqfd':
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
  const name = text.replace(/^(?:operation|section|let)\s+(?=\S)/, '').replace(/\s*\{$/, '');
  return { name, kind, first: range.line, last: range.line, range, children: [] };
}

/** An item that is still open. */
type Growing = Item & { children: Growing[]; last: number };

const PARENTS: Readonly<Partial<Record<Item['kind'], Item['kind']>>> = {
  vcpu: 'machine',
  expect: 'action',
  agent: 'race',
  condition: 'race',
};

/** What an item that is still open may hold. */
function holds(parent: Item, item: Item): boolean {
  const block = parent.kind === 'section' || parent.kind === 'repeat';
  return block ? item.kind !== 'section' : PARENTS[item.kind] === parent.kind;
}

/**
 * The machine with the starts of its vCPUs, restated operations, sections and repetitions with what happens in them, the race with its
 * agents, actions with the expectations that follow them.
 */
export function outline(tree: Tree): Item[] {
  const items: Growing[] = [];
  let open: Growing[] = [];
  for (const node of tree.nodes) {
    const item = itemOf(node, tree);
    if (item) {
      while (open.length > 0 && !holds(open[open.length - 1], item)) open.pop();
      const growing: Growing = { ...item, children: [] };
      (open[open.length - 1]?.children ?? items).push(growing);
      open.push(growing);
    } else {
      const extended = [...open].reverse().find(each => extendsItem(node, each));
      if (!extended) continue;
      open = open.slice(0, open.indexOf(extended) + 1);
    }
    for (const each of open) each.last = node.range.line;
    if (node.kind === 'end') open.pop();
  }
  return items;
}

/** Settings are part of the machine, code of its operation, `end` of what is repeated. */
function extendsItem(node: Node, parent: Item): boolean {
  if (node.kind === 'race') return node.part === 'code' && parent.kind === 'operation';
  return parent.kind === (node.kind === 'end' ? 'repeat' : 'machine');
}

export interface Fold {
  readonly first: number;
  readonly last: number;
  readonly comment: boolean;
}

function* whole(items: readonly Item[]): Generator<Item> {
  for (const item of items) {
    yield item;
    yield* whole(item.children);
  }
}

/** Comments of two lines and more, the machine, sections, repetitions, operations, the race, and actions with their expectations. */
export function folds(tree: Tree): Fold[] {
  const found: Fold[] = [];
  let from = 0;
  for (let i = 0; i <= tree.lines.length; i++) {
    const line = tree.lines[i];
    if (line?.comment && line.code.length === 0) continue;
    if (i - from > 1) found.push({ first: from, last: i - 1, comment: true });
    from = i + 1;
  }
  for (const { first, last } of whole(outline(tree))) if (last > first) found.push({ first, last, comment: false });
  return found.sort((a, b) => a.first - b.first);
}
