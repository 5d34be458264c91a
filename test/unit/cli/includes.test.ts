import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareCommand } from '../../../extension/cli/compare.ts';
import { diagramCommand } from '../../../extension/cli/diagram.ts';
import { exploreCommand } from '../../../extension/cli/explore.ts';
import { readScenario } from '../../../extension/cli/includes.ts';
import { runCommand } from '../../../extension/cli/run.ts';
import { DebugSession } from '../../../extension/session/dap/debugSession.ts';

let folder = '';
const at = (name: string) => path.join(folder, name);

const FILES: Readonly<Record<string, string>> = {
  'machines/two.irq':
    'machine intel\n  vcpus 2 x2apic\n  with apicv\nlet TARGET = 1\nshared x\n\noperation set(v) {\n  int y = x\n  x = v + y\n}\n',
  'good.irq': 'include "machines/two.irq"\nvcpu 0: ipi fixed 0x41 to 1\nexpect vcpu TARGET takes 0x41\n',
  'race.irq': 'include "machines/two.irq"\nrace\n  a: set(1)\n  b: set(1)\nfinally (x == 2)\n',
  'deeds.irq': 'machine intel\n  vcpus 2\nvcpu 0: eoi\n',
  'bad.irq': 'include "deeds.irq"\nvcpu 0: eoi\n',
  'missing.irq': 'include "machines/tow.irq"\nvcpu 0: eoi\n',
  'folder.irq': 'include "machines/dir.irq"\nvcpu 0: eoi\n',
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'irqscope-'));
  await mkdir(at('machines/dir.irq'), { recursive: true });
  for (const [name, text] of Object.entries(FILES)) await writeFile(at(name), text);
});
afterAll(() => rm(folder, { recursive: true }));

async function run(command: typeof runCommand, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    out: (text: string) => out.push(text),
    err: (text: string) => err.push(text),
    readStdin: async () => '',
  };
  const code = await command(args, io);
  return { code, out: out.join('\n'), err: err.join('\n').replaceAll(folder, '.') };
}

test('runs, compares, draws and explores scenarios that include a machine', async () => {
  expect(await run(runCommand, at('good.irq'), '--steps')).toMatchObject({ code: 0, err: '' });
  expect(await run(compareCommand, at('good.irq'), '--profiles', '6.16,6.12')).toMatchObject({ err: '' });
  expect((await run(diagramCommand, at('good.irq'))).out).toContain('PIR[0x41]');
  const explored = await run(exploreCommand, at('race.irq'));
  expect(explored).toMatchObject({ code: 1, err: '' });
  expect(explored.out).toMatch(/broken after/);
});

test('errors of an included file carry its path', async () => {
  const { code, err } = await run(runCommand, at('bad.irq'));
  expect(code).toBe(2);
  expect(err.split('\n').map(line => /^(\S+ error \w+)/.exec(line)?.[1])).toEqual([
    './bad.irq:1:9: error irq807',
    './deeds.irq:3:1: error irq806',
  ]);
  expect((await run(diagramCommand, at('bad.irq'))).err).toContain('./deeds.irq:3:1: error irq806');
});

test('a missing file, with the one that was meant; a folder', async () => {
  expect((await run(runCommand, at('missing.irq'))).err).toMatch(/irq802: There is no file .*Did you mean `two.irq`/);
  expect((await run(runCommand, at('folder.irq'))).err).toMatch(/irq803: .*cannot be read: this is no file/);
});

test('the debugger shows restated lines in the file where they stand', async () => {
  const messages: DebugProtocol.ProtocolMessage[] = [];
  const session = new DebugSession({ read: readScenario, send: message => messages.push(message), attach: () => {} });
  let seq = 0;
  const ask = async (command: string, args: object) => {
    await session.handle({ seq: ++seq, type: 'request', command, arguments: args } as DebugProtocol.Request);
    return messages.findLast(({ type }) => type === 'response') as DebugProtocol.Response;
  };
  expect(await ask('launch', { program: at('race.irq'), stopOnEntry: true })).toMatchObject({ success: true });
  await ask('configurationDone', {});
  await ask('stepIn', { threadId: 1 });
  const { body: threads } = (await ask('threads', {})) as DebugProtocol.ThreadsResponse;
  const stacks = await Promise.all(
    threads.threads.map(async ({ id }) => (await ask('stackTrace', { threadId: id })).body.stackFrames),
  );
  const places = (stacks.flat() as DebugProtocol.StackFrame[]).map(({ source, line }) => [source?.path, line]);
  expect(places).toContainEqual([at('machines/two.irq'), 8]);
  expect(places).toContainEqual([at('race.irq'), 2]);
  session.dispose();
});
