import {
  type CancellationToken,
  type DebugConfiguration,
  type DebugSession,
  type Disposable,
  debug,
  type ExtensionContext,
  FileCoverage,
  type FileCoverageDetail,
  FileSystemError,
  Location,
  l10n,
  Position,
  Range,
  StatementCoverage,
  type TestController,
  type TestItem,
  TestMessage,
  type TestRun,
  TestRunProfileKind,
  type TestRunRequest,
  tests,
  type Uri,
  workspace,
} from 'vscode';
import type { ScenarioText } from '../scenario/tree.ts';
import type { Failure } from '../session/outcome.ts';
import type { RuleTally } from '../session/rules.ts';
import { RuleCoverage } from './ruleCoverage.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { toRange } from './scenarioRange.ts';
import { includedUri, readScenario } from './scenarioText.ts';
import { programOf } from './scenarioUri.ts';

const FILES = '**/*.irq';
const EXCLUDED = '**/node_modules/**';
/** Scenarios whose sections are looked for before somebody opens them. */
const MOST_READ = 300;
/** Changes that follow each other closely are run once. */
const CONTINUOUS_MS = 300;

/** Every scenario is a test, and so is each of its sections: it passes when all its expectations hold. */
export function registerTestExplorer(context: ExtensionContext): void {
  const controller = tests.createTestController('irqscope', 'IRQScope scenarios');
  const explorer = new Explorer(controller);
  context.subscriptions.push(controller, explorer);
}

class Explorer implements Disposable {
  readonly #controller: TestController;
  readonly #subscriptions: Disposable[] = [];
  readonly #rules = new RuleCoverage();
  /** What a run executed, for the coverage that VS Code asks for later. */
  readonly #executed = new WeakMap<FileCoverage, FileCoverageDetail[]>();
  /** URIs of the files that a scenario includes, by the id of its test. */
  readonly #included = new Map<string, readonly string[]>();
  #watching = false;

