/** What of a text can be explored. */
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { Program } from '../scenario/program.ts';
import type { ScenarioText } from '../scenario/tree.ts';

export interface Explorable {
  readonly program: Program;
  readonly variant: string | undefined;
}

/** The program in each of its variants, or why there is none. */
export function explorable(text: ScenarioText): readonly Explorable[] | string {
  const tree = parse(text);
  const { program, diagnostics } = check(tree);
  if (program === undefined) {
    const error = diagnostics.find(({ severity }) => severity === 'error');
    return error === undefined ? 'the text cannot be read' : `line ${error.range.line + 1}: ${error.message}`;
  }
  if (program.race === undefined) {
    return 'there is no race in this scenario';
  }
  const variants = program.variants ?? [];
  if (variants.length === 0) {
    return [{ program, variant: undefined }];
  }
  return variants.flatMap(({ name }) => {
    const checked = check(tree, { variant: name }).program;
    return checked === undefined ? [] : [{ program: checked, variant: name }];
  });
}
