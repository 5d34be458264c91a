import { type CancellationToken, CancellationTokenSource, l10n, ProgressLocation, window } from 'vscode';
import type { StartWorker } from '../worker/client.ts';
import type { Answers, Progress, Request } from '../worker/messages.ts';
import { askWorker } from './lazy.ts';

/** Milliseconds after which work is shown, with a way to cancel it: what is done sooner would only flash. */
const SHOWN_AFTER = 300;

export type Said = (progress: Progress) => void;

/**
 * Asks a worker, and shows that it is at work. Undefined when the user has cancelled it; throws when it ends without an answer.
 * @param here the same in this host, where no worker can be had
 */
export async function askAside<Asked extends Request>(
  title: string,
  startWorker: StartWorker,
  request: Asked,
  here: (said: Said, token: CancellationToken) => Promise<Answers[Asked['type']] | undefined>,
): Promise<{ readonly answer: Answers[Asked['type']]; readonly by: 'worker' | 'host' } | undefined> {
  return shown(title, async (said, token) => {
    const outcome = await askWorker(startWorker, request, said, token);
    switch (outcome.kind) {
      case 'answered':
        return { answer: outcome.answer, by: 'worker' };
      case 'cancelled':
        return undefined;
      case 'failed':
        throw new Error(outcome.why);
      case 'refused': {
        console.info(`IRQScope works in the extension host, for want of a worker: ${outcome.why}`);
        const answer = await here(said, token);
        return token.isCancellationRequested ? undefined : { answer: answer as Answers[Asked['type']], by: 'host' };
      }
    }
  });
}

async function shown<Result>(
  title: string,
  work: (said: Said, token: CancellationToken) => Promise<Result>,
): Promise<Result> {
  const source = new CancellationTokenSource();
  let say: Said = () => {};
  const working = work(progress => say(progress), source.token);
  const timer = setTimeout(() => {
    const options = { location: ProgressLocation.Notification, cancellable: true, title };
    void window.withProgress(options, async (progress, token) => {
      token.onCancellationRequested(() => source.cancel());
      say = ({ states, left }) => progress.report({ message: l10n.t('{0} states, {1} orders left', states, left) });
      // Who asked hears of a failure.
      await working.catch(() => {});
    });
  }, SHOWN_AFTER);
  try {
    return await working;
  } finally {
    clearTimeout(timer);
    source.dispose();
  }
}
