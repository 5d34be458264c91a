import { Disposable, RelativePattern, Uri, workspace } from 'vscode';
import type { ScenarioText } from '../scenario/tree.ts';
import { includedUri } from './scenarioText.ts';

export { ownText } from '../scenario/tree.ts';

/** How a text came to be another one. */
export type TextChange =
  /** The user types. */
  | 'edited'
  /** A file was opened, closed unsaved, written, created, renamed or deleted. */
  | 'file';

/**
 * Calls back whenever the text of a scenario, or of what it includes, may have changed, in an editor or on its file system.
 * @param known the text as it was read last
 */
export function watchScenario(
  uri: Uri,
  known: () => ScenarioText | undefined,
  changed: (how: TextChange) => void,
): Disposable {
  const own = uri.toString();
  const isPart = (other: Uri): boolean => {
    const key = other.toString();
    return key === own || namesIn(known()).some(name => includedUri(uri, name).toString() === key);
  };
  const ofFile = (other: Uri): void => {
    if (isPart(other)) changed('file');
  };
  const watchers = [workspace.createFileSystemWatcher('**/*.irq')];
  if (uri.scheme !== 'untitled') {
    // It may lie outside of the workspace. Not its name as a pattern: that may contain what patterns are made of.
    watchers.push(workspace.createFileSystemWatcher(new RelativePattern(Uri.joinPath(uri, '..'), '*')));
  }
  return Disposable.from(
    workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0 && isPart(document.uri)) changed('edited');
    }),
    workspace.onDidOpenTextDocument(document => ofFile(document.uri)),
    workspace.onDidCloseTextDocument(document => ofFile(document.uri)),
    ...watchers,
    ...watchers.flatMap(each => [each.onDidChange(ofFile), each.onDidCreate(ofFile), each.onDidDelete(ofFile)]),
  );
}

function namesIn(text: ScenarioText | undefined): readonly string[] {
  return text === undefined || typeof text === 'string' ? [] : [...text.files.keys()];
}

/** The same lines, and the same in every file that they include. */
export function isSameText(a: ScenarioText | undefined, b: ScenarioText | undefined): boolean {
  if (a === undefined || b === undefined || typeof a === 'string' || typeof b === 'string') return a === b;
  return a.text === b.text && JSON.stringify([...a.files]) === JSON.stringify([...b.files]);
}
