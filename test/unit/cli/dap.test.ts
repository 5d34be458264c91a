import fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeMessage } from '../../../extension/cli/dap.ts';

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
