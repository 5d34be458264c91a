/** Entry of the browser host: chunks are files to be read, the explorer runs in a Web Worker. */
import { type ExtensionContext, Uri } from 'vscode';
import { browserWorker } from '../worker/browserWorker.ts';
import { chunkSource, chunksLieIn } from './browserChunks.ts';
import { register } from './extension.ts';

export function activate(context: ExtensionContext): void {
  chunksLieIn(Uri.joinPath(context.extensionUri, 'dist'));
  register(context, async () => browserWorker(await chunkSource('core')));
}
