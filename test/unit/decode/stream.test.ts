import fc from 'fast-check';
import { expect, test } from 'vitest';
import { annotate } from '../../../extension/decode/annotate.ts';
import { annotateLines } from '../../../extension/decode/stream.ts';

const line = fc.constantFrom(
  '',
  'diff --git a/x.c b/x.c',
  '@@ -1,4 +1,4 @@',
  '-\tapic_icr_write(APIC_DM_NMI | 2, id);',
  '+\tapic_icr_write(APIC_DM_NMI | OWN_VECTOR, id);',
  ' \tv = POSTED_INTR_VECTOR;',
  '#define OWN_VECTOR 0x41',
  'dest_id : 0',
  'vector : 65',
  'del_mode : 0',
  'ICR     0x000c00fd',
  'ICR2    0x00000000',
  '> wrote ICR 0x00004500',
);

async function* given(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

test('a text that comes line by line reads as the whole text does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 60 }), async lines => {
      const streamed = [];
      const texts: string[] = [];
      for await (const each of annotateLines(given(lines))) {
        texts.push(each.text);
        streamed.push(...each.found);
      }
      expect(texts).toEqual(lines);
      expect(streamed).toEqual(annotate(lines.join('\n')));
    }),
  );
});

test('places count from the start of the input, in whatever part they stand', async () => {
  const long = [...new Array<string>(50_000).fill('nothing'), 'wrote ICR 0x00004500', 'nothing'];
  const places: [number, string][] = [];
  for await (const { found } of annotateLines(given(long))) for (const { line, as } of found) places.push([line, as]);
  expect(places).toEqual([[50_001, 'icr-low']]);
});

test('of lines of a megabyte too it keeps but a few', async () => {
  let made = 0;
  let seen = 0;
  let most = 0;
  async function* endless(): AsyncGenerator<string> {
    for (; made < 40; made++) yield 'x'.repeat(1_000_000);
  }
  for await (const _ of annotateLines(endless())) most = Math.max(most, made - ++seen);
  expect([seen, most < 8]).toEqual([40, true]);
});
