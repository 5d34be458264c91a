/** What a stopped session shows: frames, scopes, variables, expressions. Its references are valid for this stop only. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { printField } from '../../engine/fieldAccess.ts';
import { placeOf } from '../../scenario/tree.ts';
import { compile, UserError } from '../expression.ts';
import type { Session } from '../session.ts';
import { bytesOf, slice } from './memoryView.ts';
import { stackOf } from './stack.ts';
import { References, setField, settable, variablesOf } from './variables.ts';

export class Look {
  private readonly references = new References();
  private readonly frames = new Map<number, { readonly locals?: readonly [readonly string[], readonly number[]] }>();
  private readonly session: Session;
  /** The scenario, as the client named it. */
  private readonly program: string;
  /** 1-based line that failed, 0 otherwise. */
  private readonly failedLine: number;

  constructor(session: Session, program: string, failedLine: number) {
    this.session = session;
    this.program = program;
    this.failedLine = failedLine;
  }

  evaluate(expression: string): string {
    const { machine } = this.session.runner;
    return compile(expression, machine).print(machine);
  }

  setExpression({
    expression,
    value,
  }: DebugProtocol.SetExpressionArguments): DebugProtocol.SetExpressionResponse['body'] {
    const { session } = this;
    const { machine } = session.runner;
    const { field } = compile(expression, machine);
    if (field === undefined) {
      throw new UserError(`${expression} is no field: only a field can be set`);
    }
    session.change(() => setField(machine, field, value));
    return { value: printField(machine, field) };
  }

  readMemory({
    memoryReference,
    offset = 0,
    count,
  }: DebugProtocol.ReadMemoryArguments): DebugProtocol.ReadMemoryResponse['body'] {
    const bytes = bytesOf(this.session.runner.machine, memoryReference);
    return { address: `0x${Math.max(offset, 0).toString(16)}`, ...slice(bytes, offset, count) };
  }

  /** Whatever a field is called, its name is its id; anything else cannot be watched. */
  dataBreakpointInfo(
    args: DebugProtocol.DataBreakpointInfoArguments,
  ): DebugProtocol.DataBreakpointInfoResponse['body'] {
    const container = args.variablesReference === undefined ? undefined : this.references.get(args.variablesReference);
    try {
      const { machine } = this.session.runner;
      const ref = container === undefined ? compile(args.name, machine).field : settable(container, args.name);
      if (ref === undefined) {
        throw new UserError(`${args.name} is no field`);
      }
      const dataId = `${ref.field.block} ${ref.index}.${ref.field.path}`;
      return { dataId, description: dataId, accessTypes: ['write'], canPersist: true };
    } catch (error) {
      return { dataId: null, description: (error as Error).message };
    }
  }

  stackTrace(args: DebugProtocol.StackTraceArguments): DebugProtocol.StackTraceResponse['body'] {
    const { session } = this;
    const { statements } = session.program;
    const failed = statements.find(({ range }) => range.line + 1 === this.failedLine);
    const stack = stackOf(session, args.threadId, failed ?? session.statement);
    const line = (failed ?? session.statement ?? statements[statements.length - 1]).range.line + 1;
    const first = args.startFrame ?? 0;
    const shown = stack.slice(first, first + (args.levels || stack.length));
    const stackFrames = shown.map(({ name, frame, subtle, line: restated }) => {
      const id = this.frames.size + 1;
      this.frames.set(id, frame === undefined ? {} : { locals: [frame.operation.locals, frame.locals] });
      const hint = subtle ? ({ presentationHint: 'subtle' } as const) : {};
      const place = placeOf(session.program.files, (restated ?? line) - 1);
      const source = sourceOf(this.program, place.file);
      return { id, name, line: place.line + 1, column: 1, source, ...hint };
    });
    return { stackFrames, totalFrames: stack.length };
  }

  scopes({ frameId }: DebugProtocol.ScopesArguments): DebugProtocol.Scope[] {
    const { session } = this;
    const { machine } = session.runner;
    const scopes: DebugProtocol.Scope[] = [];
    const scope = (name: string, variablesReference: number, expensive = false, indexed = 0) =>
      scopes.push({ name, variablesReference, expensive, ...(indexed > 0 ? { indexedVariables: indexed } : {}) });
    scope('Last step', this.references.of({ kind: 'step', look: () => session.explain() }));
    const locals = this.frames.get(frameId)?.locals;
    if (locals !== undefined && locals[0].length > 0) {
      scope('Locals', this.references.of({ kind: 'locals', names: locals[0], values: locals[1] }));
    }
    if (machine.vcpuCount <= 8) {
      for (let index = 0; index < machine.vcpuCount; index++) {
        scope(`vCPU ${index}`, this.references.of({ kind: 'block', block: 'vcpu', index }), index > 3);
      }
    } else {
      scope('vCPUs', this.references.of({ kind: 'blocks', block: 'vcpu' }), false, machine.vcpuCount);
    }
    scope('Physical CPUs', this.references.of({ kind: 'blocks', block: 'cpu' }), true, machine.cpuCount);
    if (machine.deviceCount > 0) {
      scope('Devices', this.references.of({ kind: 'blocks', block: 'device' }), false, machine.deviceCount);
      scope('IOMMU', this.references.of({ kind: 'block', block: 'iommu', index: 0 }), true);
    }
    if (machine.config.guest !== undefined) {
      scope("Guest's kernel", this.references.of({ kind: 'block', block: 'guest', index: 0 }));
    }
    return scopes;
  }

  variables({ variablesReference, start, count }: DebugProtocol.VariablesArguments): DebugProtocol.Variable[] {
    const container = this.references.get(variablesReference);
    if (container === undefined) {
      return [];
    }
    const all = variablesOf(this.session.runner.machine, this.references, container);
    return count === undefined || count === 0 ? all : all.slice(start ?? 0, (start ?? 0) + count);
  }

  setVariable(args: DebugProtocol.SetVariableArguments): DebugProtocol.SetVariableResponse['body'] {
    const container = this.references.get(args.variablesReference);
    if (container === undefined) {
      throw new UserError(`${args.name} is from an earlier stop: look at it again`);
    }
    const { session } = this;
    const { machine } = session.runner;
    const ref = settable(container, args.name);
    session.change(() => setField(machine, ref, args.value));
    const shown = variablesOf(machine, this.references, container).find(({ name }) => name === args.name);
    return { value: shown?.value ?? args.value };
  }
}

/** The scenario, or a file that it includes, by the kind of path that the client used. */
function sourceOf(program: string, file: string | undefined): DebugProtocol.Source {
  const name = (path: string) => path.split(/[\\/]/).pop() ?? '';
  if (file === undefined) {
    return { name: name(program), path: program };
  }
  const separator = program.includes('/') ? '/' : '\\';
  const folders = program.split(separator).slice(0, -1);
  for (const part of file.split('/')) {
    if (part === '..') {
      folders.pop();
    } else {
      folders.push(part);
    }
  }
  return { name: name(file), path: folders.join(separator) };
}
