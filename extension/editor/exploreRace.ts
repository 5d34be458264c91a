import { commands, debug, type ExtensionContext, ProgressLocation, Uri, window, workspace } from 'vscode';
import { LANGUAGE } from './scenarioLanguage.ts';
import { readScenario } from './scenarioText.ts';

export const EXPLORE = 'irqscope.explore';
/** Milliseconds between two reports of progress, and the longest that other work of the host has to wait. */
const BETWEEN_REPORTS = 100;
const SLICE = 20;

/** "Explore": every order of the race of a scenario; a shortest one that breaks something can be stepped through. */
export function registerExplore(context: ExtensionContext): void {
  context.subscriptions.push(
    commands.registerCommand(EXPLORE, async (argument?: unknown) => {
      const document = window.activeTextEditor?.document;
      const uri =
        typeof argument === 'string'
          ? Uri.parse(argument, true)
          : document?.languageId === LANGUAGE
            ? document.uri
            : undefined;
      if (uri === undefined) {
        await window.showErrorMessage('Open a scenario (.irq) with a race first: every order of its steps is tried.');
        return;
      }
      await explore(uri);
    }),
  );
}

async function explore(uri: Uri): Promise<void> {
  const { explorable, exploring } = await import('./lazy.ts');
  const found = explorable(await readScenario(uri));
  if (typeof found === 'string') {
    await window.showErrorMessage(`Cannot be explored: ${found}`);
    return;
  }
  const chosen =
    found.length === 1
      ? found[0]
      : await window.showQuickPick(
          found.map(each => ({ ...each, label: each.variant ?? '' })),
          { placeHolder: 'Explore this scenario as it is …' },
        );
  if (chosen === undefined) {
    return;
  }
  const { program, variant } = chosen;
  const file = uri.path.split('/').pop() ?? '';
  const name = variant === undefined ? file : `${file} (${variant})`;
  const options = { location: ProgressLocation.Notification, cancellable: true, title: `Exploring ${name}` };
  const result = await window.withProgress(options, async (progress, cancelled) => {
    const work = exploring(program);
    let reported = Date.now();
    for (let slice = Date.now(); !cancelled.isCancellationRequested; ) {
      const { done, value } = work.next();
      if (done) {
        return value;
      }
      if (Date.now() - slice < SLICE) {
        continue;
      }
      if (Date.now() - reported >= BETWEEN_REPORTS) {
        reported = Date.now();
        progress.report({ message: `${value.states} states, ${value.left} orders left` });
      }
      await new Promise(resolve => setTimeout(resolve));
      slice = Date.now();
    }
    return undefined;
  });
  if (result === undefined) {
    return;
  }
  if (result.verdict === 'holds') {
    await window.showInformationMessage(`${name} holds in every order: ${result.states} states.`);
  } else if (result.verdict === 'unknown') {
    await window.showWarningMessage(
      result.neverAsked
        ? `${name}: no order comes to an end, so what must hold finally was never asked.`
        : `${name}: not complete: ${result.states} states, ${result.left} orders left.`,
    );
  } else {
    await debug.startDebugging(workspace.getWorkspaceFolder(uri), {
      type: 'irqscope',
      request: 'launch',
      name: `Losing order of ${name}`,
      program: uri.scheme === 'file' ? uri.fsPath : uri.toString(),
      internalConsoleOptions: 'neverOpen',
      order: result.order,
      ...(variant !== undefined && { variant }),
    });
    void window.showWarningMessage(
      `${name} is broken after ${result.order.length} steps: ${result.broken}. Step through the order that breaks it.`,
    );
  }
}
