import type { Report } from './report.ts';
import { shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import { numberOf } from './values.ts';

/** Larger than the number of vCPUs or CPUs of any machine. */
const MOST = 1024n;

/** The words that `1..3` stands for: `1`, `2` and `3`, each where the range stands. Any other word stands for itself. */
export function eachOf(word: Token, report?: Report): readonly Token[] {
  const dots = word.text.indexOf('..');
  if (dots < 0) return [word];
  const from = numberOf({ ...word, text: word.text.slice(0, dots) });
  const to = numberOf({ ...word, text: word.text.slice(dots + 2) });
  // Whoever reads the number says that it is none.
  if (from === undefined || to === undefined) return [word];
  if (from > to) {
    const text = `${to}..${from}`;
    const fix = { title: `Change to '${text}'`, range: word.range, text };
    report?.add('irq705', word.range, `\`${shown(word.text)}\` holds nothing. Write \`${shown(text)}\`.`, fix);
    return [];
  }
  const count = to - from < MOST ? Number(to - from) + 1 : 1;
  // Of a range that no machine has, the end is what does not exist.
  const first = count === 1 ? to : from;
  return Array.from({ length: count }, (_, i) => ({ ...word, text: String(first + BigInt(i)) }));
}
