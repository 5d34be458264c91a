import { env, l10n, type TextEditor, window, workspace } from 'vscode';
import type { StartWorker } from '../worker/client.ts';
import { diagramOfText, importDiagram } from './lazy.ts';
import { askAside } from './longWork.ts';
import type { Runs } from './runs.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { nameOf, readScenario } from './scenarioText.ts';
import { scenarioInFront } from './scenarioUri.ts';

/** Text of a commit message becomes a scenario. In a scenario the selection is replaced; elsewhere the selection, or all of the text, opens as a new scenario. */
export async function importDiagramSelected(): Promise<void> {
  const editor = window.activeTextEditor;
  const scenario = editor?.document.languageId === LANGUAGE;
  if (editor === undefined || (scenario && editor.selection.isEmpty)) {
    await window.showErrorMessage(l10n.t('Select the numbered list or the diagram of a commit message first.'));
    return;
  }
  const { document, selection } = editor;
  const imported = importDiagram(document.getText(selection.isEmpty ? undefined : selection));
  if (imported.kind === 'unusable') {
    await window.showErrorMessage(imported.reason);
    return;
  }
  if (!scenario) {
    await window.showTextDocument(await workspace.openTextDocument({ language: LANGUAGE, content: imported.text }));
  } else if (!(await replaceSelection(editor, imported.text))) {
    await window.showErrorMessage(l10n.t('The selection could not be replaced: the file is read-only or has changed.'));
    return;
  }
  const { entries, notUnderstood } = imported;
  void window.showInformationMessage(
    notUnderstood === 0
      ? l10n.t('All {0} steps were understood.', entries)
      : l10n.t('{0} of {1} steps were not understood: look for "# not understood".', notUnderstood, entries),
  );
}

/** A scenario has one machine: where one is described outside of the selection, that one stays. */
function replaceSelection(editor: TextEditor, text: string): Thenable<boolean> {
  const { document, selection } = editor;
  const all = document.getText();
  const rest = all.slice(0, document.offsetAt(selection.start)) + all.slice(document.offsetAt(selection.end));
  const content = /^\s*(?:machine|include)\b/m.test(rest) ? text.replace(/^machine .*\n(?: {2}.*\n)*/m, '') : text;
  return editor.edit(edit => edit.replace(selection, content));
}

/** A run becomes a diagram: the run that is stepped, up to the present step; without one, the whole run of the scenario in front. */
export async function copyDiagram(runs: Runs, startWorker: StartWorker): Promise<void> {
  const text = runs.meant?.diagram() ?? (await diagramInFront(startWorker));
  if (text === undefined) {
    return;
  }
  if (text === '') {
    await window.showErrorMessage(l10n.t('Nothing has happened yet: take a step first.'));
    return;
  }
  await env.clipboard.writeText(text);
  window.setStatusBarMessage(l10n.t('Copied the run as a diagram'), 5000);
}

async function diagramInFront(startWorker: StartWorker): Promise<string | undefined> {
  const uri = scenarioInFront();
  if (uri === undefined) {
    await window.showErrorMessage(l10n.t('Step through a scenario, or open one (.irq), first.'));
    return undefined;
  }
  const text = await readScenario(uri);
  const title = l10n.t('Drawing the run of {0}', nameOf(uri));
  const drawn = await askAside(title, startWorker, { type: 'diagram', text }, async () => diagramOfText(text));
  if (drawn !== undefined && drawn.answer === undefined) {
    await window.showErrorMessage(l10n.t('The scenario has errors: mend them first.'));
  }
  return drawn?.answer;
}
