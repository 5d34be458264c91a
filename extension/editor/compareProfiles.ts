import { commands, type ExtensionContext, l10n, Uri, window, workspace } from 'vscode';
import type { StartWorker } from '../worker/client.ts';
import { askAside } from './longWork.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { nameOf, readScenario } from './scenarioText.ts';

export const COMPARE = 'irqscope.compare';
const SCHEME = 'irqscope-run';

/** "Compare with …": every step of a scenario under two profiles, side by side, and the first difference named. */
export function registerCompare(context: ExtensionContext, startWorker: StartWorker): void {
  const texts = new Map<string, string>();
  context.subscriptions.push(
    workspace.registerTextDocumentContentProvider(SCHEME, {
      provideTextDocumentContent: uri => texts.get(uri.toString()) ?? '',
    }),
    workspace.onDidCloseTextDocument(({ uri }) => texts.delete(uri.toString())),
    commands.registerCommand(COMPARE, async (argument?: unknown) => {
      const uri = typeof argument === 'string' ? Uri.parse(argument, true) : openScenario();
      if (uri === undefined) {
        await window.showErrorMessage(
          l10n.t('Open a scenario (.irq) first: it is run under two profiles and compared.'),
        );
        return;
      }
      await compare(uri, texts, startWorker);
    }),
  );
}

function openScenario(): Uri | undefined {
  const document = window.activeTextEditor?.document;
  return document?.languageId === LANGUAGE ? document.uri : undefined;
}

async function compare(uri: Uri, texts: Map<string, string>, startWorker: StartWorker): Promise<void> {
  const { comparable, comparisonOf } = await import('./lazy.ts');
  const text = await readScenario(uri);
  const alternatives = comparable(text);
  if (alternatives.length === 0) {
    await window.showErrorMessage(l10n.t('The scenario has errors: mend them first.'));
    return;
  }
  const chosen = await window.showQuickPick(alternatives, {
    placeHolder: l10n.t('Compare this scenario, as it stands, with …'),
  });
  if (chosen === undefined) {
    return;
  }
  const file = nameOf(uri);
  const title = l10n.t('Comparing {0} with {1}', file, chosen.label);
  const request = { type: 'compare', text, alternative: chosen } as const;
  const compared = await askAside(title, startWorker, request, async () => comparisonOf(text, chosen)).catch(
    (error: Error) => ({ answer: error.message }),
  );
  if (compared === undefined) {
    return;
  }
  const result = compared.answer;
  if (typeof result === 'string') {
    await window.showErrorMessage(l10n.t('Cannot be compared with {0}: {1}', chosen.label, result));
    return;
  }
  const side = (name: string, content: string) => {
    const address = Uri.from({ scheme: SCHEME, path: `/${file} (${name}).txt`, query: uri.toString() });
    texts.set(address.toString(), content);
    return address;
  };
  const left = side(result.left.name, result.left.text);
  const right = side(result.right.name, result.right.text);
  await commands.executeCommand('vscode.diff', left, right, `${file}: ${result.left.name} ↔ ${result.right.name}`);
  void window.showInformationMessage(
    result.firstDifference === undefined
      ? l10n.t('{0}: every line comes to the same with {1}.', file, chosen.label)
      : l10n.t('{0}: first difference in {1}', file, result.firstDifference),
  );
}
