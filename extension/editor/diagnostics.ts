import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  languages,
  Range,
  type TextDocument,
  workspace,
} from 'vscode';
import type { Diagnostic as Problem, Severity } from '../scenario/diagnostics.ts';

export const LANGUAGE = 'irq';

/** Typing pauses that are shorter do not ask for diagnostics. */
const DEBOUNCE_MS = 150;

const SEVERITIES: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  hint: DiagnosticSeverity.Hint,
};

/** The parser and checker are not loaded before the first scenario opens. */
const language = () => import('./lazy.ts');

function toDiagnostic({ code, severity, range, message }: Problem): Diagnostic {
  const where = new Range(range.line, range.start, range.line, range.end);
  const found = new Diagnostic(where, message, SEVERITIES[severity]);
  found.code = code;
  found.source = 'IRQScope';
  return found;
}

/** Problems of every open scenario, wherever it is stored; a document that is closed has none. */
export class ScenarioDiagnostics implements Disposable {
  readonly #collection = languages.createDiagnosticCollection(LANGUAGE);
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #subscriptions: readonly Disposable[];

  constructor() {
    this.#subscriptions = [
      workspace.onDidOpenTextDocument(document => this.#update(document, 0)),
      workspace.onDidChangeTextDocument(({ document }) => this.#update(document, DEBOUNCE_MS)),
      workspace.onDidCloseTextDocument(document => this.#forget(document)),
    ];
    for (const document of workspace.textDocuments) this.#update(document, 0);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#collection.dispose();
  }

  #update(document: TextDocument, delay: number): void {
    if (document.languageId !== LANGUAGE) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => void this.#check(document, key), delay),
    );
  }

  async #check(document: TextDocument, key: string): Promise<void> {
    this.#timers.delete(key);
    const { version } = document;
    const { check, parse } = await language();
    // A newer version has asked for its own check; a closed document shows nothing.
    if (document.isClosed || document.version !== version) return;
    this.#collection.set(document.uri, check(parse(document.getText())).diagnostics.map(toDiagnostic));
  }

  #forget(document: TextDocument): void {
    if (document.languageId !== LANGUAGE) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#collection.delete(document.uri);
  }
}
