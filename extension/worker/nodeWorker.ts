// biome-ignore lint/correctness/noNodejsModules: only the entry of the node host imports this
import { Worker } from 'node:worker_threads';
import type { WorkerHandle } from './client.ts';

/** A worker thread. @param script path of the bundle that `thread.ts` is the entry of */
export async function nodeWorker(script: string): Promise<WorkerHandle> {
  const worker = new Worker(script, { name: 'irqscope' });
  return {
    listen(said, ended) {
      worker.on('message', said);
      worker.on('messageerror', error => ended(error.message));
      worker.on('error', (error: Error & { readonly code?: string }) =>
        ended(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out of memory' : error.message),
      );
      worker.on('exit', code => ended(`exit code ${code}`));
    },
    post: request => worker.postMessage(request),
    terminate: () => void worker.terminate(),
  };
}
