import { parse } from './parse.ts';
import type { Range } from './program.ts';
import type { ScenarioText, SectionNode, Tree } from './tree.ts';

export interface SectionTitle {
  readonly title: string;
  /** The line that begins the section. */
  readonly range: Range;
}

export function titleOf(tree: Tree, { title }: SectionNode): string {
  if (!title) return '';
  return tree.lines[title.line].text.slice(title.start, title.end).replaceAll(/[\t-\r ]+/g, ' ');
}

/** Sections of a tree, in text order; of those with the same title, which is an error, the first. */
export function titlesIn(tree: Tree): SectionTitle[] {
  const found = new Map<string, SectionTitle>();
  for (const node of tree.nodes) {
    if (node.kind !== 'section' || !node.title) continue;
    const title = titleOf(tree, node);
    if (!found.has(title)) found.set(title, { title, range: node.range });
  }
  return [...found.values()];
}

export function sectionsOf(text: ScenarioText): SectionTitle[] {
  return titlesIn(parse(text));
}
