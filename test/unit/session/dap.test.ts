/** Whole debug sessions as transcripts: what VS Code sends, what the adapter answers. UPDATE_GOLDEN=1 rewrites them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, test } from 'vitest';
import { DebugSession } from '../../../extension/session/dap/debugSession.ts';
import { FAILING, MACHINE, TO_RUNNING } from './scenarios.ts';

interface Stack {
  readonly stackFrames: readonly DebugProtocol.StackFrame[];
}

class Client {
  readonly transcript: string[] = [];
  readonly session: DebugSession;
  attached = false;
  private entered = 0;
  private sequence = 1;
  private answer: DebugProtocol.Response | undefined;

  constructor(text: string) {
    this.session = new DebugSession({
      read: async program => {
        if (program.includes('missing')) {
          throw new Error(`${program}: no such file`);
        }
        return text;
      },
      send: message => this.receive(message),
      attach: session => {
        this.attached = session !== undefined;
      },
    });
  }

  async request<Body = Record<string, unknown>>(command: string, args?: unknown): Promise<Body> {
    this.transcript.push(`-> ${command}${args === undefined ? '' : ` ${JSON.stringify(args)}`}`);
    await this.session.handle({
      seq: this.sequence++,
      type: 'request',
      command,
      arguments: args,
    } as DebugProtocol.Request);
    return (this.answer?.body ?? {}) as Body;
  }

  async launch(args: Record<string, unknown> = {}): Promise<void> {
    await this.request('initialize', { adapterID: 'irqscope' });
    await this.request('launch', { program: '/scenario.irq', ...args });
    await this.request('configurationDone');
    this.entered = this.transcript.length;
  }

  /** Steps until an operation is entered; how many steps lead there is not the transcript's business. */
  async stepInUntil(operation: string): Promise<void> {
    for (let i = 0; i < 100; i++) {
      await this.request('stepIn', { threadId: 3, granularity: 'statement' });
      const { stackFrames } = await this.request<Stack>('stackTrace', { threadId: 3 });
      if (stackFrames[0]?.name.startsWith(operation)) {
        this.transcript.splice(this.entered, this.transcript.length, `-- stepping in until ${operation}`);
        return;
      }
    }
    throw new Error(`never came to ${operation}`);
  }

  private receive(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'response') {
      this.answer = message as DebugProtocol.Response;
      const { command, success, body, message: text } = this.answer;
      this.transcript.push(`<- ${command}${success ? '' : ` FAILED ${text}`}${success ? printed(body) : ''}`);
    } else {
      const { event, body } = message as DebugProtocol.Event;
      this.transcript.push(`<= ${event}${printed(body)}`);
    }
  }
}

const printed = (body: unknown): string => (body === undefined ? '' : ` ${JSON.stringify(body)}`);

