import { definitionsOf } from './definitions.ts';
import type { Definitions } from './evaluate.ts';
import type { Explanation } from './explanation.ts';
import { FUNCTION, findCandidates } from './find.ts';
import { type Lines, linesOf } from './lines.ts';
import { macro } from './macros.ts';

/** One explained place of a text; line and columns count from 1, as compilers do. */
export interface Annotation {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly as: string;
  readonly explanation: Explanation;
}

/** `diff`, when the text looks like one; otherwise `plaintext`. */
export function languageOf(text: string): string {
  return /^(?:> ?)*(?:diff --git |@@ -\d)/m.test(text) ? 'diff' : 'plaintext';
}

// What a line must hold to be worth a closer look: a name that could be a macro, a hexadecimal number, a trace event,
// a printed key. One pass over the text, because most lines of a source tree hold none.
const IN_CODE = /[A-Z][A-Z\d]*_[A-Za-z\d_]+|0x[\da-fA-F]{4}|kvm_\w+: /g;
const IN_TEXT =
  /[A-Z][A-Z\d]*_[A-Za-z\d_]+|0x[\da-fA-F]|\b[\da-fA-F]{8}\b|kvm_\w+: |\b(?:vec|dest|trig|del|level|shorthand|msi_)[a-z_]*\s*[:=]/g;

/** Numbers of the lines that may hold something, ascending. `code`: the text is C. */
export function* likelyLines(text: string, code: boolean): Generator<number> {
  const pattern = new RegExp(code ? IN_CODE : IN_TEXT);
  let line = 0;
  let counted = 0;
  let next = text.indexOf('\n');
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    if (/^[A-Z]/.test(match[0]) && !macro(match[0])) continue;
    while (next !== -1 && next < match.index) {
      line++;
      counted = next + 1;
      next = text.indexOf('\n', counted);
    }
    yield line;
    if (next === -1) return;
    pattern.lastIndex = Math.max(pattern.lastIndex, next);
  }
}

/** Reads line after line; a dump over several lines is reported at its first. */
export function lineReader(lines: Lines, definitions: Definitions): (n: number, languageId: string) => Annotation[] {
  let group = { text: '', line: -2 };
  return (n, languageId) =>
    findCandidates(lines, n, languageId, definitions).flatMap(c => {
      if (c.as === 'kvm_lapic_irq') {
        const same = c.text === group.text && n === group.line + 1;
        group = { text: c.text, line: n };
        if (same) return [];
      }
      if (c.as === FUNCTION) return [];
      return [{ line: n + 1, column: c.start + 1, text: c.text, as: c.as, explanation: c.explain() }];
    });
}

/** Everything that can be explained in a text, in its order. */
export function annotate(text: string, languageId = languageOf(text)): Annotation[] {
  const likely = [...likelyLines(text, languageId === 'c' || languageId === 'cpp')];
  if (likely.length === 0) return [];
  const lines = linesOf(text);
  const read = lineReader(lines, definitionsOf(lines));
  return likely.flatMap(n => read(n, languageId));
}
