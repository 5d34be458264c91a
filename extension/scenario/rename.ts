/** Where the names of a scenario stand, and to what they can be changed. */
import { meanings } from './constants.ts';
import { declaredOn, type Name, type NamePlace, placesIn } from './names.ts';
import type { Range } from './program.ts';
import { shown } from './suggest.ts';
import type { Tree } from './tree.ts';

export type { Name } from './names.ts';

const IDENTIFIER = /^[A-Za-z_]\w*$/;
const LETTERS = 'letters, digits and `_`, beginning with a letter';
const SHAPES: Readonly<Record<Name['kind'], { readonly form: RegExp; readonly words: string }>> = {
  constant: { form: /^[A-Z][A-Z0-9_]*$/, words: 'capitals, digits and `_`, beginning with a letter' },
  device: { form: /^[A-Za-z_][\w.-]*$/, words: 'letters, digits, `_`, `.` and `-`, beginning with a letter' },
  operation: { form: IDENTIFIER, words: LETTERS },
  agent: { form: IDENTIFIER, words: LETTERS },
  variable: { form: IDENTIFIER, words: LETTERS },
  variant: { form: IDENTIFIER, words: LETTERS },
};

/** The name at a place, and where it stands. */
export function nameAt(tree: Tree, line: number, column: number): NamePlace | undefined {
  return placesIn(tree, line).find(({ range }) => range.start <= column && column <= range.end);
}

/** The names that stand in a line, in text order. */
export function placesOn(tree: Tree, line: number): (NamePlace & { readonly declares: boolean })[] {
  const declared = declaredOn(tree, line);
  return placesIn(tree, line).map(place => ({
    ...place,
    declares: declared.some(({ kind, range }) => kind === place.kind && range.start === place.range.start),
  }));
}

/** Every place of the scenario itself where the name stands, in text order. */
export function placesOf(tree: Tree, { kind, text }: Name): Range[] {
  return tree.lines.flatMap((_, line) =>
    placesIn(tree, line).flatMap(each => (each.kind === kind && each.text === text ? [each.range] : [])),
  );
}

/** Why the name cannot be changed to another one; undefined when it can. */
export function objection(tree: Tree, { kind, text }: Name, other: string): string | undefined {
  const { form, words } = SHAPES[kind];
  if (!form.test(other)) return `\`${shown(other)}\` cannot be the name: write ${words}.`;
  if (kind === 'constant' && meanings().has(other))
    return `\`${shown(other)}\` has a meaning already: write another name.`;
  if (other !== text && placesOf(tree, { kind, text: other }).length > 0) {
    return `There is \`${shown(other)}\` already: write another name.`;
  }
  return undefined;
}
