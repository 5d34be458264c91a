/** `irqscope dap`: the debug adapter over standard input and output, for editors other than VS Code. */
import { fileURLToPath } from 'node:url';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebugSession } from '../session/dap/debugSession.ts';
import { readScenario } from './includes.ts';
import { EXIT, type Io } from './io.ts';

export const DAP_USAGE = 'irqscope dap';

const HEADER_END = '\r\n\r\n';
/** A longer message is no debug request. */
const MAX_MESSAGE = 16 * 1024 * 1024;

/** Serves one session; returns when the input ends. Broken framing ends it with exit code 2. */
export async function dapCommand(_args: readonly string[], io: Io): Promise<number> {
  const session = new DebugSession({
    read: program => readScenario(program.startsWith('file:') ? fileURLToPath(program) : program),
    send: message => process.stdout.write(framed(message)),
    attach: () => {},
  });
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    pending = Buffer.concat([pending, chunk as Buffer]);
    for (;;) {
      const next = takeMessage(pending);
      if (next === undefined) break;
      if (next.message === undefined) {
        io.err('irqscope dap: expected "Content-Length: N", an empty line and N bytes of JSON');
        return EXIT.unusable;
      }
      pending = next.rest;
      await session.handle(next.message);
    }
  }
  session.dispose();
  return EXIT.ok;
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
  const length = Number(/^Content-Length: *(\d{1,9})$/im.exec(input.toString('latin1', 0, end))?.[1]);
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
