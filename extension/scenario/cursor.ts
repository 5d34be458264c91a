import { type Diagnostic, diagnostic } from './diagnostics.ts';
import type { Range } from './program.ts';
import { alternatives, nearest, notOneOf, shown } from './suggest.ts';
import type { Token } from './tokens.ts';

/** Walks over the words of one line. After the first problem it gives nothing more, so that a line is blamed once. */
export class Cursor {
  readonly diagnostics: Diagnostic[] = [];
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(code: readonly Token[]) {
    const bad = code.filter(token => token.kind === 'bad');
    for (const { range, text } of bad) {
      const what = [...text].length > 1 ? 'These characters have' : 'This character has';
      this.diagnostics.push(
        diagnostic('irq105', range, `${what} no meaning here. Write letters, digits, \`:\`, \`,\` or \`#\`.`),
      );
    }
    this.tokens = bad.length > 0 ? code.filter(token => token.kind !== 'bad') : code;
  }

  get failed(): boolean {
    return this.diagnostics.length > 0;
  }

  fail(problem: Diagnostic): undefined {
    if (!this.failed) this.diagnostics.push(problem);
    return undefined;
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
  accept(text: string): Token | undefined {
    return this.peek()?.text === text ? this.take() : undefined;
  }

  missing(sentence: string): undefined {
    const { line, end } = this.last().range;
    return this.fail(diagnostic('irq202', { line, start: end, end }, sentence));
  }

  /** The next word; if there is none, `sentence` says what to write. */
  word(sentence: string): Token | undefined {
    const next = this.peek();
    if (next?.kind === 'word') return this.take();
    if (!next) return this.missing(sentence);
    return this.fail(diagnostic('irq202', next.range, sentence));
  }

  /** The next word, which must be one of `words`. A word that is none of them is taken all the same. */
  oneOf(words: readonly string[], what: string): Token | undefined {
    const found = this.word(`Write ${what}: ${alternatives(words)}.`);
    if (found && !words.includes(found.text)) this.fail(notOneOf('irq205', found, what, words));
    return found;
  }

  /** The next word, which must begin with a digit or be a name in capitals, as numbers and vectors do. */
  number(what: string, example: string): Token | undefined {
    const found = this.word(`Write ${what}, for example \`${example}\`.`);
    if (found && !/^[0-9A-Z]/.test(found.text)) {
      this.fail(
        diagnostic(
          'irq204',
          found.range,
          `\`${shown(found.text)}\` is not a number. Write ${what}, for example \`${example}\`.`,
        ),
      );
    }
    return found;
  }

  /** The word that must stand here and nothing else. */
  keyword(text: string, example: string): boolean {
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
