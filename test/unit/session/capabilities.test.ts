/** What is announced works, and a client may send what it likes. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CAPABILITIES } from '../../../extension/session/dap/capabilities.ts';
import { DebugSession } from '../../../extension/session/dap/debugSession.ts';
import { TROUBLES } from '../../../extension/session/stopRules.ts';
import { FAILING, MACHINE, TO_RUNNING } from './scenarios.ts';

class Client {
  readonly messages: DebugProtocol.ProtocolMessage[] = [];
  readonly #session: DebugSession;
  #sequence = 1;

  constructor(text: string) {
    this.#session = new DebugSession({
      read: async () => text,
      send: message => void this.messages.push(message),
      attach: () => {},
    });
  }

  handle(message: unknown): Promise<void> {
    return this.#session.handle(message as DebugProtocol.ProtocolMessage);
  }

  /** The body of the one response; throws what the adapter says when it fails. */
  async ask<Body = Record<string, unknown>>(command: string, args?: unknown): Promise<Body> {
    const seq = this.#sequence++;
    await this.handle({ seq, type: 'request', command, arguments: args });
    const responses = this.messages.filter(
      (message): message is DebugProtocol.Response =>
        message.type === 'response' && (message as DebugProtocol.Response).request_seq === seq,
    );
    expect(responses).toHaveLength(1);
    if (!responses[0].success) throw new Error(responses[0].message);
    return responses[0].body as Body;
  }

  get stopped(): DebugProtocol.StoppedEvent['body'] {
    const all = this.messages.filter(message => (message as DebugProtocol.Event).event === 'stopped');
    return (all.at(-1) as DebugProtocol.StoppedEvent).body;
  }

  async begin(args: object = {}): Promise<this> {
    await this.ask('initialize', { supportsInvalidatedEvent: true });
    await this.ask('launch', { program: '/a.irq', ...args });
    await this.ask('configurationDone');
    return this;
  }

  async line(): Promise<number> {
    const { threadId } = this.stopped;
    const { stackFrames } = await this.ask<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId });
    return stackFrames[0].line;
  }

  async value(expression: string): Promise<string> {
    return (await this.ask<{ result: string }>('evaluate', { expression, context: 'watch' })).result;
  }

  /** The reference of a scope by its name. */
  async scope(name: string): Promise<number> {
    await this.line();
    const { scopes } = await this.ask<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: 1 });
    return scopes.find(scope => scope.name === name)?.variablesReference ?? 0;
  }
}

const begun = (text = TO_RUNNING) => new Client(text).begin();
const lines = TO_RUNNING.split('\n');
const IPI = lines.findIndex(line => line.includes('ipi')) + 1;
const EOI = lines.findIndex(line => line.includes('eoi')) + 1;
const source = { path: '/a.irq' };

