import { definitionsOf } from './definitions.ts';
import type { Explanation } from './explanation.ts';
import { findCandidates } from './find.ts';
import { linesOf } from './lines.ts';

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

/** Everything that can be explained in a text, in its order. A dump over several lines is reported at its first. */
export function annotate(text: string, languageId = languageOf(text)): Annotation[] {
  const lines = linesOf(text);
  const out: Annotation[] = [];
  const definitions = definitionsOf(lines);
  let group = '';
  for (let n = 0; n < lines.count; n++) {
    let inGroup = '';
    for (const c of findCandidates(lines, n, languageId, definitions)) {
      if (c.as === 'kvm_lapic_irq') {
        inGroup = c.text;
        if (c.text === group) continue;
      }
      out.push({ line: n + 1, column: c.start + 1, text: c.text, as: c.as, explanation: c.explain() });
    }
    group = inGroup;
  }
  return out;
}
