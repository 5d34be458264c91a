import { FileSystemError, FileType, Uri, workspace } from 'vscode';
import type { FileText, ScenarioText } from '../scenario/tree.ts';

/** A larger file is no scenario; the language refuses it too, but only after it has been read. */
const MAX_BYTES = 5 * 1024 * 1024;

/** The text as the editor has it, saved or not. Rejects with a message for the user. */
async function readText(uri: Uri): Promise<string> {
  const open = workspace.textDocuments.find(document => document.uri.toString() === uri.toString());
  if (open !== undefined) {
    return open.getText();
  }
  const { size, type } = await workspace.fs.stat(uri);
  if ((type & FileType.Directory) !== 0) {
    throw new Error(`${uri.path} is a folder`);
  }
  if (size > MAX_BYTES) {
    throw new Error(`${uri.path} is ${Math.round(size / 1024 / 1024)} MB large: a scenario has at most 5 MB`);
  }
  return new TextDecoder().decode(await workspace.fs.readFile(uri));
}

/** The scenario with everything that it includes, as the editor has it. Rejects with a message for the user. */
export async function readScenario(uri: Uri): Promise<ScenarioText> {
  const text = await readText(uri);
  if (!text.includes('include')) {
    return text;
  }
  const { withFiles } = await import('./lazy.ts');
  return withFiles(text, nameOf(uri), name => readIncluded(uri, name));
}

export function nameOf(uri: Uri): string {
  return uri.path.split('/').pop() ?? '';
}

/** A file that a scenario includes: `name` is the path from the scenario's folder. */
export function includedUri(scenario: Uri, name: string): Uri {
  return Uri.joinPath(scenario, '..', name);
}

/** Never rejects: what is wrong is for the checker to say. */
export async function readIncluded(scenario: Uri, name: string): Promise<FileText> {
  if (scenario.scheme === 'untitled') {
    return { unreadable: 'this scenario has no folder yet: save it first' };
  }
  const uri = includedUri(scenario, name);
  try {
    return { text: await readText(uri) };
  } catch (error) {
    const missing = error instanceof FileSystemError && error.code === 'FileNotFound';
    return missing ? { missing: await scenariosIn(Uri.joinPath(uri, '..')) } : { unreadable: (error as Error).message };
  }
}

async function scenariosIn(folder: Uri): Promise<string[]> {
  try {
    const entries = await workspace.fs.readDirectory(folder);
    return entries.map(([name]) => name).filter(name => name.endsWith('.irq'));
  } catch {
    // There is no such folder either, or it cannot be listed: nothing to suggest.
    return [];
  }
}
