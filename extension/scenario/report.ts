import { type Code, type Diagnostic, diagnostic, type Fix } from './diagnostics.ts';
import type { Range } from './program.ts';
import { nearest, notOneOf, shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import { placeOf } from './tree.ts';
import { numberOf, VECTORS } from './values.ts';

const NOTHING: readonly Diagnostic[] = [];

/** Collects what the checker finds; reads numbers and says what is wrong with them. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];

  /** `names`: those that the scenario gives to values, to be suggested. `files`: those that it includes. */
  constructor(
    private readonly names: readonly string[] = [],
    private readonly files?: readonly string[],
  ) {}

  /** One more than the highest number of a vCPU, and of a CPU, that was found to exist. */
  readonly needs = { vcpus: 0, cpus: 0 };

  needing(what: 'vcpus' | 'cpus', index: number): number {
    this.needs[what] = Math.max(this.needs[what], index + 1);
    return index;
  }

  /** `Line 3`, or `` Line 3 of `machine.irq` ``. */
  line(number: number): string {
    const { file, line } = placeOf(this.files, number);
    return file === undefined ? `Line ${line + 1}` : `Line ${line + 1} of \`${shown(file)}\``;
  }

  /** Of a line without a problem, which most are, nothing is kept. */
  get found(): readonly Diagnostic[] {
    return this.diagnostics.length === 0 ? NOTHING : this.diagnostics;
  }

  add(code: Code, range: Range, message: string, fix?: Fix): void {
    this.diagnostics.push(diagnostic(code, range, message, fix));
  }

  push(problem: Diagnostic): void {
    this.diagnostics.push(problem);
  }

  /** The number that a word writes, of any width; undefined, and a diagnostic, when it writes none. */
  number(word: Token | undefined, what: string): bigint | undefined {
    if (!word) return undefined;
    const value = numberOf(word);
    if (value === undefined && nearest(word.text, this.names) !== undefined) {
      this.push(notOneOf('irq204', word, what, this.names));
    } else if (value === undefined) {
      this.add(
        'irq204',
        word.range,
        `\`${shown(word.text)}\` is not ${what}. Write a number such as \`0x41\` or \`65\`.`,
      );
    }
    return value;
  }

  /** A number from `least` to `most`, both below 2^32. */
  within(word: Token | undefined, what: string, least: number, most: number): number | undefined {
    const value = this.number(word, what);
    if (word === undefined || value === undefined) return undefined;
    if (value >= BigInt(least) && value <= BigInt(most)) return Number(value);
    const bound = (n: number) => (word.text.startsWith('0x') ? `0x${n.toString(16)}` : `${n}`);
    const remedy = `Write ${what} from ${bound(least)} to ${bound(most)}.`;
    this.add('irq304', word.range, `\`${shown(word.text)}\` is out of range. ${remedy}`);
    return undefined;
  }

  /** A number of at most `width` bits. */
  wide(word: Token | undefined, what: string, width: number): bigint | undefined {
    const value = this.number(word, what);
    if (word === undefined || value === undefined) return undefined;
    if (value >> BigInt(width) === 0n) return value;
    this.add(
      'irq407',
      word.range,
      `\`${shown(word.text)}\` has more than the ${width} bits of ${what}. Write a shorter number.`,
    );
    return undefined;
  }

  /** A vector as a number or by its name in the kernel. */
  vector(word: Token | undefined): number | undefined {
    if (!word) return undefined;
    if (/^[A-Z]/.test(word.text)) {
      if (Object.hasOwn(VECTORS, word.text)) return VECTORS[word.text];
      this.push(notOneOf('irq205', word, 'a vector that has a name', [...Object.keys(VECTORS), ...this.names]));
      return undefined;
    }
    const value = this.number(word, 'a vector');
    if (value === undefined) return undefined;
    if (value <= 0xffn) return Number(value);
    this.add('irq401', word.range, `\`${shown(word.text)}\` is not a vector. Write a vector from 0 to 0xff.`);
    return undefined;
  }
}
