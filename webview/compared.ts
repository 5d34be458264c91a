/** What the view shows beside the present moment: a pinned one, or the same moment under another profile. */
import type { Beside, FromWebview, Moment, Parting, Snapshot } from '../extension/session/protocol.ts';

/** What survives when the view is thrown away: the step of a run, or the label of a profile. */
export interface BesideChoice {
  readonly of: number | string;
  /** Run of the pinned step. */
  readonly run?: number;
}

export interface Compared {
  readonly choice: BesideChoice;
  /** Undefined until the host has answered, and where there is none. */
  readonly moment?: Moment;
  /** Why there is none. */
  readonly reason?: string;
  readonly parting?: Parting;
}

export const isPin = ({ choice }: Compared): boolean => typeof choice.of === 'number';

/** The present moment, pinned. */
export const pinned = (snapshot: Snapshot): Compared => ({
  choice: { of: snapshot.position, ...(snapshot.run === undefined ? {} : { run: snapshot.run }) },
  moment: snapshot,
});

/** What is left when another picture comes: nothing of another scenario; of another run the pinned moment, to see what an edit changed. */
export function continued(compared: Compared, before: Snapshot, snapshot: Snapshot): Compared | undefined {
  if (before.uri !== snapshot.uri) return isPin(compared) ? undefined : { choice: compared.choice };
  return before.run === snapshot.run || isPin(compared) ? compared : { choice: compared.choice };
}

/** An answer that nobody waits for any more changes nothing. */
export function answered(
  compared: Compared | undefined,
  { of, moment, reason, parting }: Beside,
): Compared | undefined {
  if (compared?.choice.of !== of) return compared;
  const { choice } = compared;
  return { choice, ...(moment && { moment }), ...(reason && { reason }), ...(parting && { parting }) };
}

/** Asks the host for what is to be shown, one question at a time. */
export class Asker {
  readonly #post: (message: FromWebview) => void;
  /** The run that was asked, until it answers; another run does not answer for it. */
  #waiting: string | undefined;
  /** What the last question was about. */
  #asked = '';

  constructor(post: (message: FromWebview) => void) {
    this.#post = post;
  }

  /** To be called with every picture and every change of the choice. Gives what is left of the choice. */
  look(compared: Compared | undefined, snapshot: Snapshot): Compared | undefined {
    if (compared === undefined) return undefined;
    const { of, run } = compared.choice;
    const isPinned = typeof of === 'number';
    if (isPinned && compared.moment === undefined && run !== snapshot.run) return undefined;
    const place = `${snapshot.uri} ${snapshot.run}`;
    const question = isPinned ? `${of}` : `${of} ${place} ${snapshot.position} ${snapshot.length}`;
    const isAnswered = compared.moment !== undefined || compared.reason !== undefined;
    if (this.#waiting === place || (isAnswered && (isPinned || question === this.#asked))) return compared;
    this.#waiting = place;
    this.#asked = question;
    this.#post({ type: 'beside', of });
    return compared;
  }

  heard(): void {
    this.#waiting = undefined;
  }
}