/** What shows that a capability works, by its name. */
const SHOWN: Partial<Record<keyof DebugProtocol.Capabilities, () => Promise<void>>> = {
  async supportsConfigurationDoneRequest() {
    const client = new Client(TO_RUNNING);
    await client.ask('initialize', {});
    await client.ask('launch', { program: '/a.irq' });
    expect(client.messages.map(message => (message as DebugProtocol.Event).event)).not.toContain('stopped');
    await client.ask('configurationDone');
    expect(client.stopped.reason).toBe('entry');
  },
  async supportsStepBack() {
    const client = await begun();
    await client.ask('next', { threadId: 1 });
    expect(await client.value('vcpu 1.isr')).toBe('{0x41}');
    await client.ask('stepBack', { threadId: 1 });
    expect(await client.value('vcpu 1.isr')).toBe('{}');
    await client.ask('continue', { threadId: 1 });
    await client.ask('reverseContinue', { threadId: 1 });
    expect(await client.line()).toBe(IPI);
  },
  async supportsSteppingGranularity() {
    const client = await begun();
    await client.ask('next', { threadId: 1, granularity: 'instruction' });
    expect(await client.line()).toBe(IPI);
    await client.ask('next', { threadId: 1, granularity: 'statement' });
    expect(await client.line()).toBe(IPI + 1);
  },
  async supportsSetVariable() {
    const client = await begun();
    const variablesReference = await client.scope('vCPU 1');
    expect(await client.ask('setVariable', { variablesReference, name: 'tpr', value: '0x20' })).toEqual({
      value: '0x20',
    });
    expect(await client.value('vcpu 1.tpr')).toBe('0x20');
  },
  async supportsSetExpression() {
    const client = await begun();
    expect(await client.ask('setExpression', { expression: 'vcpu 1.irr', value: '{0x55}' })).toEqual({
      value: '{0x55}',
    });
    expect(await client.value('vcpu 1.irr[0x55]')).toBe('true');
    await expect(client.ask('setExpression', { expression: 'vcpu 1.tpr == 0', value: '1' })).rejects.toThrow(
      'no field',
    );
  },
  async supportsEvaluateForHovers() {
    const client = await begun();
    expect(await client.ask('evaluate', { expression: 'vcpu 1.state', context: 'hover' })).toMatchObject({
      result: 'running',
    });
  },
  async supportsClipboardContext() {
    const client = await begun();
    expect(await client.ask('evaluate', { expression: 'vcpu 1.irr', context: 'clipboard' })).toMatchObject({
      result: '{}',
    });
  },
  async supportsCompletionsRequest() {
    const client = await begun();
    const labels = async (text: string) => {
      const { targets } = await client.ask<DebugProtocol.CompletionsResponse['body']>('completions', {
        text,
        column: text.length + 1,
      });
      return targets.map(({ label }) => label);
    };
    expect(await labels('')).toEqual(expect.arrayContaining(['vcpu 0', 'vcpu 2', 'cpu 1', 'send']));
    expect(await labels('vcpu 1.pid.')).toEqual(expect.arrayContaining(['pid.on', 'pid.pir']));
    expect(await labels('vcpu 1: is')).toEqual(['isr']);
    expect(await labels('!vcpu 1.irr has 0x41 && vcpu 2.tp')).toEqual(['tpr', 'tpr_threshold']);
    expect(await labels('nonsense')).toEqual([]);
  },
  async supportsRestartRequest() {
    const client = await begun();
    await client.ask('next', { threadId: 1 });
    await client.ask('restart');
    expect(client.stopped.reason).toBe('entry');
    expect(await client.line()).toBe(IPI);
  },
  async supportsExceptionInfoRequest() {
    const client = await begun(FAILING);
    await client.ask('continue', { threadId: 1 });
    expect(client.stopped.reason).toBe('exception');
    expect(await client.ask('exceptionInfo', { threadId: 1 })).toMatchObject({
      exceptionId: 'Expectation failed',
      description: 'expected vcpu 1: isr has 0x42, but vcpu 1.isr is {0x41}',
      details: { typeName: 'expectation' },
    });
  },
  async supportsExceptionFilterOptions() {
    const client = await begun();
    const { breakpoints } = await client.ask<{ breakpoints: DebugProtocol.Breakpoint[] }>('setExceptionBreakpoints', {
      filters: [],
      filterOptions: [{ filterId: 'invariant', condition: 'asleep-with-work' }, { filterId: 'dropped' }],
    });
    expect(breakpoints.map(({ verified }) => verified)).toEqual([true, true]);
  },
  async supportsConditionalBreakpoints() {
    const client = await begun();
    const breakpoints = [
      { line: EOI, condition: 'vcpu 1.isr has 0x42' },
      { line: EOI + 1, condition: 'vcpu 1.svi == 0' },
    ];
    await client.ask('setBreakpoints', { source, breakpoints });
    await client.ask('continue', { threadId: 1 });
    expect(await client.line()).toBe(EOI + 1);
  },
  async supportsHitConditionalBreakpoints() {
    const client = await begun(`${MACHINE}repeat 3\n  vcpu 0: tpr 0\nend\n`);
    const line = MACHINE.split('\n').length + 1;
    await client.ask('setBreakpoints', { source, breakpoints: [{ line, hitCondition: '2' }] });
    await client.ask('continue', { threadId: 1 });
    expect(client.stopped.reason).toBe('breakpoint');
    await client.ask('continue', { threadId: 1 });
    expect(client.stopped.description).toContain('End of the scenario');
  },
  async supportsLogPoints() {
    const client = await begun();
    await client.ask('setBreakpoints', { source, breakpoints: [{ line: EOI, logMessage: 'SVI {vcpu 1.svi}' }] });
    await client.ask('continue', { threadId: 1 });
    expect(client.messages).toContainEqual(
      expect.objectContaining({ event: 'output', body: { category: 'console', output: 'SVI 0x41\n' } }),
    );
  },
  async supportsFunctionBreakpoints() {
    const client = await begun();
    await client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'vmx_deliver_posted_interrupt' }] });
    await client.ask('continue', { threadId: 1 });
    const { stackFrames } = await client.ask<DebugProtocol.StackTraceResponse['body']>('stackTrace', {
      threadId: client.stopped.threadId,
    });
    expect(stackFrames[0].name).toBe('vmx_deliver_posted_interrupt  (vmx/vmx.c, Linux 6.16)');
  },
  async supportsBreakpointLocationsRequest() {
    const client = await begun();
    const { breakpoints } = await client.ask<{ breakpoints: unknown[] }>('breakpointLocations', {
      source,
      line: 1,
      endLine: 99,
    });
    expect(breakpoints).toEqual([IPI, IPI + 1, EOI, EOI + 1].map(line => ({ line })));
  },
  async supportsDelayedStackTraceLoading() {
    const client = await begun();
    await SHOWN.supportsFunctionBreakpoints?.();
    await client.ask('stepIn', { threadId: 1 });
    const { threadId } = client.stopped;
    const part = (startFrame: number, levels: number) =>
      client.ask<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId, startFrame, levels });
    const { stackFrames, totalFrames = 0 } = await part(0, 0);
    expect(totalFrames).toBeGreaterThan(1);
    expect((await part(0, 1)).stackFrames).toHaveLength(1);
    expect((await part(1, 20)).stackFrames.map(({ name }) => name)).toEqual(
      stackFrames.slice(1).map(({ name }) => name),
    );
  },
  async supportsDataBreakpoints() {
    const client = await begun();
    const variablesReference = await client.scope('vCPU 1');
    const { dataId, accessTypes } = await client.ask<DebugProtocol.DataBreakpointInfoResponse['body']>(
      'dataBreakpointInfo',
      {
        variablesReference,
        name: 'svi',
      },
    );
    expect([dataId, accessTypes]).toEqual(['vcpu 1.svi', ['write']]);
    const becomes = { dataId, condition: 'vcpu 1.svi == 0' };
    await client.ask('setDataBreakpoints', { breakpoints: [becomes] });
    await client.ask('continue', { threadId: 1 });
    expect([await client.value('vcpu 1.svi'), await client.line()]).toEqual(['0x00', EOI]);
  },
  async supportsReadMemoryRequest() {
    const client = await begun();
    const memory = { memoryReference: 'vcpu 1 pi_desc', offset: 32, count: 8 };
    const { data } = await client.ask<{ data: string }>('readMemory', memory);
    expect(Buffer.from(data, 'base64')[2]).toBe(0xf2);
  },
  async supportsGotoTargetsRequest() {
    const client = await begun();
    const { targets } = await client.ask<{ targets: DebugProtocol.GotoTarget[] }>('gotoTargets', { source, line: EOI });
    await client.ask('goto', { threadId: 1, targetId: targets[0].id });
    expect(client.stopped.reason).toBe('goto');
    expect(await client.line()).toBe(EOI);
    await expect(client.ask('goto', { threadId: 1, targetId: 99 })).rejects.toThrow('no such place');
  },
  async supportsTerminateRequest() {
    const client = await begun();
    await client.ask('terminate');
    expect(client.messages.at(-1)).toMatchObject({ event: 'terminated' });
  },
};

