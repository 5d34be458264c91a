import type { Annotation } from '../decode/annotate.ts';
import { MAX_LINE } from '../decode/lines.ts';
import { annotateLines } from '../decode/stream.ts';
import { type InputLine, inputLines, LINE_LIMIT } from './inputLines.ts';
import { EXIT, type Io } from './io.ts';

/** Lines that are printed at a time. */
const PAGE = 256;

/** Output in pages: a write for each of a million lines takes longer than finding what to write. */
class Pages {
  private lines: string[] = [];
  constructor(private readonly io: Io) {}

  out(line: string): void {
    this.lines.push(line);
    if (this.lines.length >= PAGE) this.flush();
  }

  flush(): void {
    if (this.lines.length > 0) this.io.out(this.lines.join('\n'));
    this.lines = [];
  }
}

/** Says of an overlong line what becomes of it, and hands its text on. */
async function* texts(lines: AsyncIterable<InputLine>, io: Io): AsyncGenerator<string> {
  let n = 0;
  for await (const { text, length } of lines) {
    n++;
    if (length > MAX_LINE) {
      const cut = length > LINE_LIMIT ? ` and only its first ${LINE_LIMIT} are printed` : '';
      io.err(`line ${n}: ${length} characters; only the first ${MAX_LINE} are searched for values${cut}`);
    }
    yield text;
  }
}

function under(text: string, { text: what, explanation }: Annotation): string[] {
  const wrong = explanation.problems.map(p => `; ${p.severity}: ${p.text}`).join('');
  const change = explanation.notes.find(note => note.startsWith('this patch: '));
  const line = `  ^ ${what.replace(/\s+/g, ' ')}: ${explanation.meaning}${wrong}`;
  return change && text.startsWith('+') ? [line, `    ${change}`] : [line];
}

/** Prints a text with what is explained in it, or the explanations alone as one JSON array. Exit code 1: nothing found. */
export async function annotateInput(input: AsyncIterable<Uint8Array | string>, json: boolean, io: Io): Promise<number> {
  const pages = new Pages(io);
  let found = 0;
  for await (const line of annotateLines(texts(inputLines(input), io))) {
    if (!json) pages.out(line.text);
    for (const annotation of line.found) {
      if (json) pages.out(`${found === 0 ? '[' : ','}${JSON.stringify(annotation)}`);
      else for (const text of under(line.text, annotation)) pages.out(text);
      found++;
    }
  }
  if (json) pages.out(found === 0 ? '[]' : ']');
  pages.flush();
  return found > 0 ? EXIT.ok : EXIT.failed;
}
