import { type Uri, workspace } from 'vscode';

/** A larger file is no scenario; the language refuses it too, but only after it has been read. */
const MAX_BYTES = 5 * 1024 * 1024;

/** The text as the editor has it, saved or not. Rejects with a message for the user. */
export async function readScenario(uri: Uri): Promise<string> {
  const open = workspace.textDocuments.find(document => document.uri.toString() === uri.toString());
  if (open !== undefined) {
    return open.getText();
  }
  const { size } = await workspace.fs.stat(uri);
  if (size > MAX_BYTES) {
    throw new Error(`${uri.path} is ${Math.round(size / 1024 / 1024)} MB large: a scenario has at most 5 MB`);
  }
  return new TextDecoder().decode(await workspace.fs.readFile(uri));
}
