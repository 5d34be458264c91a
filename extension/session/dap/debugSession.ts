/**
 * The Debug Adapter Protocol over a session: free of any transport and of VS Code, so that it runs in the extension host, in a browser
 * and over a pipe alike. https://microsoft.github.io/debug-adapter-protocol/
 */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Statement } from '../../scenario/program.ts';
import type { ScenarioText } from '../../scenario/tree.ts';
import type { AgentAction } from '../actions.ts';
import { judge } from '../expectations.ts';
import { UserError } from '../expression.ts';
import type { Motion } from '../protocol.ts';
import { Session, type Stop } from '../session.ts';
import { Breakpoints, breakpointLocations } from './breakpoints.ts';
import { CAPABILITIES } from './capabilities.ts';
import { completionsOf } from './completions.ts';
import { kernelOf, type LaunchArguments, optionsOf, orderOf, programOf } from './launch.ts';
import { Look } from './look.ts';
import { DESCRIPTIONS, gotoTargets, motionOf, summary } from './motions.ts';
import { currentThread, SCENARIO_THREAD, threadsOf } from './stack.ts';
import { exceptionInfo, troubleName } from './trouble.ts';
import { looksLikeStatement, typedStatement } from './typed.ts';

/** What the debug session needs of its surroundings. */
export interface DebugHost {
  /** The scenario that `launch` names, a path or a URI, with what it includes. Rejects with a message for the user. */
  read(program: string): Promise<ScenarioText>;
  send(message: DebugProtocol.ProtocolMessage): void;
  /** A run began (or, undefined, ended): the inspector follows it. */
  attach(session: Session | undefined, program: string): void;
}

export class DebugSession {
  private session: Session | undefined;
  private program = '';
  private text: ScenarioText = '';
  private launch: LaunchArguments | undefined;
  private look: Look | undefined;
  private sequence = 1;
  private last: Stop = { reason: 'start' };
  /** 1-based line to show while stopped on a failure: the machine has moved on already. */
  private failedLine = 0;
  private unsubscribe: (() => void) | undefined;
  private moving = false;
  /** The client looks again at the variables of a stop when it is told to. */
  private invalidates = false;
  private readonly breakpoints = new Breakpoints();
  private readonly host: DebugHost;

  constructor(host: DebugHost) {
    this.host = host;
  }

  /** Handles one message; never throws or rejects. What is not a request is ignored. */
  async handle(message: DebugProtocol.ProtocolMessage): Promise<void> {
    const request = message as DebugProtocol.Request | null;
    if (request?.type !== 'request' || typeof request.command !== 'string') {
      return;
    }
    try {
      await this.dispatch(request);
    } catch (error) {
      if (!(error instanceof UserError)) {
        this.output('stderr', `${request.command}: ${(error as Error).stack ?? String(error)}`);
      }
      this.fail(request, (error as Error).message);
    }
  }

  dispose(): void {
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    if (this.session !== undefined) {
      this.session = undefined;
      this.host.attach(undefined, this.program);
    }
  }