function matchesGolden(client: Client, name: string): void {
  const file = path.join(import.meta.dirname, 'golden', `${name}.txt`);
  // How many atomic steps an operation takes is the engine's business.
  const text = `${client.transcript
    .join('\n')
    .replace(/\b\d+ steps/g, 'N steps')
    .replace(/\bstep \d+/g, 'step N')}\n`;
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(existsSync(file), `${file} is missing: run with UPDATE_GOLDEN=1`).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe('transcripts', () => {
  test('step into a post, look, step back', async () => {
    const client = new Client(TO_RUNNING);
    await client.launch();
    await client.stepInUntil('vmx_deliver_posted_interrupt');
    await client.request('threads');
    const { stackFrames } = await client.request<Stack>('stackTrace', { threadId: 3 });
    expect(stackFrames.map(({ name }) => name)).toContain('vmx_deliver_posted_interrupt  (vmx/vmx.c, Linux 6.16)');
    await client.request('scopes', { frameId: 1 });
    await client.request('variables', { variablesReference: 1 });
    await client.request('variables', { variablesReference: 2 });
    await client.request('stepIn', { threadId: 3 });
    await client.request('evaluate', { expression: 'vcpu 1.pid.pir', context: 'hover' });
    await client.request('stepBack', { threadId: 3 });
    await client.request('evaluate', { expression: 'vcpu 1.pid.pir', context: 'watch' });
    await client.request('stepOut', { threadId: 3 });
    await client.request('next', { threadId: 3 });
    await client.request('continue', { threadId: 1 });
    await client.request('continue', { threadId: 1 });
    expect(client.attached).toBe(false);
    matchesGolden(client, 'post');
  });

  test('breakpoints, a failed expectation, and back to the start', async () => {
    const client = new Client(FAILING);
    await client.request('initialize', {});
    await client.request('launch', { program: '/scenario.irq', stopOnEntry: false });
    await client.request('setBreakpoints', {
      source: { path: '/scenario.irq' },
      breakpoints: [{ line: 1 }, { line: 7 }, { line: 99 }],
    });
    await client.request('configurationDone');
    await client.request('continue', { threadId: 1 });
    await client.request('exceptionInfo', { threadId: 1 });
    await client.request('stackTrace', { threadId: 1 });
    await client.request('reverseContinue', { threadId: 1 });
    await client.request('reverseContinue', { threadId: 1 });
    await client.request('restart');
    await client.request('disconnect');
    matchesGolden(client, 'failure');
  });

  test('breakpoints by function, by data and by trouble; another file; goto; the console', async () => {
    const client = new Client(`${MACHINE}\nvcpu 0:  ipi fixed 0x41 to 1\nvcpu 1:  eoi\nvcpu 0:  ipi fixed 0x42 to 9\n`);
    await client.request('initialize', {});
    await client.request('launch', { program: '/scenario.irq', stopOnEntry: false });
    await client.request('setBreakpoints', { source: { path: '/other.irq' }, breakpoints: [{ line: 7 }] });
    await client.request('setFunctionBreakpoints', {
      breakpoints: [{ name: 'vmx_deliver_posted_interrupt' }, { name: 'no_such_function' }],
    });
    await client.request('setDataBreakpoints', {
      breakpoints: [{ dataId: 'vcpu 1.pid.on', condition: 'vcpu 1.pid.on == 0' }],
    });
    await client.request('setExceptionBreakpoints', { filters: ['dropped'] });
    await client.request('configurationDone');
    await client.request('stackTrace', { threadId: 3 });
    await client.request('dataBreakpointInfo', { name: 'vcpu 1.pid.on' });
    await client.request('continue', { threadId: 3 });
    await client.request('evaluate', { expression: 'vcpu 1.pid.on', context: 'repl' });
    await client.request('continue', { threadId: 3 });
    await client.request('exceptionInfo', { threadId: 3 });
    await client.request('gotoTargets', { line: 7 });
    await client.request('goto', { threadId: 3, targetId: 1 });
    await client.request('evaluate', { expression: 'expect vcpu 1: isr has 0x41', context: 'repl' });
    await client.request('evaluate', { expression: 'send fixed 0x61 to 1', context: 'repl' });
    await client.request('evaluate', { expression: 'vcpu 1.isr', context: 'watch' });
    await client.request('terminate');
    matchesGolden(client, 'breakpoints');
  });

  test('set a variable', async () => {
    const client = new Client(TO_RUNNING);
    await client.launch();
    await client.request('stackTrace', { threadId: 1 });
    await client.request('scopes', { frameId: 1 });
    await client.request('setVariable', { variablesReference: 3, name: 'tpr', value: '0x50' });
    await client.request('setVariable', { variablesReference: 3, name: 'tpr', value: '0x500' });
    await client.request('setVariable', { variablesReference: 3, name: 'irr', value: '{0x31 0x55}' });
    await client.request('setVariable', { variablesReference: 3, name: 'mode', value: 'ASLEEP' });
    await client.request('evaluate', { expression: 'vcpu 1.irr[0x55]', context: 'repl' });
    await client.request('stepBack', { threadId: 1 });
    await client.request('evaluate', { expression: 'vcpu 1.irr', context: 'repl' });
    matchesGolden(client, 'set');
  });
});

describe('looking and going', () => {
  test('memory: the descriptor and the APIC page as bytes', async () => {
    const client = new Client(TO_RUNNING);
    await client.launch();
    await client.stepInUntil('kvm_vcpu_trigger_posted_interrupt');
    const read = (memoryReference: string, offset: number, count: number) =>
      client.request<{ data: string; unreadableBytes: number }>('readMemory', { memoryReference, offset, count });
    const descriptor = await read('vcpu 1 pi_desc', 0, 100);
    const bytes = Buffer.from(descriptor.data, 'base64');
    expect(bytes).toHaveLength(64);
    expect(descriptor.unreadableBytes).toBe(36);
    expect(bytes[0x41 >> 3]).toBe(1 << (0x41 & 7));
    expect(bytes[32]).toBe(1);
    expect(bytes[34]).toBe(0xf2);
    const page = await read('vcpu 1 apic page', 0xf0, 4);
    expect(Buffer.from(page.data, 'base64').readUInt32LE(0)).toBe(0x1ff);
    await read('vcpu 9 pi_desc', 0, 4);
    expect(client.transcript.at(-1)).toContain('FAILED');
  });

  test('goto: to the moment before a line runs, ahead and back', async () => {
    const client = new Client(TO_RUNNING);
    await client.launch();
    const lines = TO_RUNNING.split('\n');
    const line = lines.findIndex(each => each.startsWith('vcpu 1:')) + 1;
    const { targets } = await client.request<{ targets: { id: number; line: number }[] }>('gotoTargets', { line });
    expect(targets).toMatchObject([{ line }]);
    const at = async () => (await client.request<Stack>('stackTrace', { threadId: 1 })).stackFrames[0].line;
    await client.request('goto', { threadId: 1, targetId: targets[0].id });
    expect(await at()).toBe(line);
    await client.request('goto', { threadId: 1, targetId: 0 });
    expect(await at()).toBe(lines.findIndex(each => each.startsWith('vcpu 0:')) + 1);
  });

  test('the debug console carries out a statement between two lines', async () => {
    const client = new Client(TO_RUNNING);
    await client.launch();
    const ask = async (expression: string) =>
      (await client.request<{ result: string }>('evaluate', { expression, context: 'repl' })).result;
    expect(await ask('vcpu 2: ipi fixed 0x77 to 1')).toContain('step');
    expect(await ask('vcpu 1.isr')).toBe('{0x77}');
    const { stackFrames } = await client.request<Stack>('stackTrace', { threadId: 1 });
    expect(stackFrames[0].name).toContain('ipi fixed 0x41 to 1');
    await client.request('continue', { threadId: 1 });
    await client.request('stepBack', { threadId: 1 });
    await client.request('reverseContinue', { threadId: 1 });
    expect(await ask('vcpu 1.isr')).toBe('{}');
    await ask('vcpu 0: dance');
    expect(client.transcript.at(-1)).toContain('FAILED');
  });
});

describe('what cannot be launched', () => {
  const failure = (client: Client) => client.transcript.find(line => line.includes('FAILED'));

  test.each([
    ['an error in the scenario names its line', `${MACHINE}\nvcpu 9: eoi\n`, {}, 'line 6'],
    ['an empty scenario says what to write', '', {}, '`machine intel`'],
    ['a machine without a statement', MACHINE, {}, '`vcpu 0: ipi fixed 0x41 to 1`'],
    ['a missing file', MACHINE, { program: '/missing.irq' }, 'no such file'],
    ['no program', MACHINE, { program: '' }, '"program"'],
    ['an unknown profile', TO_RUNNING, { profile: '1.0' }, '6.16'],
  ])('%s', async (_what, text, args, expected) => {
    const client = new Client(text);
    await client.request('initialize', {});
    await client.request('launch', { program: '/scenario.irq', ...args });
    expect(failure(client)).toContain(expected);
    expect(client.transcript).not.toContain('<= initialized');
  });
});

test('one section is stepped through by itself, from the start of the machine', async () => {
  const sections = `${MACHINE}section one\nvcpu 0: exit\nsection two\nvcpu 1: eoi\nexpect vcpu 0: mode IN_GUEST_MODE\n`;
  const client = new Client(sections);
  await client.launch({ section: 'two' });
  const lines: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { stackFrames } = await client.request<Stack>('stackTrace', { threadId: 1 });
    lines.push(stackFrames[0].line);
    await client.request('next', { threadId: 1 });
  }
  const first = sections.split('\n').indexOf('section two') + 1;
  expect(lines).toEqual([first, first + 1, first + 2]);
  expect(client.transcript.join('\n')).toContain('1 expectations hold');
});

test('a request before launch or unknown fails with words and nothing throws', async () => {
  const client = new Client(TO_RUNNING);
  await client.request('stackTrace', { threadId: 1 });
  await client.request('next', { threadId: 1 });
  await client.request('disassemble', {});
  expect(client.transcript.filter(line => line.includes('FAILED'))).toHaveLength(3);
});
