/** A longer line is cut: one line must not take all memory. */
export const LINE_LIMIT = 1 << 20;

/** A line of an input, without its end. `length`: characters it had, also those that were cut off. */
export interface InputLine {
  readonly text: string;
  readonly length: number;
}

/** The lines of UTF-8 input as they come. Never holds more than one chunk and one line of at most LINE_LIMIT. */
export async function* inputLines(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<InputLine> {
  const decoder = new TextDecoder('utf-8');
  let held = '';
  let length = 0;
  const take = (text: string) => {
    length += text.length;
    held += text.slice(0, Math.max(0, LINE_LIMIT - held.length));
  };
  const whole = (): InputLine => {
    const line = { text: held.endsWith('\r') ? held.slice(0, -1) : held, length };
    held = '';
    length = 0;
    return line;
  };
  for await (const chunk of input) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      take(text.slice(from, end));
      yield whole();
      from = end + 1;
    }
    take(text.slice(from));
  }
  take(decoder.decode());
  if (length > 0) yield whole();
}
