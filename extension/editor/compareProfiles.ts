import { commands, l10n, type Uri, window } from 'vscode';
import type { StartWorker } from '../worker/client.ts';
import type { ComparedRuns } from './comparedRuns.ts';
import { comparable, comparisonOf } from './lazy.ts';
import { askAside } from './longWork.ts';
import { nameOf, readScenario } from './scenarioText.ts';
import { scenarioAsked } from './scenarioUri.ts';

/**
 * "Compare with …": every step of a scenario under two profiles, side by side, and the first difference named.
 * @param argument URI of the scenario; without one, what the editor shows
 */
export async function compare(argument: unknown, runs: ComparedRuns, startWorker: StartWorker): Promise<void> {
  const uri = scenarioAsked(argument);
  if (uri === undefined) {
    await window.showErrorMessage(l10n.t('Open a scenario (.irq) first: it is run under two profiles and compared.'));
    return;
  }
  await compareScenario(uri, runs, startWorker);
}

async function compareScenario(uri: Uri, runs: ComparedRuns, startWorker: StartWorker): Promise<void> {
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
  const [left, right] = [result.left, result.right].map(({ name, text: steps }) =>
    runs.add(uri, `${file} (${name}).txt`, steps),
  );
  await commands.executeCommand('vscode.diff', left, right, `${file}: ${result.left.name} ↔ ${result.right.name}`);
  void window.showInformationMessage(
    result.firstDifference === undefined
      ? l10n.t('{0}: every line comes to the same with {1}.', file, chosen.label)
      : l10n.t('{0}: first difference in {1}', file, result.firstDifference),
  );
}