const announced = Object.entries(CAPABILITIES).flatMap(([name, value]) => (value === true ? [name] : []));

describe('every capability that is announced works', () => {
  test.each(announced)('%s', async name => {
    const shown = SHOWN[name as keyof DebugProtocol.Capabilities];
    expect(shown, 'nothing shows it').toBeDefined();
    await shown?.();
  });

  test('and nothing is shown that is not announced', () => {
    expect(Object.keys(SHOWN).sort()).toEqual([...announced].sort());
  });
});

describe('every trouble stops, and says what it is', () => {
  const LOST = `${MACHINE}vcpu 1 blocked on cpu 1\nvcpu 0: ipi fixed 0x41 to 1\n`;
  test.each<[keyof typeof TROUBLES, string, RegExp]>([
    ['expectation', FAILING, /^expected vcpu 1: isr has 0x42, but/],
    ['impossible', `${MACHINE}vcpu 1: enter\n`, /is in guest mode already/],
    ['dropped', `${MACHINE}vcpu 0: ipi fixed 0x41 to 9\n`, /9.*, in: vcpu 0: ipi fixed 0x41 to 9$/],
    ['fault', `${MACHINE}vcpu 0: icr 0x0000000100002041\n`, /#GP\(0\)/],
    ['illegal-vector', `${MACHINE}vcpu 0: icr 0x0000000100000008\n`, /, in: vcpu 0: icr/],
  ])('%s', async (filter, text, description) => {
    const client = new Client(text);
    await client.ask('initialize', {});
    await client.ask('launch', { program: '/a.irq' });
    await client.ask('setExceptionBreakpoints', { filters: [filter] });
    await client.ask('configurationDone');
    await client.ask('continue', { threadId: 1 });
    expect(client.stopped).toMatchObject({ reason: 'exception', description: TROUBLES[filter].label });
    const info = await client.ask<DebugProtocol.ExceptionInfoResponse['body']>('exceptionInfo', { threadId: 1 });
    expect(info.exceptionId).toBe(TROUBLES[filter].label);
    expect(info.description).toMatch(description);
    expect(info.details?.typeName).toBe(filter);
  });

  test('an interrupt that is lost breaks an invariant', async () => {
    const client = await begun(LOST);
    await client.ask('setExceptionBreakpoints', { filters: ['invariant'] });
    await client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'kvm_vcpu_wake_up' }] });
    await client.ask('continue', { threadId: 1 });
    await client.ask('setExpression', { expression: 'vcpu 1.pid.on', value: '0' });
    await client.ask('continue', { threadId: 1 });
    const info = await client.ask<DebugProtocol.ExceptionInfoResponse['body']>('exceptionInfo', { threadId: 1 });
    expect(client.stopped.reason).toBe('exception');
    expect(info.description).toMatch(/^[a-z-]+: .*, in: vcpu 0: ipi fixed 0x41 to 1$/);
  });
});

