/** What runs in a worker thread of the node host; the build takes `serve` from the core chunk. */
// biome-ignore lint/correctness/noNodejsModules: this file runs in Node only
import { parentPort } from 'node:worker_threads';
import { type Scope, serve } from './serve.ts';

if (parentPort !== null) {
  serve(parentPort as unknown as Scope);
}
