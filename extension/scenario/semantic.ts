/** What words mean where a grammar cannot know it: names that the scenario gives, fields, names of vectors and values. */
import { asStatement } from './completeRace.ts';
import { Listener } from './expected.ts';
import { fieldNamed } from './fieldNames.ts';
import { parseLine } from './parse.ts';
import type { Range } from './program.ts';
import { placesOn } from './rename.ts';
import type { Tree } from './tree.ts';

/** Standard token types of an editor. */
export const SEMANTIC_TYPES = [
  'variable',
  'class',
  'function',
  'label',
  'property',
  'enumMember',
  'namespace',
] as const;
export const SEMANTIC_MODIFIERS = ['declaration', 'readonly'] as const;

export interface SemanticToken {
  readonly range: Range;
  readonly type: (typeof SEMANTIC_TYPES)[number];
  readonly modifiers: readonly (typeof SEMANTIC_MODIFIERS)[number][];
}

const NAMES = {
  constant: 'variable',
  device: 'class',
  operation: 'function',
  agent: 'label',
  variable: 'variable',
  variant: 'enumMember',
} as const;

function wordsIn(tree: Tree, line: number): SemanticToken[] {
  const node = tree.parsed[line]?.node;
  const racing = node?.kind === 'race';
  if (racing && !node.action && !node.conditions) return [];
  const code = asStatement(tree.lines[line].code, racing);
  if (code.length === 0) return [];
  const listener = new Listener();
  parseLine(code, listener);
  return [...listener.roles].flatMap(([{ range, text }, role]): SemanticToken[] => {
    const of = (type: SemanticToken['type'], ...modifiers: SemanticToken['modifiers']) => [{ range, type, modifiers }];
    switch (role.kind) {
      case 'function':
      case 'trace':
        return of('function');
      case 'field':
        return fieldNamed(role.block, text) ? of('property') : [];
      case 'vector':
      case 'register':
      case 'inhibit':
        return /^[A-Z]/.test(text) ? of('enumMember', 'readonly') : [];
      case 'value':
      case 'test':
        return /^[A-Za-z]/.test(text) ? of('enumMember', 'readonly') : [];
      default:
        return [];
    }
  });
}

/** Tokens of some lines, in text order. */
export function semanticTokens(tree: Tree, first: number, last: number): SemanticToken[] {
  const found: SemanticToken[] = [];
  for (let line = first; line <= Math.min(last, tree.lines.length - 1); line++) {
    const node = tree.parsed[line]?.node;
    if (!node) continue;
    if (node.kind === 'section') {
      if (node.title) found.push({ range: node.title, type: 'namespace', modifiers: ['declaration'] });
      continue;
    }
    const names = placesOn(tree, line).map(({ kind, range, declares }): SemanticToken => {
      const modifiers = [
        ...(declares ? ['declaration' as const] : []),
        ...(kind === 'constant' ? ['readonly' as const] : []),
      ];
      return { range, type: NAMES[kind], modifiers };
    });
    const taken = (range: Range) => names.some(each => each.range.start < range.end && range.start < each.range.end);
    const words = wordsIn(tree, line).filter(({ range }) => !taken(range));
    found.push(...[...names, ...words].sort((a, b) => a.range.start - b.range.start));
  }
  return found;
}
