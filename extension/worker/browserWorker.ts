import type { WorkerHandle } from './client.ts';

/**
 * A Web Worker, from a blob: VS Code starts its own that way in a browser, so every policy under which it runs allows it. Throws, or ends
 * before it is ready, where workers are forbidden.
 * @param core source of the core chunk, a CommonJS module
 */
export function browserWorker(core: string): WorkerHandle {
  const script = `(() => {
const module = { exports: {} };
(function (module, exports) {${core}
})(module, module.exports);
module.exports.serve(self);
})();`;
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'irqscope' });
  return {
    listen(said, ended) {
      worker.onmessage = ({ data }) => said(data);
      worker.onmessageerror = () => ended('a message could not be read');
      worker.onerror = ({ message }) => ended(message || 'the browser does not say why');
    },
    post: request => worker.postMessage(request),
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
