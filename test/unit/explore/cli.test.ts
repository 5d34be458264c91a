import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exploreCommand } from '../../../extension/cli/explore.ts';
import { COUNTING } from '../worker/races.ts';

let folder = '';
const file = (name: string) => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'irqscope-explore-'));
  writeFileSync(file('race.irq'), COUNTING);
  writeFileSync(file('wrong.irq'), COUNTING.replace('before broken', 'before holds'));
  writeFileSync(file('error.irq'), COUNTING.replace('atomic_inc', 'atomic_icn'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await exploreCommand(args, {
    out: text => {
      out += `${text}\n`;
    },
    err: text => {
      err += `${text}\n`;
    },
    readStdin: async () => '',
  });
  return { code, out, err };
}

describe('irqscope explore', () => {
  it('is content when every variant shows what the file says', async () => {
    const { code, out } = await run(file('race.irq'));
    expect(code).toBe(0);
    expect(out).toMatch(/^ok {3}.*race\.irq \(before\): broken after \d+ steps/m);
    expect(out).toMatch(/^ok {3}.*race\.irq \(after\): holds in every order/m);
    expect(out).toMatch(/^2 as expected, 0 not$/m);
  });

  it('fails, with the order that loses, when a variant does not', async () => {
    const { code, out } = await run(file('wrong.irq'));
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL .*\(before\): broken/m);
    expect(out).toMatch(/^a +b$/m);
    expect(out).toMatch(/^ +load$/m);
  });

  it('takes --profile for the question whether that variant holds', async () => {
    expect((await run(file('race.irq'), '--profile', 'before')).code).toBe(1);
    expect((await run(file('race.irq'), '--profile', 'after')).code).toBe(0);
    expect((await run(file('race.irq'), '--profile', '5.15')).code).toBe(0);
    const { code, err } = await run(file('race.irq'), '--profile', 'between');
    expect([code, err]).toEqual([2, expect.stringContaining('before, after')]);
  });

  it('cannot use a text with errors, nor a name that is none', async () => {
    const { code, err } = await run(file('error.irq'));
    expect(code).toBe(2);
    expect(err).toMatch(/error\.irq:11:\d+: error irq604: .*`atomic_inc`/);
    expect((await run()).code).toBe(2);
  });

  it('tells machines everything', async () => {
    const { out } = await run(file('race.irq'), '--json');
    expect(JSON.parse(out)).toMatchObject([
      { variant: 'before', verdict: 'broken', expected: 'broken', order: expect.arrayContaining(['a', 'b']) },
      { variant: 'after', verdict: 'holds', order: [] },
    ]);
  });

  it('lists what can be restated', async () => {
    const { code, out } = await run('--operations');
    expect(code).toBe(0);
    expect(out).toMatch(/^vmx_sync_pir_to_irr\(vcpu.*\) {2}# /m);
    expect(out).toMatch(/^vm_entry\(/m);
  });

  it('says on Ctrl-C how far it came', async () => {
    const long = COUNTING.replace('variant before broken\nvariant after holds\n', '')
      .replace('if (before) {', 'int i = 0\n  while (i < 99) {\n    i = i + 1')
      .replace(/ {2}\} else \{\n.*\n {2}\}\n/, '  }\n')
      .replace('  b: f()\n', '  b: f()\n  c: f()\n');
    writeFileSync(file('long.irq'), long);
    const listeners = process.listenerCount('SIGINT');
    let out = '';
    let err = '';
    const code = await exploreCommand([file('race.irq'), file('long.irq'), file('wrong.irq')], {
      out: text => {
        out += `${text}\n`;
        if (text.includes('race.irq (after)')) setTimeout(() => process.emit('SIGINT'), 20);
      },
      err: text => {
        err += `${text}\n`;
      },
      readStdin: async () => '',
    });
    expect(err).toMatch(/^.*long\.irq: interrupted: \d+ states, \d+ orders left$/m);
    expect(err).toMatch(/^interrupted: 2 of 3 files not explored to the end$/m);
    expect(out).toMatch(/^2 as expected, 0 not$/m);
    expect(code).toBe(130);
    expect(process.listenerCount('SIGINT')).toBe(listeners);
  });
});