  private async dispatch(request: DebugProtocol.Request): Promise<void> {
    const args = request.arguments ?? {};
    switch (request.command) {
      case 'initialize':
        this.invalidates = (args as DebugProtocol.InitializeRequestArguments).supportsInvalidatedEvent === true;
        this.respond(request, CAPABILITIES);
        return;
      case 'launch':
        await this.start(args as LaunchArguments);
        this.respond(request);
        // Only now may breakpoints come: configurationDone must not overtake the program.
        this.event('initialized');
        return;
      case 'restart':
        await this.start(this.launch ?? {});
        this.respond(request);
        this.enter();
        return;
      case 'configurationDone':
        this.running();
        this.respond(request);
        this.enter();
        return;
      case 'setBreakpoints':
        this.respond(request, {
          breakpoints: this.breakpoints.setLines(
            args as DebugProtocol.SetBreakpointsArguments,
            this.running(),
            this.program,
          ),
        });
        return;
      case 'setFunctionBreakpoints':
        this.respond(request, {
          breakpoints: this.breakpoints.setFunctions(
            (args as DebugProtocol.SetFunctionBreakpointsArguments).breakpoints,
            this.running(),
          ),
        });
        return;
      case 'breakpointLocations':
        this.respond(request, {
          breakpoints: breakpointLocations(this.running(), args as DebugProtocol.BreakpointLocationsArguments),
        });
        return;
      case 'dataBreakpointInfo':
        this.respond(request, this.looking().dataBreakpointInfo(args as DebugProtocol.DataBreakpointInfoArguments));
        return;
      case 'setDataBreakpoints':
        this.respond(request, {
          breakpoints: this.breakpoints.setData(
            (args as DebugProtocol.SetDataBreakpointsArguments).breakpoints,
            this.running(),
          ),
        });
        return;
      case 'setExceptionBreakpoints':
        this.respond(request, {
          breakpoints: this.breakpoints.setFilters(
            args as DebugProtocol.SetExceptionBreakpointsArguments,
            this.running(),
          ),
        });
        return;
      case 'threads':
        this.respond(request, { threads: this.session === undefined ? [] : threadsOf(this.session) });
        return;
      case 'stackTrace':
        this.respond(request, this.looking().stackTrace(args as DebugProtocol.StackTraceArguments));
        return;
      case 'scopes':
        this.respond(request, { scopes: this.looking().scopes(args as DebugProtocol.ScopesArguments) });
        return;
      case 'variables':
        this.respond(request, { variables: this.looking().variables(args as DebugProtocol.VariablesArguments) });
        return;
      case 'setVariable':
        this.respond(
          request,
          this.byHand(() => this.looking().setVariable(args as DebugProtocol.SetVariableArguments)),
        );
        return;
      case 'setExpression':
        this.respond(
          request,
          this.byHand(() => this.looking().setExpression(args as DebugProtocol.SetExpressionArguments)),
        );
        return;
      case 'completions': {
        const { text, column } = args as DebugProtocol.CompletionsArguments;
        this.respond(request, { targets: completionsOf(this.running().runner.machine, text, column) });
        return;
      }
      case 'evaluate':
        this.respond(request, {
          result: this.evaluate(args as DebugProtocol.EvaluateArguments),
          variablesReference: 0,
        });
        return;
      case 'readMemory':
        this.respond(request, this.looking().readMemory(args as DebugProtocol.ReadMemoryArguments));
        return;
      case 'gotoTargets':
        this.respond(request, { targets: gotoTargets(this.running(), args as DebugProtocol.GotoTargetsArguments) });
        return;
      case 'goto': {
        const { targetId } = args as DebugProtocol.GotoArguments;
        if (this.running().program.statements[targetId] === undefined) {
          throw new UserError('there is no such place to go to');
        }
        this.respond(request);
        this.moving = true;
        this.last = this.running().goTo(targetId);
        this.moving = false;
        this.failedLine = 0;
        this.stopped('goto');
        return;
      }
      case 'exceptionInfo':
        this.respond(request, exceptionInfo(this.last, this.running()));
        return;
      case 'continue':
        this.running();
        this.respond(request, { allThreadsContinued: true });
        this.moveOrEnd();
        return;
      case 'next':
      case 'stepIn':
      case 'stepOut':
      case 'stepBack':
      case 'reverseContinue':
        this.running();
        this.respond(request);
        this.move(motionOf(request.command, args as { granularity?: DebugProtocol.SteppingGranularity }));
        return;
      case 'pause':
        this.running();
        this.respond(request);
        this.stopped();
        return;
      case 'terminate':
      case 'disconnect':
        this.respond(request);
        this.end();
        return;
      default:
        this.fail(request, `${request.command} is not supported`);
    }
  }

  // Launching and ending.

  private async start(args: LaunchArguments): Promise<void> {
    if (typeof args.program !== 'string' || args.program === '') {
      throw new UserError('the launch configuration names no program: set "program" to a scenario file (.irq)');
    }
    const kernel = kernelOf(args.profile);
    const text = await this.host.read(args.program).catch(error => {
      throw new UserError((error as Error).message);
    });
    const program = programOf(text, kernel, args);
    this.dispose();
    this.launch = args;
    this.program = args.program;
    this.text = text;
    this.session = new Session(program, orderOf(args));
    this.session.source = { text, options: optionsOf(kernel, args) };
    this.session.log = line => this.output('console', line);
    this.breakpoints.apply(this.session);
    this.last = { reason: 'start' };
    this.failedLine = 0;
    const { dispose } = this.session.onDidMove(() => this.moved());
    this.unsubscribe = dispose;
    this.host.attach(this.session, this.program);
  }

  private enter(): void {
    if (this.launch?.stopOnEntry === false) {
      this.moveOrEnd();
    } else {
      this.last = { reason: 'start' };
      this.stopped('entry');
    }
  }

  private end(): void {
    this.dispose();
    this.event('terminated');
  }

  // Moving.

  private move(motion: Motion): void {
    const session = this.running();
    const { statement } = session;
    this.arrive(
      this.byHand(() => session.move(motion)),
      statement,
    );
  }

