/** What the replay reports, which profile a kernel gets, and how broken input is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conformCommand } from '../../../extension/cli/conform.ts';
import { V } from '../../../extension/engine/layout.ts';
import { kernelOf, setUp } from '../../../extension/session/conform/machine.ts';
import { parseVector } from '../../../extension/session/conform/vector.ts';

const SPOT = path.join(import.meta.dirname, '../../conformance/linux-7.2/spot.jsonl.gz');
const lines = gunzipSync(readFileSync(SPOT)).toString('utf8').trim().split('\n');
const line = lines.find(each => each.includes('"id":"phys-unicast"')) as string;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'irqscope-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function conform(...files: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await conformCommand(files, {
    out: text => out.push(text),
    err: text => err.push(text),
    readStdin: async () => '',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function file(name: string, text: string): string {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
}

describe('irqscope conform', () => {
  test('agreement: exit 0', async () => {
    const { code, out, err } = await conform(file('good.jsonl', `${line}\n\n`));
    expect([code, out, err]).toEqual([0, '1 passed, 0 failed', '']);
  });

  test('disagreement: both sides, the steps, exit 1', async () => {
    const { code, out } = await conform(file('wrong.jsonl', line.replace('"irr+":[64]', '"irr+":[65]')));
    expect(code).toBe(1);
    expect(out).toContain('FAIL phys-unicast');
    expect(out).toContain('KVM:    {"op":"msi","ret":1,"d":[{"v":1,"irr+":[65]}]}');
    expect(out).toContain('engine: {"op":"msi","ret":1,"d":[{"v":1,"irr+":[64]}]}');
    expect(out).toContain('kvm_irq_delivery_to_apic_fast > kvm_apic_map_get_dest_lapic');
    expect(out).toContain('0 passed, 1 failed');
  });

  test.each([
    ['{', 2, 'not JSON'],
    ['[]', 2, 'the line is not an object'],
    [line.replace('"chip":"kernel"', '"chip":"none"'), 2, "setup.chip 'none' is neither kernel nor split"],
    [line.replace('"0xfee01000"', '"fee01000"'), 2, 'inject[0].lo is not a hexadecimal string'],
    [line.replace('"op":"msi","lo"', '"op":"smi","lo"'), 2, "inject[0].op 'smi' is unknown"],
    [line.replace(/"steps":\[.*\],"final"/, '"steps":[],"final"'), 2, '1 steps are injected, 0 answered'],
  ])('broken line %#: exit 2 with its number', async (broken, expected, why) => {
    const at = file('broken.jsonl', `${line}\n${broken}\n`);
    const { code, err } = await conform(at);
    expect(code).toBe(expected);
    expect(err).toContain(`${at}:2: `);
    expect(err).toContain(why);
  });

  test('no such file, no file at all: exit 2', async () => {
    expect((await conform(path.join(folder, 'missing.jsonl'))).code).toBe(2);
    expect((await conform()).code).toBe(2);
  });

  test('a kernel without a profile is replayed as the next older one, with a note', async () => {
    const { code, err } = await conform(file('odd.jsonl', line.replace('7.2.12+deb13-cloud-amd64', '6.14.2')));
    expect(code).toBe(0);
    expect(err).toBe('note: no profile for kernel 6.14.2; replayed as 6.12');
  });
});

describe('profiles of releases', () => {
  test.each([
    ['6.1.0-56-cloud-amd64', '6.1', true],
    ['6.12.117+deb12-cloud-amd64', '6.12', true],
    ['7.2.12+deb13-cloud-amd64', '7.2', true],
    ['7.5.1', '7.2', false],
    ['6.6.30', '6.1', false],
    ['5.10.0', '4.19', false],
    ['3.11.0', '2013', false],
    ['next', '2013', false],
  ])('%s', (release, kernel, exact) => {
    expect(kernelOf(release)).toEqual({ kernel, exact });
  });
});

describe('ioctls of the setup that fail', () => {
  const setupOf = (api: number, vcpu: string) =>
    setUp(parseVector(line.replace('"api":-1', `"api":${api}`).replace(/"vcpus":\[\{[^}]*\}/, `"vcpus":[${vcpu}`)));

  test('KVM_SET_LAPIC with another x2APIC ID leaves reset values, but SPIV', () => {
    const { errors, machine } = setupOf(
      1,
      '{"id":0,"base":"0xfee00d00","aid":"0x5","tpr":"0x30","svr":"0x1ff","mp":0}',
    );
    expect(errors).toEqual([{ v: 0, what: 'SET_LAPIC', ret: -22 }]);
    expect([V.id, V.tpr, V.svr].map(word => machine.words[machine.vcpu(0) + word])).toEqual([0, 0, 0x1ff]);
  });

  test('IA32_APICBASE without x2APIC in CPUID stays as after reset', () => {
    const { errors, machine } = setupOf(
      -1,
      '{"id":0,"x2cpuid":false,"base":"0xfee00c00","tpr":"0x0","svr":"0x1ff","mp":0}',
    );
    expect(errors).toEqual([{ v: 0, what: 'APICBASE', ret: 0 }]);
    expect(machine.words[machine.vcpu(0) + V.apicbase] >>> 0).toBe(0xfee00900);
  });
});

test('64-bit values are split into words', () => {
  const vector = parseVector(
    line
      .replace('"inject":[', '"inject":[{"op":"setmsr","v":0,"idx":"0x830","val":"0x1ff00004051"},')
      .replace('"steps":[', '"steps":[{},'),
  );
  expect(vector.inject[0]).toEqual({ op: 'setmsr', v: 0, idx: 0x830, val: [0x4051, 0x1ff] });
});
