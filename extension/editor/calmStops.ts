import type { DebugProtocol } from '@vscode/debugprotocol';

/** Milliseconds without a motion after which VS Code hears where the inspector went. */
const PAUSE = 400;

type Message = DebugProtocol.ProtocolMessage;

/** A stop that the inspector caused: the user looks there, not at the editor. */
function isInspectorsStop(message: Message): boolean {
  const { type, event, body } = message as DebugProtocol.StoppedEvent;
  return type === 'event' && event === 'stopped' && body.reason === 'goto';
}

/** Makes a held stop pointless: another came, or the session ends. */
function supersedes(message: Message): boolean {
  const { type, event } = message as DebugProtocol.Event;
  return type === 'event' && (event === 'stopped' || event === 'terminated');
}

/**
 * Holds back the stops that the inspector causes until the user pauses. At every stop VS Code fetches the stack and gives the
 * keyboard to the editor; who holds down a key in the inspector wants neither, and sees each step there at once.
 */
export class CalmStops {
  readonly #send: (message: Message) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  send(message: Message): void {
    if (supersedes(message)) this.dispose();
    if (isInspectorsStop(message)) this.#timer = setTimeout(() => this.#send(message), PAUSE);
    else this.#send(message);
  }

  /** Forgets a stop that is held. */
  dispose(): void {
    clearTimeout(this.#timer);
  }
}