  constructor(controller: TestController) {
    this.#controller = controller;
    controller.resolveHandler = async item => {
      if (item === undefined) await this.#discover();
      else await this.#read(item);
    };
    controller.refreshHandler = () => this.#discover();
    const { Run, Debug, Coverage } = TestRunProfileKind;
    controller.createRunProfile(
      l10n.t('Run'),
      Run,
      (request, token) => this.#handle(request, token),
      true,
      undefined,
      true,
    );
    controller.createRunProfile(l10n.t('Debug'), Debug, (request, token) => this.#debug(request, token), true);
    const coverage = controller.createRunProfile(
      'Coverage',
      Coverage,
      (request, token) => this.#run(request, token),
      true,
    );
    coverage.loadDetailedCoverage = async (_run, file) => this.#executed.get(file) ?? [];
    for (const document of workspace.textDocuments) {
      if (document.languageId === LANGUAGE) void this.#read(this.#add(document.uri));
    }
    this.#subscriptions.push(
      this.#rules,
      workspace.onDidOpenTextDocument(({ languageId, uri }) => {
        if (languageId === LANGUAGE) void this.#read(this.#add(uri));
      }),
      workspace.onDidSaveTextDocument(({ languageId, uri }) => {
        if (languageId === LANGUAGE) void this.#read(this.#add(uri));
      }),
      workspace.onDidDeleteFiles(({ files }) => {
        for (const uri of files) controller.items.delete(uri.toString());
      }),
    );
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** From then on files that come and go are noticed too. */
  async #discover(): Promise<void> {
    if (!this.#watching) {
      this.#watching = true;
      const watcher = workspace.createFileSystemWatcher(FILES);
      this.#subscriptions.push(
        watcher,
        watcher.onDidCreate(uri => void this.#read(this.#add(uri))),
        watcher.onDidDelete(uri => this.#controller.items.delete(uri.toString())),
      );
    }
    const found = await workspace.findFiles(FILES, EXCLUDED);
    const items = found.map(uri => this.#add(uri)).sort((a, b) => (a.label < b.label ? -1 : 1));
    // Who looks at the tests sees the sections at once, but not after a read of half a kernel tree.
    for (const item of items.slice(0, MOST_READ)) await this.#read(item);
    for (const item of items.slice(MOST_READ)) item.canResolveChildren = true;
  }

  #add(uri: Uri): TestItem {
    const known = this.#controller.items.get(uri.toString());
    if (known) return known;
    const item = this.#controller.createTestItem(uri.toString(), workspace.asRelativePath(uri, false), uri);
    item.range = new Range(0, 0, 0, 0);
    this.#controller.items.add(item);
    return item;
  }

  /** The text of a scenario; its sections become the children of its item. Undefined when it cannot be read. */
  async #read(item: TestItem, run?: TestRun): Promise<ScenarioText | undefined> {
    const { uri } = item;
    if (uri === undefined || item.parent !== undefined) return undefined;
    const { sectionsOf } = await import('./lazy.ts');
    let text: ScenarioText;
    try {
      text = await readScenario(uri);
    } catch (error) {
      if (error instanceof FileSystemError) this.#controller.items.delete(item.id);
      run?.errored(item, new TestMessage((error as Error).message));
      return undefined;
    }
    const names = typeof text === 'string' ? [] : [...text.files.keys()];
    this.#included.set(
      item.id,
      names.map(name => includedUri(uri, name).toString()),
    );
    item.children.replace(
      sectionsOf(text).map(({ title, range }) => {
        const child = item.children.get(title) ?? this.#controller.createTestItem(title, title, uri);
        child.range = toRange(range);
        return child;
      }),
    );
    item.canResolveChildren = item.children.size > 0;
    return text;
  }

  /** Once; or, until the user has had enough, again after each change, those that the changed file holds. */
  #handle(request: TestRunRequest, token: CancellationToken): Promise<void> | void {
    if (!request.continuous) return this.#run(request, token);
    const changed = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = async () => {
      const files = new Set(changed);
      changed.clear();
      const items = await this.#chosen(request);
      const concerned = items.filter(item => this.#madeOf(item).some(file => files.has(file)));
      if (concerned.length > 0) await this.#run(request, token, concerned);
    };
    const listener = workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (document.languageId !== LANGUAGE || contentChanges.length === 0) return;
      changed.add(document.uri.toString());
      clearTimeout(timer);
      timer = setTimeout(() => void again(), CONTINUOUS_MS);
    });
    token.onCancellationRequested(() => {
      clearTimeout(timer);
      listener.dispose();
    });
  }

  /** The file of a test, and those that it includes. */
  #madeOf({ uri, parent, id }: TestItem): readonly string[] {
    return uri === undefined ? [] : [uri.toString(), ...(this.#included.get(parent?.id ?? id) ?? [])];
  }

  async #run(request: TestRunRequest, token: CancellationToken, some?: readonly TestItem[]): Promise<void> {
    const run = this.#controller.createTestRun(request);
    const tally: RuleTally | undefined = request.profile?.kind === TestRunProfileKind.Coverage ? new Map() : undefined;
    try {
      const items = some ?? (await this.#chosen(request));
      for (const item of items) run.enqueued(item);
      for (const item of items) {
        if (token.isCancellationRequested) run.skipped(item);
        else await this.#runOne(item, run, tally);
      }
      if (tally !== undefined) await this.#rules.add(run, tally, this.#executed);
    } finally {
      run.end();
    }
  }

  /** Scenarios and single sections; a section whose scenario is chosen as well runs with it. */
  async #chosen({ include, exclude }: TestRunRequest): Promise<TestItem[]> {
    if (include === undefined && !this.#watching) await this.#discover();
    const all: TestItem[] = [];
    this.#controller.items.forEach(item => {
      all.push(item);
    });
    const chosen = include ?? all.sort((a, b) => (a.label < b.label ? -1 : 1));
    return chosen.filter(
      item => !exclude?.includes(item) && !(item.parent !== undefined && chosen.includes(item.parent)),
    );
  }

  async #runOne(item: TestItem, run: TestRun, tally?: RuleTally): Promise<void> {
    const { uri } = item;
    if (uri === undefined) return;
    run.started(item);
    const { judgeScenario } = await import('./lazy.ts');
    const text = await this.#read(item.parent ?? item, run);
    if (text === undefined) return;
    const begun = performance.now();
    const outcome = judgeScenario(text, undefined, item.parent && item.id, tally);
    const took = performance.now() - begun;
    if (outcome.problems.length > 0) {
      run.errored(
        item,
        outcome.problems.map(({ line, text: message, file }) =>
          located(new TestMessage(message), at(file === undefined ? uri : includedUri(uri, file), line)),
        ),
      );
      return;
    }
    // A machine for others to include.
    if (outcome.statements.length === 0) {
      run.skipped(item);
      return;
    }
    if (item.children.size > 0) {
      for (const { title, failures } of outcome.sections) {
        const child = item.children.get(title);
        if (child) report(child, failures, run);
      }
    }
    // What failed is told once, beside the section.
    if (item.children.size > 0 && outcome.failures.length > 0) run.failed(item, [], took);
    else report(item, outcome.failures, run, took);
    const { steps, failures, profile } = outcome;
    run.appendOutput(`${item.label}: ${steps} steps, ${failures.length} failed (${profile})\r\n`, undefined, item);
    for (const { line, text: said } of failures) run.appendOutput(`  line ${line}: ${said}\r\n`, at(uri, line), item);
    if (tally !== undefined) run.addCoverage(this.#coverage(uri, outcome.statements, outcome.executed));
  }

  #coverage(uri: Uri, statements: readonly number[], executed: ReadonlySet<number>): FileCoverage {
    const details = statements.map(
      line => new StatementCoverage(executed.has(line) ? 1 : 0, new Position(line - 1, 0)),
    );
    const coverage = FileCoverage.fromDetails(uri, details);
    this.#executed.set(coverage, details);
    return coverage;
  }

  /** One after the other; each counts with what it comes to when it runs by itself, whatever was changed by hand. */
  async #debug(request: TestRunRequest, token: CancellationToken): Promise<void> {
    const run = this.#controller.createTestRun(request);
    try {
      for (const item of await this.#chosen(request)) {
        const { uri, parent, id } = item;
        if (uri === undefined || token.isCancellationRequested) continue;
        run.started(item);
        const configuration = {
          type: 'irqscope',
          request: 'launch',
          name: item.label,
          internalConsoleOptions: 'neverOpen',
          program: programOf(uri),
          ...(parent && { section: id }),
        };
        await debugged(configuration, run, token);
        await this.#runOne(item, run);
      }
    } finally {
      run.end();
    }
  }
}