test('of many vCPUs a client reads a page at a time', async () => {
  const client = await begun(MACHINE.replace('vcpus   3', 'vcpus   200').concat('vcpu 0: tpr 0\n'));
  await client.line();
  const { scopes } = await client.ask<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: 1 });
  const all = scopes.find(({ name }) => name === 'vCPUs');
  expect(all?.indexedVariables).toBe(200);
  const page = { variablesReference: all?.variablesReference, filter: 'indexed', start: 100, count: 50 };
  const { variables } = await client.ask<DebugProtocol.VariablesResponse['body']>('variables', page);
  expect(variables.map(({ name }) => name)).toEqual(Array.from({ length: 50 }, (_, i) => `vcpu ${100 + i}`));
  const inside = { variablesReference: variables[0].variablesReference };
  const fields = await client.ask<DebugProtocol.VariablesResponse['body']>('variables', inside);
  expect(fields.variables.find(({ name }) => name === 'state')?.value).toBe('running');
});

test('what the last step changed stands in a scope of its own, with before and after', async () => {
  const client = await begun();
  await client.ask('setDataBreakpoints', { breakpoints: [{ dataId: 'vcpu 1.pid.on' }] });
  await client.ask('continue', { threadId: 1 });
  const { variables } = await client.ask<DebugProtocol.VariablesResponse['body']>('variables', {
    variablesReference: await client.scope('Last step'),
  });
  expect(variables).toContainEqual(expect.objectContaining({ name: 'vcpu 1.pid.on', value: '0 → 1' }));
});

