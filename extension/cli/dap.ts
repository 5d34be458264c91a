/** `irqscope dap`: the debug adapter over standard input and output, for editors other than VS Code. */
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugSession } from '../session/dap/debugSession.ts';
import { readScenario } from './includes.ts';
import { EXIT, type Io } from './io.ts';

export const DAP_USAGE = 'irqscope dap';

const HEADER_END = '\r\n\r\n';
const BROKEN = 'expected "Content-Length: N", an empty line and N bytes of JSON, at most 16 MB';
/** A longer message is no debug request. */
const MAX_MESSAGE = 16 * 1024 * 1024;

export function dapCommand(args: readonly string[], io: Io): Promise<number> {
  if (args.length > 0) {
    io.err(`irqscope dap: '${args[0]}' is too much; it speaks the Debug Adapter Protocol on standard input and output`);
    return Promise.resolve(EXIT.unusable);
  }
  return serve(process.stdin, text => process.stdout.write(text), io);
}

/** Serves one session; returns after `disconnect` or when the input ends. Broken framing, and an end inside a message, are exit code 2. */
export async function serve(
  input: AsyncIterable<Uint8Array>,
  write: (text: string) => void,
  io: Pick<Io, 'err'>,
): Promise<number> {
  const session = new DebugSession({
    read: program => readScenario(program.startsWith('file:') ? fileURLToPath(program) : program),
    send: message => write(framed(message)),
    attach: () => {},
  });
  const chunks = new Chunks();
  try {
    for await (const chunk of input) {
      chunks.add(chunk);
      for (let next = takeMessage(chunks.whole()); next !== undefined; next = takeMessage(chunks.whole())) {
        if (next.message === undefined) {
          io.err(`irqscope dap: ${BROKEN}`);
          return EXIT.unusable;
        }
        chunks.keep(next.rest);
        await session.handle(next.message);
        if ((next.message as Partial<DebugProtocol.Request> | null)?.command === 'disconnect') return EXIT.ok;
      }
    }
  } finally {
    session.dispose();
  }
  if (chunks.length > 0) {
    io.err(`irqscope dap: the input ended inside a message; ${BROKEN}`);
    return EXIT.unusable;
  }
  return EXIT.ok;
}

/** Input that is not used up yet; joined only when a whole message may be there, so that a long one costs no more than its length. */
class Chunks {
  private parts: Buffer[] = [];
  private wanted = 0;
  length = 0;

  add(chunk: Uint8Array): void {
    this.parts.push(Buffer.from(chunk));
    this.length += chunk.length;
  }

  whole(): Buffer {
    if (this.length < this.wanted) return Buffer.alloc(0);
    const joined = Buffer.concat(this.parts);
    this.parts = [joined];
    this.wanted = wholeLength(joined);
    return joined;
  }

  keep(rest: Buffer): void {
    this.parts = [rest];
    this.length = rest.length;
    this.wanted = 0;
  }
}

function framed(message: DebugProtocol.ProtocolMessage): string {
  const body = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(body)}${HEADER_END}${body}`;
}

/** The first whole message; undefined when more input is needed; without `message` when the input is broken. */
export function takeMessage(
  input: Buffer,
): { readonly message?: DebugProtocol.ProtocolMessage; readonly rest: Buffer } | undefined {
  const end = input.indexOf(HEADER_END);
  if (end < 0) {
    return input.length > 4096 ? { rest: input } : undefined;
  }
  const length = lengthIn(input, end);
  if (!(length <= MAX_MESSAGE)) {
    return { rest: input };
  }
  const start = end + HEADER_END.length;
  if (input.length < start + length) {
    return undefined;
  }
  try {
    const message = JSON.parse(input.toString('utf8', start, start + length));
    return { message, rest: input.subarray(start + length) };
  } catch {
    return { rest: input };
  }
}

/** What the header says, which ends at `end`; NaN when it says nothing. */
function lengthIn(input: Buffer, end: number): number {
  return Number(/^Content-Length: *(\d{1,9})$/im.exec(input.toString('latin1', 0, end))?.[1]);
}

/** Bytes up to the end of the first message, as far as its header is there; 0 otherwise. */
function wholeLength(input: Buffer): number {
  const end = input.indexOf(HEADER_END);
  const length = end < 0 ? Number.NaN : lengthIn(input, end);
  return length <= MAX_MESSAGE ? end + HEADER_END.length + length : 0;
}
