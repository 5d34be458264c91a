/** Kernel functions and trace events that a run can be asked about. */
import { allNames } from '../engine/names.ts';
import { operations } from '../engine/operation.ts';
// Everything that has a name is registered when the machine is put together.
import '../engine/x86.ts';

const TRACE = 'trace_';

let functions: ReadonlySet<string> | undefined;

/** Those in which at least one step lies: of any other a run would not tell whether it was called. In every kernel's spelling. */
function allFunctions(): ReadonlySet<string> {
  functions ??= new Set(
    operations
      .flatMap(({ name, via, steps }) => {
        const own = steps.filter(step => !step.silent);
        return own.length === 0 ? [] : [name, ...via, ...own.flatMap(step => step.via)];
      })
      .flatMap(allNames)
      .filter(name => /^\w+$/.test(name))
      .sort(),
  );
  return functions;
}

export function functionNames(): readonly string[] {
  return [...allFunctions()].filter(name => !name.startsWith(TRACE));
}

export function traceNames(): readonly string[] {
  return [...allFunctions()].flatMap(name => (name.startsWith(TRACE) ? name.slice(TRACE.length) : []));
}

/** The function that a trace event's steps lie in. */
export function traceFunction(event: string): string {
  return TRACE + event;
}
