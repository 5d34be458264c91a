import type { Diagnostic } from '../scenario/diagnostics.ts';
import { pathTo } from './includes.ts';
import type { Io } from './io.ts';

/** A problem as compilers print it, for editors that jump to it. */
export function problemText(file: string, { file: included, range, severity, code, message }: Diagnostic): string {
  return `${pathTo(file, included)}:${range.line + 1}:${range.start + 1}: ${severity} ${code}: ${message}`;
}

/** The errors of a text, one a line. */
export function printErrors(file: string, diagnostics: readonly Diagnostic[], io: Io): void {
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'error') {
      io.err(problemText(file, diagnostic));
    }
  }
}
