import { l10n, Uri, window, workspace } from 'vscode';
import { recordingOf, recordingOfRun, recordingPage } from './lazy.ts';
import type { Runs } from './runs.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { nameOf, readScenario } from './scenarioText.ts';

/**
 * Writes a run to a page of its own: the run that is inspected or debugged, as it is run there; else that of the text in front.
 * @param target where to write; the user is asked when it is missing
 */
export async function exportRun(extensionUri: Uri, runs: Runs, target?: Uri): Promise<void> {
  const { meant } = runs;
  const editors = [window.activeTextEditor, ...window.visibleTextEditors];
  const scenario = meant?.uri ?? editors.find(editor => editor?.document.languageId === LANGUAGE)?.document.uri;
  if (scenario === undefined) {
    await window.showErrorMessage(l10n.t('IRQScope exports the run of a scenario: open an .irq file first.'));
    return;
  }
  const page = Uri.joinPath(scenario, '..', `${nameOf(scenario).replace(/\.irq$/, '')}.html`);
  const file =
    target ?? (await window.showSaveDialog({ defaultUri: page, filters: { [l10n.t('Web page')]: ['html'] } }));
  if (file === undefined) return;
  try {
    const [script, style] = await Promise.all(['js', 'css'].map(kind => bundle(extensionUri, kind)));
    const html = await recordingPage({
      recording: meant?.session
        ? recordingOfRun(meant.session.program, meant.session.order, nameOf(scenario))
        : recordingOf(await readScenario(scenario), nameOf(scenario)),
      script,
      style,
    });
    await workspace.fs.writeFile(file, new TextEncoder().encode(html));
    void window.showInformationMessage(l10n.t('IRQScope wrote {0}: it steps in any browser.', nameOf(file)));
  } catch (error) {
    await window.showErrorMessage(l10n.t('IRQScope could not export: {0}', (error as Error).message));
  }
}

async function bundle(extensionUri: Uri, kind: string): Promise<string> {
  const file = Uri.joinPath(extensionUri, 'dist', 'webview', `inspector.${kind}`);
  return new TextDecoder().decode(await workspace.fs.readFile(file));
}
