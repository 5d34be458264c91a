import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve, takeMessage } from '../../../extension/cli/dap.ts';

const frame = (message: object) => {
  const body = JSON.stringify(message);
  return Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

test('messages come out whole, however the input is cut', () => {
  const message = fc.record({ seq: fc.nat(), type: fc.constant('request'), command: fc.string() });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), fc.nat(), (messages, cut) => {
      const input = Buffer.concat(messages.map(frame));
      const at = cut % input.length;
      const received: unknown[] = [];
      let pending = Buffer.alloc(0);
      for (const part of [input.subarray(0, at), input.subarray(at)]) {
        pending = Buffer.concat([pending, part]);
        for (let next = takeMessage(pending); next?.message !== undefined; next = takeMessage(pending)) {
          received.push(next.message);
          pending = Buffer.from(next.rest);
        }
      }
      expect(received).toEqual(messages);
      expect(pending).toHaveLength(0);
    }),
  );
});

test.each([
  'GET / HTTP/1.1\r\n\r\n',
  'Content-Length: many\r\n\r\n{}',
  'Content-Length: 2\r\n\r\n{{',
  'x'.repeat(5000),
])('broken framing is told from input that is merely short: %#', text => {
  expect(takeMessage(Buffer.from(text))?.message).toBeUndefined();
  expect(takeMessage(Buffer.from(text))).toBeDefined();
  expect(takeMessage(Buffer.from('Content-Len'))).toBeUndefined();
});

describe('a session over a pipe', () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'irqscope dap '));
    program = path.join(folder, 'a.irq');
    writeFileSync(program, 'machine intel\n vcpus 2 x2apic\n with apicv\nvcpu 0: ipi fixed 0x41 to 1\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function piped(...chunks: readonly Buffer[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    async function* input() {
      yield* chunks;
    }
    const write = (text: string) => {
      out += text;
    };
    const code = await serve(input(), write, {
      err: text => {
        err += text;
      },
    });
    return { code, out, err };
  }

  /** The messages that came back, each behind its length. */
  function received(out: string): Record<string, unknown>[] {
    const messages: Record<string, unknown>[] = [];
    let rest = Buffer.from(out);
    for (let next = takeMessage(rest); next !== undefined; next = takeMessage(rest)) {
      messages.push(next.message as unknown as Record<string, unknown>);
      rest = next.rest as typeof rest;
    }
    expect(rest).toHaveLength(0);
    return messages;
  }

  const request = (seq: number, command: string, args?: object) =>
    frame({ seq, type: 'request', command, arguments: args });

  test('launch, step, leave: `disconnect` ends it, whatever follows', async () => {
    const { code, out, err } = await piped(
      request(1, 'initialize', { adapterID: 'irqscope' }),
      request(2, 'launch', { program }),
      Buffer.concat([request(3, 'configurationDone'), request(4, 'stepIn', { threadId: 1 })]),
      request(5, 'disconnect'),
      Buffer.from('more'),
    );
    expect([code, err]).toEqual([0, '']);
    const named = received(out).map(({ command, event }) => command ?? event);
    expect(named).toEqual([
      ...['initialize', 'launch', 'initialized', 'configurationDone', 'stopped', 'stepIn', 'stopped'],
      ...['disconnect', 'terminated'],
    ]);
  });

  test('a missing scenario is an answer, not an end', async () => {
    const { code, out } = await piped(request(1, 'launch', { program: `${program}.no` }), request(2, 'threads'));
    expect(code).toBe(0);
    expect(received(out)[0]).toMatchObject({ success: false, message: `${program}.no: no such file` });
    expect(received(out)[1]).toMatchObject({ success: true, body: { threads: [] } });
  });

  test.each([
    ['no header', 'GET / HTTP/1.1\r\n\r\n', 2, 'expected "Content-Length: N"'],
    ['no JSON', 'Content-Length: 2\r\n\r\n{{', 2, 'expected "Content-Length: N"'],
    ['a length beyond reason', 'Content-Length: 999999999\r\n\r\n{', 2, 'at most 16 MB'],
    ['a length of many digits', 'Content-Length: 99999999999999999999\r\n\r\n{', 2, 'at most 16 MB'],
    ['an end inside a header', 'Content-Le', 2, 'ended inside a message'],
    ['an end inside a message', 'Content-Length: 10\r\n\r\n{', 2, 'ended inside a message'],
    ['no message at all', '', 0, ''],
    ['null', 'Content-Length: 4\r\n\r\nnull', 0, ''],
    ['a header of others', 'Content-Type: x\r\nContent-Length: 2\r\n\r\n{}', 0, ''],
  ])('%s', async (_what, input, expected, words) => {
    const { code, out, err } = await piped(Buffer.from(input));
    expect(code).toBe(expected);
    expect(err).toContain(words);
    expect(out).toBe('');
  });

  test('one byte at a time', async () => {
    const input = Buffer.concat([request(1, 'initialize'), request(2, 'disconnect')]);
    const { code, out } = await piped(...Array.from(input, byte => Buffer.from([byte])));
    expect(code).toBe(0);
    expect(received(out)).toHaveLength(3);
  });

  test('a message of the greatest length, in small pieces, costs no more than its length', async () => {
    const long = request(1, 'initialize', { adapterID: 'x'.repeat(15 << 20) });
    const pieces: Buffer[] = [];
    for (let at = 0; at < long.length; at += 4096) pieces.push(long.subarray(at, at + 4096));
    expect((await piped(...pieces)).code).toBe(0);
  });
});
