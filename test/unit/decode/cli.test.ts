import { describe, expect, it } from 'vitest';
import { decodeCommand } from '../../../extension/cli/decode.ts';
import { encodeCommand } from '../../../extension/cli/encode.ts';

async function run(
  command: typeof decodeCommand,
  args: readonly string[],
  stdin = '',
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await command(args, {
    out: text => {
      out += `${text}\n`;
    },
    err: text => {
      err += `${text}\n`;
    },
    readStdin: async () => stdin,
  });
  return { code, out, err };
}

describe('irqscope decode', () => {
  it('explains a value and names the other readings', async () => {
    const { code, out } = await run(decodeCommand, ['0x0200000000000931']);
    expect(code).toBe(0);
    expect(out).toContain('IOAPIC redirection entry 0x0200000000000931');
    expect(out).toContain('also possible, with --as:');
    expect(out).toMatch(/^ {4}icr /m);
  });

  it('takes a pair and an expression', async () => {
    expect((await run(decodeCommand, ['0xfee0300c', '0x0041'])).out).toContain('MSI 0xfee0300c 0x00000000 0x00000041');
    expect((await run(decodeCommand, ['APIC_DM_INIT | APIC_INT_ASSERT'])).out).toContain('INIT to the destination');
  });

  it('prints JSON', async () => {
    const { out } = await run(decodeCommand, ['0x5531', '--as', 'guest-intr-status', '--json']);
    expect(JSON.parse(out)[0].explanation.meaning).toBe('RVI 0x31 (49), SVI 0x55 (85)');
  });

  it('annotates a patch from standard input', async () => {
    const patch =
      'diff --git a/x.c b/x.c\n@@ -1 +1 @@\n-\tapic_icr_write(APIC_DM_NMI | 2, id);\n+\tv = POSTED_INTR_VECTOR;\n';
    const { code, out } = await run(decodeCommand, ['-'], patch);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'diff --git a/x.c b/x.c',
      '@@ -1 +1 @@',
      '-\tapic_icr_write(APIC_DM_NMI | 2, id);',
      '  ^ APIC_DM_NMI | 2: NMI to the destination in ICR2, edge',
      '+\tv = POSTED_INTR_VECTOR;',
      '  ^ POSTED_INTR_VECTOR: vector 0xf2 (242), priority class 15',
      '',
    ]);
  });

  it('reports a dump of several lines once', async () => {
    const { out } = await run(decodeCommand, ['-'], 'dest_id : 0\nvector : 65\ndel_mode : 0\n');
    expect(out.match(/\^/g)).toHaveLength(1);
  });

  it.each([
    [['12 +'], 1, 'not a value'],
    [['nonsense'], 1, 'unknown nonsense'],
    [['0x41', '--as', 'nonsense'], 1, 'unknown format nonsense; known: icr'],
    [['0x1ffffffff', '--as', 'icr-low'], 1, 'does not fit 32 bits of icr-low'],
    [[], 2, 'usage: irqscope decode'],
    [['--nonsense'], 2, 'usage: irqscope decode'],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await run(decodeCommand, args);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
    expect(result.out).toBe('');
  });

  it('exits 1 when a text holds nothing to decode', async () => {
    expect((await run(decodeCommand, ['-'], 'nothing here\n')).code).toBe(1);
  });
});

describe('irqscope encode', () => {
  it('builds a value from field names', async () => {
    const { code, out } = await run(encodeCommand, ['icr', 'vector=0xfd', 'shorthand=all-but-self']);
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('0x00000000000c00fd');
  });

  it.each([
    [['x2apic-icr', 'vector=RESCHEDULE_VECTOR', 'dest=3', 'level=assert'], '0x00000003000040fd'],
    [['rte', 'vector=0x31', 'mode=lowprio', 'dest=2', 'dest-mode-logical=logical'], '0x0200000000000931'],
    [['pid-pointer', 'valid=1', 'address=0x1234567c0'], '0x00000001234567c1'],
    [['msi', 'vector=0x41', 'dest=3'], '0xfee03000 0x00000000 0x00000041'],
  ])('%j', async (args, value) => {
    expect((await run(encodeCommand, args)).out.split('\n')[0]).toBe(value);
  });

  it.each([
    [['icr', 'vector=256'], 1, 'vector has 8 bits; 256 does not fit'],
    [['icr', 'nonsense=1'], 1, 'icr has no field nonsense; it has vector, delivery_mode'],
    [['icr', 'shorthand=nobody'], 1, 'write a number or one of none, self, all-including-self, all-but-self'],
    [['nonsense', 'vector=1'], 1, 'unknown format nonsense'],
    [['icr', 'vector'], 1, 'vector: write field=value'],
    [[], 2, 'usage: irqscope encode'],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await run(encodeCommand, args);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });
});
