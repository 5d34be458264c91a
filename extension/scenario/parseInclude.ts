import { type Diagnostic, diagnostic, type Fix } from './diagnostics.ts';
import type { Listener } from './expected.ts';
import type { Range } from './program.ts';
import type { Token } from './tokens.ts';
import type { ParsedLine } from './tree.ts';
import { STATEMENTS } from './words.ts';

const EXAMPLE = '`include "machine.irq"`';

/** The path stands in quotation marks, and nothing behind it. */
function problemOf(code: readonly Token[], range: Range): Diagnostic | undefined {
  const [head, path, more] = code;
  if (!path) {
    const missing = { ...range, start: head.range.end };
    return diagnostic('irq202', missing, `Write the file that describes the machine: ${EXAMPLE}.`);
  }
  if (path.kind !== 'string') {
    const words = { ...range, start: path.range.start };
    const quoted = code.slice(1).reduce((text, token, i) => {
      const gap = i === 0 ? 0 : token.range.start - code[i].range.end;
      return text + ' '.repeat(gap) + token.text.replaceAll('"', '');
    }, '');
    const fix: Fix = { title: 'Write it in quotation marks', range: words, text: `"${quoted}"` };
    return diagnostic('irq202', words, `The path stands in quotation marks: ${EXAMPLE}.`, fix);
  }
  if (path.text.length < 2 || !path.text.endsWith('"')) {
    const end = { ...path.range, start: path.range.end };
    const fix: Fix = { title: 'Close the quotation marks', range: end, text: '"' };
    return diagnostic('irq202', path.range, `The closing quotation mark is missing: ${EXAMPLE}.`, fix);
  }
  if (!more) return undefined;
  const rest = { ...range, start: more.range.start };
  const fix: Fix = { title: 'Remove what follows the path', range: { ...rest, start: path.range.end }, text: '' };
  return diagnostic('irq203', rest, 'The statement ends before this. Remove it, or begin a comment with `#`.', fix);
}

/** `include "machine.irq"` */
export function parseInclude(code: readonly Token[], range: Range, listener?: Listener): ParsedLine {
  const [head, path] = code;
  listener?.roles.set(head, { kind: 'word', words: STATEMENTS });
  if (!path) listener?.next.push({ kind: 'file' });
  else if (path.kind === 'string') listener?.roles.set(path, { kind: 'file' });
  const problem = problemOf(code, range);
  const node = { kind: 'include', range, head, broken: problem !== undefined } as const;
  return {
    node: path?.kind === 'string' && !problem ? { ...node, path } : node,
    diagnostics: problem ? [problem] : [],
  };
}
