import { Diagnostic, DiagnosticSeverity, type Disposable, languages, type TextDocument, workspace } from 'vscode';
import type { Diagnostic as Problem, Severity } from '../scenario/diagnostics.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { toRange } from './scenarioRange.ts';
import { checkedOf } from './scenarioTrees.ts';

/** A scenario of this size is checked within a few milliseconds, so at every key press; a larger one when typing pauses. */
const SMALL_LINES = 2_000;
const LARGE_LINES = 20_000;
const PAUSE_MS = 20;
const LONG_PAUSE_MS = 150;

function delayOf({ lineCount }: TextDocument): number {
  return lineCount <= SMALL_LINES ? 0 : lineCount <= LARGE_LINES ? PAUSE_MS : LONG_PAUSE_MS;
}

const SEVERITIES: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  hint: DiagnosticSeverity.Hint,
};

function toDiagnostic({ code, severity, range, message }: Problem): Diagnostic {
  const found = new Diagnostic(toRange(range), message, SEVERITIES[severity]);
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
      workspace.onDidChangeTextDocument(({ document }) => this.#update(document, delayOf(document))),
      workspace.onDidCloseTextDocument(document => this.#forget(document)),
    ];
    for (const document of workspace.textDocuments) this.#update(document, 0);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#collection.dispose();
  }

  /** The last change wins: an older one that still waits is dropped, so that no old version is ever shown. */
  #update(document: TextDocument, delay: number): void {
    if (document.languageId !== LANGUAGE) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => this.#check(document, key), delay),
    );
  }

  #check(document: TextDocument, key: string): void {
    this.#timers.delete(key);
    this.#collection.set(document.uri, checkedOf(document).diagnostics.map(toDiagnostic));
  }

  #forget(document: TextDocument): void {
    if (document.languageId !== LANGUAGE) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#collection.delete(document.uri);
  }
}
