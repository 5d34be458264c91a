/** The host's side of long work in a worker. `here.ts` explores where none can be had. */
import { type Answers, type Progress, parseAnswer, parseReport, type Report, type Request } from './messages.ts';

/** A worker of either host. */
export interface WorkerHandle {
  /** `ended` is called when the worker ends by itself, with the reason. */
  listen(said: (message: unknown) => void, ended: (why: string) => void): void;
  post(request: Request): void;
  terminate(): void;
}

/** Rejects when the host makes no workers. */
export type StartWorker = () => Promise<WorkerHandle>;

/** As VS Code's `CancellationToken`. */
export interface Cancellation {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => void): { dispose(): void };
}

export type Outcome<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'cancelled' }
  /** No worker: nothing was begun. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Begun, and not brought to an end. */
  | { readonly kind: 'failed'; readonly why: string };

/** Milliseconds that a worker has to say that it is there; a content-security policy may forbid it without a word. */
const READY_WITHIN = 10_000;

/** Starts a worker, asks it one thing and ends it; `report` hears how far it is. */
export async function askWorker<Asked extends Request>(
  start: StartWorker,
  request: Asked,
  report: (progress: Progress) => void,
  cancellation: Cancellation,
): Promise<Outcome<Answers[Asked['type']]>> {
  let worker: WorkerHandle;
  try {
    worker = await start();
  } catch (error) {
    return { kind: 'refused', why: (error as Error).message };
  }
  const done: (() => void)[] = [() => worker.terminate()];
  const outcome = await new Promise<Outcome<Answers[Asked['type']]>>(resolve => {
    const cancelled = () => resolve({ kind: 'cancelled' });
    if (cancellation.isCancellationRequested) {
      cancelled();
      return;
    }
    const subscription = cancellation.onCancellationRequested(cancelled);
    const timer = setTimeout(() => resolve({ kind: 'refused', why: 'it does not answer' }), READY_WITHIN);
    done.push(
      () => subscription.dispose(),
      () => clearTimeout(timer),
    );
    const conversation = new Conversation<Asked['type']>(request.type, report, resolve);
    worker.listen(
      message => {
        if (conversation.hear(parseReport(message))) {
          clearTimeout(timer);
          worker.post(request);
        }
      },
      why => conversation.broken(why),
    );
  });
  for (const each of done) each();
  return outcome;
}

/** What the worker has said so far, and what that comes to. */
class Conversation<Type extends Request['type']> {
  #ready = false;
  #progress: Progress = { states: 0, left: 0 };

  constructor(
    private readonly type: Type,
    private readonly report: (progress: Progress) => void,
    private readonly resolve: (outcome: Outcome<Answers[Type]>) => void,
  ) {}

  /** True when the worker may be asked now. */
  hear(report: Report | undefined): boolean {
    switch (report?.type) {
      case 'ready':
        this.#ready = true;
        return true;
      case 'progress':
        this.#progress = report;
        this.report(report);
        return false;
      case 'answer': {
        const found = parseAnswer(this.type, report.answer);
        if (found === undefined) this.broken('its answer is none');
        else this.resolve({ kind: 'answered', answer: found.answer });
        return false;
      }
      case 'failed':
        this.resolve({ kind: 'failed', why: report.why });
        return false;
      default:
        this.broken('it said something that is not understood');
        return false;
    }
  }

  broken(why: string): void {
    const { states, left } = this.#progress;
    const far = this.type === 'explore' ? `; ${states} states, ${left} orders left` : '';
    this.resolve(
      this.#ready ? { kind: 'failed', why: `the worker ended early (${why})${far}` } : { kind: 'refused', why },
    );
  }
}