test('the console judges an expectation and sends', async () => {
  const client = await begun();
  const repl = async (expression: string) =>
    (await client.ask<{ result: string }>('evaluate', { expression, context: 'repl' })).result;
  expect(await repl('expect vcpu 1: isr has 0x41, pid.on 0')).toBe(
    'vcpu 1: isr has 0x41: vcpu 1.isr is {}; vcpu 1: pid.on 0: holds',
  );
  const stops = client.messages.filter(message => (message as DebugProtocol.Event).event === 'stopped').length;
  expect(await repl('send fixed 0x61 to 1')).toMatch(/^\d+ steps; to walk through them/);
  expect(await repl('vcpu 1.isr')).toBe('{0x61}');
  expect(client.messages.filter(message => (message as DebugProtocol.Event).event === 'stopped')).toHaveLength(stops);
  expect(client.messages).toContainEqual(
    expect.objectContaining({ event: 'invalidated', body: { areas: ['variables'] } }),
  );
  await client.ask('stepBack', { threadId: 1 });
  expect(await repl('vcpu 1.isr')).toBe('{}');
  await client.ask('stepIn', { threadId: 1 });
  expect(client.stopped.threadId).not.toBe(1);
  await expect(repl('vcpu 0: dance')).rejects.toThrow('dance');
  await expect(repl('vcpu 1.irq')).rejects.toThrow("no field 'irq'");
});

describe('whatever a client sends', () => {
  const word = fc.constantFrom(
    'breakpoints',
    'filters',
    'line',
    'name',
    'threadId',
    'frameId',
    'variablesReference',
    'path',
  );
  const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
    any: fc.oneof(fc.jsonValue(), fc.dictionary(word, tie('any')), fc.array(tie('any'), { maxLength: 3 })),
  })).any;
  const COMMANDS = [
    ...[
      'setBreakpoints',
      'setFunctionBreakpoints',
      'setDataBreakpoints',
      'setExceptionBreakpoints',
      'evaluate',
      'goto',
    ],
    ...[
      'variables',
      'setVariable',
      'setExpression',
      'readMemory',
      'scopes',
      'stackTrace',
      'completions',
      'gotoTargets',
    ],
    ...['dataBreakpointInfo', 'breakpointLocations', 'next', 'stepIn', 'stepBack', 'exceptionInfo', 'nonsense'],
  ];

  test('each request gets one answer, and a good one is answered well afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...COMMANDS), value), { maxLength: 6 }), async requests => {
        const client = await begun();
        for (const [command, args] of requests) {
          await client.ask(command, args).catch((error: Error) => {
            if (error.name === 'AssertionError') throw error;
          });
        }
        await client.ask('restart');
        await client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'vmx_deliver_posted_interrupt' }] });
        expect(await client.value('vcpu 1.state')).toBe('running');
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test.each(['configurationDone', 'continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'pause'])(
    '%s is refused while nothing runs',
    async command => {
      const client = new Client(TO_RUNNING);
      await client.ask('initialize');
      await expect(client.ask(command, { threadId: 1 })).rejects.toThrow('no scenario runs');
    },
  );

  test('a variant that the scenario does not have is refused', async () => {
    const variants = `${TO_RUNNING}\nvariant before\nvariant after\n`;
    const launch = (text: string, variant: string) =>
      new Client(text).ask('launch', { program: '/a.irq', variant }).then(
        () => 'starts',
        (error: Error) => error.message,
      );
    expect(await launch(variants, 'nope')).toBe("no variant 'nope'; write one of before, after");
    expect(await launch(TO_RUNNING, 'nope')).toBe("no variant 'nope'; the scenario has none");
    expect(await launch(variants, 'after')).toBe('starts');
    expect(await launch(TO_RUNNING, '')).toBe('starts');
  });

  test('what is no request is passed over', async () => {
    const client = await begun();
    const before = client.messages.length;
    for (const message of [null, 5, 'x', [], {}, { type: 'event' }, { type: 'request' }]) await client.handle(message);
    expect(client.messages).toHaveLength(before);
  });
});