  /** Tells where a motion has ended. `statement`: the one at which it began. */
  private arrive(stop: Stop, statement: Statement | undefined): void {
    const session = this.running();
    this.last = stop;
    this.failedLine = 0;
    if (stop.reason === 'failure' && statement !== undefined) {
      const trouble = session.troubles.find(({ step }) => step === session.position);
      this.failedLine = trouble?.line ?? 0;
      const line = this.failedLine || session.lineOf(session.position);
      this.output('stderr', `line ${line}: ${stop.text}`);
    } else if (stop.reason === 'end') {
      this.output('console', summary(session));
    }
    this.stopped();
  }

  /** `continue` at the end leaves; otherwise one could never look back from there. */
  private moveOrEnd(): void {
    if (this.running().finished && this.last.reason === 'end') {
      this.end();
    } else {
      this.move('continue');
    }
  }

  /** The inspector moved the run: the editor follows. */
  private moved(): void {
    if (!this.moving) {
      this.failedLine = 0;
      this.last = { reason: 'step' };
      this.stopped('goto');
    }
  }

  private stopped(as?: 'entry' | 'goto'): void {
    const session = this.running();
    this.look = new Look(session, this.program, this.failedLine);
    const { reason, text } = this.last;
    this.event('stopped', {
      reason: as ?? (reason === 'failure' ? 'exception' : reason === 'breakpoint' ? 'breakpoint' : 'step'),
      description: reason === 'failure' ? troubleName(this.last) : DESCRIPTIONS[reason],
      threadId: this.failedLine > 0 ? SCENARIO_THREAD : currentThread(session),
      allThreadsStopped: true,
      ...(text === undefined ? {} : { text }),
    } satisfies DebugProtocol.StoppedEvent['body']);
  }

  /** A motion or a change by the client, who knows of it: no stop is told by itself. */
  private byHand<Answer>(change: () => Answer): Answer {
    this.moving = true;
    try {
      return change();
    } finally {
      this.moving = false;
    }
  }

  /** An expression; in the debug console also a statement: an expectation is judged, an action carried out. */
  private evaluate({ expression, context }: DebugProtocol.EvaluateArguments): string {
    const session = this.running();
    const { machine } = session.runner;
    if (context !== 'repl' || !looksLikeStatement(expression)) {
      return this.looking().evaluate(expression);
    }
    try {
      // `vcpu 1: irr[0x41]` is an expression all the same.
      return this.looking().evaluate(expression);
    } catch {
      const typed = typedStatement(expression, this.text, machine);
      if (typed.kind === 'expect') {
        const verdicts = typed.conditions.map(condition => judge(machine, condition));
        return verdicts
          .map(({ holds, condition, found }) => `${condition.text}: ${holds ? 'holds' : found}`)
          .join('; ');
      }
      return this.carryOut(typed.action, session);
    }
  }

  /** Does at once what was typed. The keyboard stays in the console: the client only looks anew, unless something stopped the run. */
  private carryOut(action: AgentAction, session: Session): string {
    const { statement, position } = session;
    const stop = this.byHand(() => {
      session.inject(action);
      return session.move('stepOver');
    });
    if (stop.reason === 'breakpoint' || stop.reason === 'failure' || !this.invalidates) {
      this.arrive(stop, statement);
    } else {
      this.event('invalidated', { areas: ['variables'] });
    }
    return `${session.position - position} steps; to walk through them, step back and then into`;
  }

  /** What can be seen at this stop; references of an earlier one are unknown to it. */
  private looking(): Look {
    this.running();
    if (this.look === undefined) {
      throw new UserError('the scenario has not stopped yet');
    }
    return this.look;
  }

  private running(): Session {
    if (this.session === undefined) {
      throw new UserError('no scenario runs');
    }
    return this.session;
  }

  // Sending.

  private respond(request: DebugProtocol.Request, body?: unknown): void {
    this.host.send({
      seq: this.sequence++,
      type: 'response',
      request_seq: request.seq,
      command: request.command,
      success: true,
      body,
    } as DebugProtocol.Response);
  }

  private fail(request: DebugProtocol.Request, message: string): void {
    this.host.send({
      seq: this.sequence++,
      type: 'response',
      request_seq: request.seq,
      command: request.command,
      success: false,
      message,
      body: { error: { id: 1, format: '{message}', variables: { message }, showUser: true } },
    } as DebugProtocol.ErrorResponse);
  }

  private event(event: string, body?: unknown): void {
    this.host.send({ seq: this.sequence++, type: 'event', event, body } as DebugProtocol.Event);
  }

  private output(category: 'console' | 'stderr', text: string): void {
    this.event('output', { category, output: `${text}\n` });
  }
}
