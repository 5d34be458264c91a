import {
  Diagnostic,
  DiagnosticSeverity,
  type Disposable,
  languages,
  type TextDocument,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { Diagnostic as Problem, Severity } from '../scenario/diagnostics.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { toRange } from './scenarioRange.ts';
import { includedUri } from './scenarioText.ts';
import { checkedOf, forgetStored, includedBy, includes, loadIncluded } from './scenarioTrees.ts';

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

function isScenario({ languageId }: TextDocument): boolean {
  return languageId === LANGUAGE;
}

/** Problems of every open scenario and of what it includes, wherever they are stored; a document that is closed has none. */
export class ScenarioDiagnostics implements Disposable {
  readonly #own = languages.createDiagnosticCollection(LANGUAGE);
  readonly #elsewhere = languages.createDiagnosticCollection(`${LANGUAGE}-included`);
  /** By scenario: problems of files that it includes, by file. */
  readonly #through = new Map<string, ReadonlyMap<string, readonly Problem[]>>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #subscriptions: readonly Disposable[];

  constructor() {
    const watcher = workspace.createFileSystemWatcher('**/*.irq');
    this.#subscriptions = [
      watcher,
      workspace.onDidOpenTextDocument(document => {
        forgetStored(document.uri);
        this.#update(document, 0);
      }),
      workspace.onDidChangeTextDocument(({ document }) => this.#changed(document)),
      workspace.onDidCloseTextDocument(document => this.#forget(document)),
      watcher.onDidChange(uri => this.#updateIncluding(uri)),
      watcher.onDidCreate(uri => this.#updateIncluding(uri)),
      watcher.onDidDelete(uri => this.#updateIncluding(uri)),
      // What lies outside of the workspace is not watched.
      window.onDidChangeActiveTextEditor(() => forgetStored()),
      window.onDidChangeActiveTextEditor(
        editor => editor && includes(editor.document) && this.#update(editor.document, 0),
      ),
    ];
    for (const document of workspace.textDocuments) this.#update(document, 0);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#own.dispose();
    this.#elsewhere.dispose();
  }

  #changed(document: TextDocument): void {
    if (!isScenario(document)) return;
    this.#update(document, delayOf(document));
    this.#updateIncluding(document.uri);
  }

  /** Scenarios that include a file which is another one now. */
  #updateIncluding(uri: Uri): void {
    forgetStored(uri);
    const key = uri.toString();
    for (const document of workspace.textDocuments) {
      if (!isScenario(document)) continue;
      if (includedBy(document).some(name => includedUri(document.uri, name).toString() === key))
        this.#update(document, delayOf(document));
    }
  }

  /** The last change wins: an older one that still waits is dropped, so that no old version is ever shown. */
  #update(document: TextDocument, delay: number): void {
    if (!isScenario(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => void this.#check(document, key), delay),
    );
  }

  async #check(document: TextDocument, key: string): Promise<void> {
    this.#timers.delete(key);
    if (includes(document)) {
      const { version } = document;
      await loadIncluded(document);
      // While files were read, somebody has typed or closed: that has its own turn.
      if (document.isClosed || document.version !== version) return;
    }
    const { diagnostics } = checkedOf(document);
    this.#own.set(
      document.uri,
      diagnostics.flatMap(each => (each.file === undefined ? toDiagnostic(each) : [])),
    );
    const through = new Map<string, Problem[]>();
    for (const each of diagnostics) {
      if (each.file === undefined) continue;
      const file = includedUri(document.uri, each.file).toString();
      through.set(file, [...(through.get(file) ?? []), each]);
    }
    const before = this.#through.get(key);
    if (through.size > 0) this.#through.set(key, through);
    else this.#through.delete(key);
    this.#tellElsewhere([key, ...through.keys(), ...(before?.keys() ?? [])]);
  }

  /** A file that is open tells its own problems itself; what only shows in a scenario that includes it comes from there. */
  #tellElsewhere(files: readonly string[]): void {
    for (const file of new Set(files)) {
      const open = workspace.textDocuments.find(each => isScenario(each) && each.uri.toString() === file);
      const told = new Set((open ? checkedOf(open).diagnostics : []).map(identity));
      const found: Diagnostic[] = [];
      for (const problems of this.#through.values()) {
        for (const each of problems.get(file) ?? []) {
          if (told.has(identity({ ...each, file: undefined }))) continue;
          told.add(identity({ ...each, file: undefined }));
          found.push(toDiagnostic(each));
        }
      }
      this.#elsewhere.set(Uri.parse(file, true), found);
    }
  }

  #forget(document: TextDocument): void {
    if (!isScenario(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#own.delete(document.uri);
    const files = [...(this.#through.get(key)?.keys() ?? [])];
    this.#through.delete(key);
    this.#tellElsewhere([key, ...files]);
    // What it said unsaved is gone: who includes it reads the disk.
    this.#updateIncluding(document.uri);
  }
}

function identity({ file, code, range, message }: { [K in keyof Problem]?: Problem[K] | undefined }): string {
  return JSON.stringify([file, code, range, message]);
}
