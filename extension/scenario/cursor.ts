import { type Diagnostic, diagnostic } from './diagnostics.ts';
import type { Expected, Listener } from './expected.ts';
import type { Range } from './program.ts';
import { alternatives, nearest, notOneOf, shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import { GLUE, isKey, type Words } from './words.ts';

function glue(text: keyof typeof GLUE): Expected {
  return { kind: 'word', words: { [text]: GLUE[text] } };
}

/** Walks over the words of one line. After the first problem it gives nothing more, so that a line is blamed once. */
export class Cursor {
  readonly diagnostics: Diagnostic[] = [];
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(
    code: readonly Token[],
    private readonly listener?: Listener,
  ) {
    const bad = code.some(token => token.kind === 'bad');
    this.tokens = bad ? code.filter(token => token.kind !== 'bad') : code;
    for (const { kind, range, text } of bad ? code : []) {
      if (kind !== 'bad') continue;
      const what = [...text].length > 1 ? 'These characters have' : 'This character has';
      this.diagnostics.push(
        diagnostic('irq105', range, `${what} no meaning here. Write letters, digits, \`:\`, \`,\` or \`#\`.`),
      );
    }
  }

  get failed(): boolean {
    return this.diagnostics.length > 0;
  }

  fail(problem: Diagnostic): undefined {
    if (!this.failed) this.diagnostics.push(problem);
    return undefined;
  }

  /** Tells the listener what may stand here, if the line ends here. */
  offer(expected: Expected): void {
    if (this.listener && !this.failed && this.at >= this.tokens.length) this.listener.next.push(expected);
  }

  /** Tells the listener what a token stands for. */
  means(token: Token | undefined, expected: Expected): Token | undefined {
    if (token) this.listener?.roles.set(token, expected);
    return token;
  }

  /** The next token, also after a problem. */
  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  take(): Token | undefined {
    return this.tokens[this.at++];
  }

  /** The token that was taken last; the line has at least one. */
  last(): Token {
    return this.tokens[Math.min(this.at, this.tokens.length) - 1];
  }

  /** Takes the next token if it is this word or mark. */
  accept(text: keyof typeof GLUE): Token | undefined {
    const expected = this.listener && glue(text);
    if (expected) this.offer(expected);
    if (this.peek()?.text !== text) return undefined;
    return expected ? this.means(this.take(), expected) : this.take();
  }

  missing(sentence: string): undefined {
    const { line, end } = this.last().range;
    return this.fail(diagnostic('irq202', { line, start: end, end }, sentence));
  }

  /** The next word, if there is one. */
  private nextWord(expected: Expected): Token | undefined {
    this.offer(expected);
    return this.peek()?.kind === 'word' ? this.means(this.take(), expected) : undefined;
  }

  /** `sentence` says what to write here. */
  private noWord(sentence: string): undefined {
    const next = this.peek();
    return next ? this.fail(diagnostic('irq202', next.range, sentence)) : this.missing(sentence);
  }

  /** The next word; if there is none, `sentence` says what to write. */
  word(sentence: string, expected: Expected): Token | undefined {
    return this.nextWord(expected) ?? this.noWord(sentence);
  }

  /** The next word, which must be one of the table. A word that is none of them is taken all the same. */
  oneOf(words: Words, what: string): Token | undefined {
    const found = this.nextWord({ kind: 'word', words });
    if (found && isKey(words, found.text)) return found;
    const names = Object.keys(words);
    if (!found) return this.noWord(`Write ${what}: ${alternatives(names)}.`);
    this.fail(notOneOf('irq205', found, what, names));
    return found;
  }

  /** The next word, which must begin with a digit or be a name in capitals, as numbers and vectors do. */
  number(
    what: string,
    example: string,
    kind: 'vcpu' | 'cpu' | 'vector' | 'id' | 'register' | 'inhibit' | 'number' = 'number',
  ): Token | undefined {
    const found = this.nextWord(kind === 'number' ? { kind, what } : { kind });
    if (found && /^[0-9A-Z]/.test(found.text)) return found;
    const remedy = `Write ${what}, for example \`${example}\`.`;
    if (!found) return this.noWord(remedy);
    this.fail(diagnostic('irq204', found.range, `\`${shown(found.text)}\` is not a number. ${remedy}`));
    return found;
  }

  /** The word that must stand here and nothing else. */
  keyword(text: keyof typeof GLUE, example: string): boolean {
    if (this.accept(text)) return true;
    const next = this.peek();
    const sentence = `Write \`${text}\` here: \`${example}\`.`;
    if (!next) {
      this.missing(sentence);
    } else if (next.kind === 'word' && nearest(next.text, [text]) !== undefined) {
      this.fail(notOneOf('irq205', next, 'what fits here', [text]));
    } else {
      this.fail(diagnostic('irq202', next.range, sentence));
    }
    return false;
  }

  /** Nothing may follow. */
  end(): void {
    const next = this.peek();
    if (!next) return;
    const range: Range = { ...next.range, end: this.tokens[this.tokens.length - 1].range.end };
    this.fail(
      diagnostic('irq203', range, 'The statement ends before this. Remove it, or begin a comment with `#`.', {
        title: 'Remove what follows the statement',
        range: { ...range, start: this.last().range.end },
        text: '',
      }),
    );
  }
}
