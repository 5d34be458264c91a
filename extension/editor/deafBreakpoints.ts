import type { DebugProtocol } from '@vscode/debugprotocol';
import { l10n, window } from 'vscode';

const ANSWERS: ReadonlySet<string> = new Set([
  'setFunctionBreakpoints',
  'setDataBreakpoints',
  'setExceptionBreakpoints',
  'setBreakpoints',
]);

/**
 * Says why a breakpoint will never stop the run. VS Code shows it as a hollow circle, and the reason only to who points at it; a wrong
 * name or condition shall not look like a run that never came by. Each reason is told once in a session.
 */
export class DeafBreakpoints {
  readonly #told = new Set<string>();

  /** Looks at a message on its way to VS Code. */
  see(message: DebugProtocol.ProtocolMessage): void {
    const { type, command, body } = message as DebugProtocol.SetBreakpointsResponse;
    if (type !== 'response' || !ANSWERS.has(command)) return;
    for (const { verified, message: reason, id } of body?.breakpoints ?? []) {
      // Without an id it belongs to another file, and is none of this run's.
      if (verified || reason === undefined || id === undefined || this.#told.has(reason)) continue;
      this.#told.add(reason);
      void window.showWarningMessage(l10n.t('This breakpoint never stops: {0}', reason));
    }
  }
}
