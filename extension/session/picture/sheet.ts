/** A sheet that is filled from the top: lines of text that are broken where the sheet ends, and boxes. */
import type { Drawing, Ink, Run, Shape } from '../protocol.ts';

/** Dark on white wherever it is pasted; contrast of each with the paper is at least 4.5, of lines 1.5. */
const LIGHT: Drawing['colours'] = {
  paper: '#ffffff',
  ink: '#1f2328',
  dim: '#57606a',
  line: '#c4cbd2',
  tint: '#dde3ea',
  mark: '#0550ae',
  trouble: '#b5200d',
};

/** Advance of a letter as a part of the font size. Exact for monospaced fonts, generous for others: a line is broken rather early. */
const ADVANCE = { mono: 0.605, sans: 0.6 } as const;

/** Bold letters are wider than the others by about this. */
const BOLD = { mono: 1, sans: 1.15 } as const;

export const LINE_HEIGHT = 1.45;

export interface Type {
  readonly size: number;
  readonly face: 'mono' | 'sans';
}

export const MONO: Type = { size: 12, face: 'mono' };
export const SANS: Type = { size: 13, face: 'sans' };

export const run = (text: string, ink: Ink = 'ink', look: Pick<Run, 'bold' | 'struck'> = {}): Run => ({
  text: printable(text),
  ink,
  ...look,
});

export const dim = (text: string): Run => run(text, 'dim');
export const bold = (text: string): Run => run(text, 'ink', { bold: true });

/** What XML cannot hold, what starts another line and what turns the direction of the text would falsify the picture. */
function printable(text: string): string {
  return text.replace(/[\t\n\r]+/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu, '\ufffd');
}

/** Letters from here on are counted as two: CJK and pictures are as wide as high. */
const WIDE = 0x1100;

function lengthOf(text: string): number {
  let length = 0;
  for (const letter of text) length += letter.codePointAt(0)! >= WIDE ? 2 : 1;
  return length;
}

/** Letters that stand side by side in `width` pixels. */
const columnsOf = (width: number, { size, face }: Type): number =>
  Math.max(8, Math.floor(width / (size * ADVANCE[face])));

const sameLook = (a: Run, b: Run): boolean => a.ink === b.ink && a.bold === b.bold && a.struck === b.struck;

/** Breaks runs into lines of at most `columns` letters: between words, and inside a word that is longer than a line. */
export function broken(runs: readonly Run[], columns: number, face: Type['face']): Run[][] {
  const widthOf = (text: string, { bold }: Run) => lengthOf(text) * (bold ? BOLD[face] : 1);
  const lines: Run[][] = [[]];
  let used = 0;
  const put = (text: string, look: Run, length: number) => {
    if (used > 0 && used + length > columns) {
      lines.push([]);
      used = 0;
    }
    const line = lines[lines.length - 1];
    const last = line.at(-1);
    if (last && sameLook(last, look)) line[line.length - 1] = { ...last, text: last.text + text };
    else line.push({ ...look, text });
    used += length;
  };
  for (const each of runs) {
    for (const word of each.text.match(/ +|[^ ]+/g) ?? []) {
      const length = widthOf(word, each);
      const opensLine = used === 0 || used + length > columns;
      if (word.startsWith(' ') && opensLine && lines.length + used > 1) continue;
      if (length <= columns) put(word, each, length);
      else for (const letter of word) put(letter, each, widthOf(letter, each));
    }
  }
  return lines.map(trimmed);
}

function trimmed(line: readonly Run[]): Run[] {
  const last = line.at(-1);
  if (!last?.text.endsWith(' ')) return [...line];
  const text = last.text.trimEnd();
  return text === '' ? trimmed(line.slice(0, -1)) : [...line.slice(0, -1), { ...last, text }];
}

export class Sheet {
  readonly #behind: Shape[] = [];
  readonly #shapes: Shape[] = [];
  /** Where the next line begins. */
  y: number;

  constructor(
    readonly width: number,
    readonly margin: number,
  ) {
    this.y = margin;
  }

  box(shape: Omit<Extract<Shape, { kind: 'box' }>, 'kind'>): void {
    this.#shapes.push({ kind: 'box', ...shape });
  }

  /** A box that all others and the text lie upon. */
  boxBehind(shape: Omit<Extract<Shape, { kind: 'box' }>, 'kind'>): void {
    this.#behind.push({ kind: 'box', ...shape });
  }

  letter(x: number, y: number, size: number, run: Run): void {
    this.#shapes.push({ kind: 'text', x, y, size, face: 'mono', centred: true, runs: [run] });
  }

  /** Text from `x` on, in as many lines as it needs up to `right`. */
  text(x: number, right: number, type: Type, runs: readonly Run[]): void {
    const { size, face } = type;
    for (const line of broken(runs, columnsOf(right - x, type), face)) {
      this.y += size * LINE_HEIGHT;
      this.#shapes.push({ kind: 'text', x, y: round(this.y - size * 0.35), size, face, runs: line });
    }
  }

  gap(height: number): void {
    this.y += height;
  }

  rule(): void {
    this.gap(6);
    this.box({ x: this.margin, y: round(this.y), width: this.width - 2 * this.margin, height: 1, fill: 'line' });
    this.gap(6);
  }

  drawing(title: string, description: string): Drawing {
    const height = Math.ceil(this.y + this.margin);
    const paper: Shape = { kind: 'box', x: 0, y: 0, width: this.width, height, fill: 'paper' };
    return {
      title: printable(title),
      description: printable(description),
      width: this.width,
      height,
      colours: LIGHT,
      shapes: [paper, ...this.#behind, ...this.#shapes],
    };
  }
}

/** Tenths of a pixel: more only makes the file longer. */
export const round = (length: number): number => Math.round(length * 10) / 10;
