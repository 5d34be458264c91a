/** Entry of the node host: the explorer runs in a worker thread. */
import { type ExtensionContext, Uri } from 'vscode';
import { nodeWorker } from '../worker/nodeWorker.ts';
import { register } from './extension.ts';

export function activate(context: ExtensionContext): void {
  const script = Uri.joinPath(context.extensionUri, 'dist', 'worker.js').fsPath;
  register(context, () => nodeWorker(script));
}
