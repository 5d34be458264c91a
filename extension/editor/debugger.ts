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
  Uri,
  window,
  workspace,
} from 'vscode';
import type { DebugHost, DebugSession } from '../session/dap/debugSession.ts';
import { CalmStops } from './calmStops.ts';
import type { CurrentRun } from './currentRun.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { readScenario } from './scenarioText.ts';

const DEBUG_TYPE = 'irqscope';

/** F5 on a scenario, with or without launch.json. */
export function registerDebugger(context: ExtensionContext, run: CurrentRun): void {
  context.subscriptions.push(
    debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
      createDebugAdapterDescriptor: () => new DebugAdapterInlineImplementation(new InlineAdapter(run)),
    }),
    debug.registerDebugConfigurationProvider(DEBUG_TYPE, {
      resolveDebugConfiguration: (_folder, configuration) => completed(configuration),
    }),
    debug.onDidStartDebugSession(session => {
      if (session.type === DEBUG_TYPE) {
        void commands.executeCommand('irqscope.openInspector');
      }
    }),
    noticeOfChanges(run),
  );
}

/** The run goes on with the text that it was started with; whoever edits that text is told so, once for each run. */
function noticeOfChanges(run: CurrentRun): Disposable {
  let told = 0;
  return workspace.onDidChangeTextDocument(async ({ document, contentChanges }) => {
    const { identity } = run;
    if (contentChanges.length === 0 || document.uri.toString() !== identity?.uri || told === identity.number) {
      return;
    }
    told = identity.number;
    const restart = 'Restart';
    const answer = await window.showInformationMessage(
      'The scenario has changed, but the run goes on with the text that it began with.',
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
      await window.showErrorMessage('IRQScope steps through scenarios: open an .irq file and press F5 there.');
      return undefined;
    }
    const program = document.uri.scheme === 'file' ? document.uri.fsPath : document.uri.toString();
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

  constructor(run: CurrentRun) {
    const host: DebugHost = {
      read: program => readScenario(uriOf(program)),
      send: message => this.#stops.send(message),
      attach: (session, program) => void run.attach(session, uriOf(program).toString()),
    };
    this.#session = import('./lazy.ts').then(({ DebugSession }) => new DebugSession(host));
  }

  handleMessage(message: DebugProtocolMessage): void {
    void this.#session.then(session => session.handle(message as Parameters<DebugSession['handle']>[0]));
  }

  dispose(): void {
    this.#disposed = true;
    this.#stops.dispose();
    void this.#session.then(session => session.dispose());
    this.#sent.dispose();
  }
}
