import {
  commands,
  type DebugAdapter,
  DebugAdapterInlineImplementation,
  type DebugConfiguration,
  type DebugProtocolMessage,
  type Disposable,
  debug,
  EventEmitter,
  type ExtensionContext,
  l10n,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { ScenarioText } from '../scenario/tree.ts';
import type { DebugHost, DebugSession } from '../session/dap/debugSession.ts';
import { CalmStops } from './calmStops.ts';
import { DeafBreakpoints } from './deafBreakpoints.ts';
import type { Runs } from './runs.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { readScenario } from './scenarioText.ts';
import { programOf } from './scenarioUri.ts';

const DEBUG_TYPE = 'irqscope';

/** F5 on a scenario, with or without launch.json. */
export function registerDebugger(context: ExtensionContext, runs: Runs): void {
  context.subscriptions.push(
    debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
      createDebugAdapterDescriptor: ({ id }) => new DebugAdapterInlineImplementation(new InlineAdapter(id, runs)),
    }),
    debug.registerDebugConfigurationProvider(DEBUG_TYPE, {
      resolveDebugConfiguration: (_folder, configuration) => completed(configuration),
    }),
    debug.onDidStartDebugSession(session => {
      if (session.type === DEBUG_TYPE) {
        void commands.executeCommand('irqscope.openInspector', uriOf(String(session.configuration.program)));
      }
    }),
    noticeOfChanges(runs),
  );
}

/** The run goes on with the text that it was started with; whoever edits that text is told so, once for each run. */
function noticeOfChanges(runs: Runs): Disposable {
  const told = new WeakSet<object>();
  return workspace.onDidChangeTextDocument(async ({ document, contentChanges }) => {
    const run = runs.known(document.uri);
    if (contentChanges.length === 0 || !run?.debugged || run.session === undefined || told.has(run.session)) {
      return;
    }
    told.add(run.session);
    const restart = l10n.t('Restart');
    const answer = await window.showInformationMessage(
      l10n.t('The scenario has changed, but the run goes on with the text that it began with.'),
      restart,
    );
    if (answer === restart) {
      await document.save();
      await commands.executeCommand('workbench.action.debug.restart');
    }
  });
}

/** F5 in a scenario without launch.json arrives as an empty configuration. */
async function completed(configuration: DebugConfiguration): Promise<DebugConfiguration | undefined> {
  const document = window.activeTextEditor?.document;
  const isScenario = document?.languageId === LANGUAGE;
  if (configuration.program === undefined || (configuration.program === '${file}' && isScenario)) {
    if (document === undefined || !isScenario) {
      await window.showErrorMessage(l10n.t('IRQScope steps through scenarios: open an .irq file and press F5 there.'));
      return undefined;
    }
    const program = programOf(document.uri);
    const defaults = {
      type: DEBUG_TYPE,
      request: 'launch',
      name: 'Step through scenario',
      internalConsoleOptions: 'neverOpen',
    };
    return { ...defaults, ...configuration, program };
  }
  return configuration;
}

/** `program` may be a path or a URI; a drive letter is no scheme. */
function uriOf(program: string): Uri {
  return /^[a-z][a-z0-9+.-]+:/i.test(program) ? Uri.parse(program) : Uri.file(program);
}

/** Carries protocol messages between VS Code and the debug session, which is loaded with the first message. */
class InlineAdapter implements DebugAdapter {
  readonly #sent = new EventEmitter<DebugProtocolMessage>();
  readonly onDidSendMessage = this.#sent.event;
  readonly #session: Promise<DebugSession>;
  readonly #stops = new CalmStops(message => {
    if (!this.#disposed) {
      this.#sent.fire(message as DebugProtocolMessage);
    }
  });
  #disposed = false;

  /** @param id of the debug session that VS Code has begun */
  constructor(id: string, runs: Runs) {
    let text: ScenarioText = '';
    const deaf = new DeafBreakpoints();
    const host: DebugHost = {
      read: async program => {
        text = await readScenario(uriOf(program));
        return text;
      },
      send: message => {
        deaf.see(message);
        this.#stops.send(message);
      },
      attach: (session, program) => (session ? runs.attach(id, session, uriOf(program), text) : runs.detach(id)),
    };
    this.#session = import('./lazy.ts').then(({ DebugSession }) => new DebugSession(host));
    this.#session.catch((error: Error) => {
      void window.showErrorMessage(l10n.t('IRQScope cannot step: {0}', error.message));
      this.#sent.fire({ type: 'event', event: 'terminated', seq: 1 } as DebugProtocolMessage);
    });
  }

  handleMessage(message: DebugProtocolMessage): void {
    void this.#withSession(session => void session.handle(message as Parameters<DebugSession['handle']>[0]));
  }

  /** Without one the user has been told. */
  #withSession(use: (session: DebugSession) => void): Promise<void> {
    return this.#session.then(use, () => {});
  }

  dispose(): void {
    this.#disposed = true;
    this.#stops.dispose();
    void this.#withSession(session => session.dispose());
    this.#sent.dispose();
  }
}
