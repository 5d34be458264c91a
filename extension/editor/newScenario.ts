import { FileType, l10n, Uri, window, workspace } from 'vscode';
import { BEGINNINGS, type Beginning } from '../scenario/beginnings.ts';
import { LANGUAGE } from './scenarioLanguage.ts';

interface Template {
  readonly label: string;
  readonly detail: string;
  readonly read: () => Promise<string>;
}

/** "New Scenario": a small one of each kind, or a copy of one that ships. */
export async function newScenario(extensionUri: Uri): Promise<void> {
  const templates = await templatesIn(Uri.joinPath(extensionUri, 'scenarios'));
  const chosen = await window.showQuickPick(templates, {
    placeHolder: l10n.t('What shall the scenario begin with?'),
    // The walkthrough's page takes the keyboard when it has loaded.
    ignoreFocusOut: true,
  });
  if (chosen !== undefined) {
    await open(await chosen.read());
  }
}

async function templatesIn(folder: Uri): Promise<Template[]> {
  const labels: Readonly<Record<Beginning['name'], readonly [label: string, detail: string]>> = {
    ipi: [l10n.t('An IPI to a running vCPU'), l10n.t('the smallest scenario')],
    device: [l10n.t('A device wakes a vCPU'), l10n.t('posted by VT-d, with the wake-up vector')],
    sections: [l10n.t('Tests in sections'), l10n.t('each from the start, each run by itself')],
    avic: [l10n.t('An IPI on AMD'), l10n.t('with AVIC')],
    race: [l10n.t('A race'), l10n.t('every order of its steps can be explored')],
  };
  const beginnings = BEGINNINGS.map(({ name, text }): Template => {
    const [label, detail] = labels[name];
    return { label, detail, read: async () => text };
  });
  const entries = await workspace.fs.readDirectory(folder);
  const names = entries.filter(([name, type]) => type === FileType.File && name.endsWith('.irq')).map(([name]) => name);
  const shipped = names.sort().map(async name => {
    const text = new TextDecoder().decode(await workspace.fs.readFile(Uri.joinPath(folder, name)));
    return { label: titleOf(text, name), detail: name, read: async () => text };
  });
  return [...beginnings, ...(await Promise.all(shipped))];
}

/** The first comment line says what a scenario shows. */
function titleOf(text: string, name: string): string {
  return /^#\s*(\S.*)$/m.exec(text)?.[1] ?? name;
}

/** In the folder that is open, as a file that F5 can run; without a folder, untitled. */
async function open(content: string): Promise<void> {
  const [folder] = workspace.workspaceFolders ?? [];
  if (folder === undefined) {
    await window.showTextDocument(await workspace.openTextDocument({ language: LANGUAGE, content }));
    return;
  }
  const uri = await freeName(folder.uri);
  await workspace.fs.writeFile(uri, new TextEncoder().encode(content));
  await window.showTextDocument(uri);
}

/** `scenario.irq`, `scenario-2.irq` …: never one that exists. */
async function freeName(folder: Uri): Promise<Uri> {
  const taken = new Set((await workspace.fs.readDirectory(folder)).map(([name]) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'scenario.irq' : `scenario-${number}.irq`;
    if (!taken.has(name)) {
      return Uri.joinPath(folder, name);
    }
  }
}
