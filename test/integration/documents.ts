import * as vscode from 'vscode';

/** Opens a file of the workspace. */
export async function open(name: string): Promise<vscode.TextDocument> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error('no folder is open');
  return vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder.uri, name));
}

/** The middle of the first place where the document has `text`. */
export function positionOf(document: vscode.TextDocument, text: string): vscode.Position {
  const at = document.getText().indexOf(text);
  if (at < 0) throw new Error(`${document.uri.path} does not contain ${JSON.stringify(text)}`);
  return document.positionAt(at + Math.floor(text.length / 2));
}