/** Resolves when the session has ended, or could not begin. */
async function debugged(configuration: DebugConfiguration, run: TestRun, token: CancellationToken): Promise<void> {
  const subscriptions: Disposable[] = [];
  try {
    let ours: DebugSession | undefined;
    const ended = new Promise<void>(resolve => {
      subscriptions.push(
        debug.onDidStartDebugSession(session => {
          if (session.configuration.program === configuration.program) ours ??= session;
        }),
        debug.onDidTerminateDebugSession(session => {
          if (session.id === ours?.id) resolve();
        }),
        token.onCancellationRequested(() => void debug.stopDebugging(ours)),
      );
    });
    if (await debug.startDebugging(undefined, configuration, { testRun: run })) await ended;
  } finally {
    for (const subscription of subscriptions) subscription.dispose();
  }
}

function at(uri: Uri, line: number): Location {
  return new Location(uri, new Range(line - 1, 0, line - 1, 1000));
}

/** The failures of a scenario or a section, as VS Code shows them beside the lines. */
function report(item: TestItem, failures: readonly Failure[], run: TestRun, took?: number): void {
  const { uri } = item;
  if (uri === undefined || failures.length === 0) {
    run.passed(item, took);
    return;
  }
  const messages = failures.map(({ line, expected, found, text }) =>
    located(
      expected === undefined ? new TestMessage(text) : TestMessage.diff(text, expected, found ?? ''),
      at(uri, line),
    ),
  );
  run.failed(item, messages, took);
}

function located(message: TestMessage, location: Location): TestMessage {
  message.location = location;
  return message;
}
