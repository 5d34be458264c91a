import {
  DeclarationCoverage,
  type Disposable,
  EventEmitter,
  FileCoverage,
  type FileCoverageDetail,
  Position,
  StatementCoverage,
  type TestRun,
  Uri,
  workspace,
} from 'vscode';
import type { RuleTally } from '../session/rules.ts';

const SCHEME = 'irqscope-rules';

/**
 * Which of the engine's rules the scenarios of a test run have passed: kernel functions and rules of the manuals as read-only pages, one
 * for each file of the kernel and each manual.
 */
export class RuleCoverage implements Disposable {
  /** Of the run that ended last: what steps say on the pages. */
  #last: RuleTally = new Map();
  readonly #changed = new EventEmitter<Uri>();
  readonly #provider = workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: this.#changed.event,
    provideTextDocumentContent: uri => this.#text(uri),
  });

  dispose(): void {
    this.#provider.dispose();
    this.#changed.dispose();
  }

  /** Adds the pages to the coverage of `run`; their details go to `details`. */
  async add(run: TestRun, tally: RuleTally, details: WeakMap<FileCoverage, FileCoverageDetail[]>): Promise<void> {
    const { passedPages } = await import('./lazy.ts');
    this.#last = tally;
    for (const { path, rules } of passedPages(tally)) {
      const uri = uriOf(path);
      this.#changed.fire(uri);
      const detail = rules.flatMap(({ name, line, count, steps }) => [
        new DeclarationCoverage(name, count, new Position(line - 1, 0)),
        ...steps.map(step => new StatementCoverage(step.count, new Position(step.line - 1, 0))),
      ]);
      const coverage = FileCoverage.fromDetails(uri, detail);
      details.set(coverage, detail);
      run.addCoverage(coverage);
    }
  }

  async #text(uri: Uri): Promise<string> {
    const { pageText, rulePages } = await import('./lazy.ts');
    const page = rulePages().find(({ path }) => uriOf(path).path === uri.path);
    return page === undefined ? '' : pageText(page, this.#last);
  }
}

/** A page of a C file is no C. */
function uriOf(path: string): Uri {
  return Uri.from({ scheme: SCHEME, path: `/Engine rules/${path}.rules` });
}
