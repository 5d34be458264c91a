import { describe, expect, it } from 'vitest';
import { decodeCommand } from '../../../extension/cli/decode.ts';
import { encodeCommand } from '../../../extension/cli/encode.ts';

/** As a pipe gives it: cut anywhere. */
async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 65_537) yield bytes.subarray(at, at + 65_537);
}

async function run(
  command: typeof decodeCommand,
  args: readonly string[],
  stdin = '',
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    out: (text: string) => {
      out += `${text}\n`;
    },
    err: (text: string) => {
      err += `${text}\n`;
    },
    readStdin: async () => stdin,
  };
  const code = await command(args, io, pieces(stdin));
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
    [['12 +'], 2, 'not a value'],
    [['nonsense'], 2, 'unknown nonsense'],
    [['1/0'], 2, 'division by zero'],
    [['0x41', '--as', 'nonsense'], 2, 'unknown format nonsense; known: icr'],
    [['0x1ffffffff', '--as', 'icr-low'], 2, 'does not fit 32 bits of icr-low'],
    [['0xfd', '3', '7', '--as', 'icr'], 2, 'write 1 or 2 values'],
    [['0x2345678000418001_0000000000000000'], 1, 'no known format fits'],
    [['-', '--as', 'icr'], 2, '--as reads values'],
    [['-', '0x41'], 2, '- stands alone'],
    [['0x41', '--as'], 2, '--as: name a format'],
    [[], 2, 'usage: irqscope decode'],
    [['--nonsense'], 2, 'usage: irqscope decode'],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await run(decodeCommand, args);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
    expect(result.out).toBe('');
  });

  it('answers values that are no word together one by one', async () => {
    const { code, out } = await run(decodeCommand, ['0x80000202', '0xfee00900']);
    expect(code).toBe(0);
    expect(out).toMatch(/^VM-entry.* 0x80000202$/m);
    expect(out).toMatch(/^IA32_APICBASE .* 0x00000000fee00900$/m);
  });

  it('says what is wrong with one value, and answers the other', async () => {
    const { code, out, err } = await run(decodeCommand, ['nonsense', '0x80000202']);
    expect([code, err]).toEqual([2, 'nonsense: unknown nonsense\n']);
    expect(out).toContain('NMI, vector 0x02');
  });

  it('reads a text of many parts, and definitions that stand below their use', async () => {
    const filler = '\tint nothing_at_all;\n'.repeat(45_000);
    const text = `${filler}\tapic_icr_write(APIC_DM_NMI | OWN_VECTOR, id);\n#define OWN_VECTOR 0x2\n${filler}`;
    const { code, out } = await run(decodeCommand, ['-'], text);
    expect(code).toBe(0);
    expect(out.match(/\^/g)).toHaveLength(1);
    expect(out.replace(/^ {2}\^.*\n/gm, '')).toBe(text);
    const { out: json } = await run(decodeCommand, ['-', '--json'], text);
    expect(JSON.parse(json)).toMatchObject([{ line: 45_001, text: 'APIC_DM_NMI | OWN_VECTOR' }]);
  });

  it('prints JSON for a text without values too', async () => {
    expect(JSON.parse((await run(decodeCommand, ['-', '--json'], 'nothing\n')).out)).toEqual([]);
  });

  it('says how much of an overlong line it read', async () => {
    const { out, err } = await run(decodeCommand, ['-'], `${'x'.repeat(3_000_000)} icr=0x00004500\n`);
    expect(err).toBe(
      'line 1: 3000015 characters; only the first 10000 are searched for values and only its first 1048576 are printed\n',
    );
    expect(out).toHaveLength(1_048_577);
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
    [['msi', 'destid=5', 'dest_mode=logical'], '0xfee05004 0x00000000 0x00000000'],
    [['dfr', 'model=flat'], '0xffffffff'],
    [['dfr', 'model=cluster'], '0x0fffffff'],
    [['irte-posted', 'P=1', 'VV=0x41', 'PDA=0x123456780'], '0x00000001000000002345678000418001'],
    [['irte-posted', 'PDA_l=0x23456780', 'PDA_h=0x100000000'], '0x00000001000000002345678000008000'],
  ])('%j', async (args, value) => {
    expect((await run(encodeCommand, args)).out.split('\n')[0]).toBe(value);
  });

  it.each([
    [['icr', 'vector=256'], 2, 'vector has 8 bits; 256 does not fit'],
    [['icr', 'nonsense=1'], 2, 'icr has no field nonsense; it has vector, delivery_mode'],
    [['icr', 'shorthand=nobody'], 2, 'write a number or one of none, self, all-including-self, all-but-self'],
    [['nonsense', 'vector=1'], 2, 'unknown format nonsense'],
    [['icr', 'vector'], 2, 'vector: write field=value'],
    [['icr', 'vector=1', 'vector=2'], 2, 'vector is given twice: vector=1 and vector=2'],
    [['icr', 'mode=nmi', 'delivery_mode=0'], 2, 'delivery_mode is given twice'],
    [['irte-posted', 'PDA=0x123456781'], 2, 'PDA_l: 0x123456781 is not a multiple of 0x40'],
    [['pid-pointer', 'address=0x41'], 2, 'address: 0x41 is not a multiple of 0x40'],
    [[], 2, 'usage: irqscope encode'],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await run(encodeCommand, args);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });
});
