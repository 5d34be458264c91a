/** What the view remembers of time: how it plays, and which moment stands beside the present one. */
import type { Answer, FromWebview, Snapshot } from '../extension/session/protocol.ts';
import { Asker, answered, type Compared, continued, isPin, pinned } from './compared.ts';
import type { Host } from './host.ts';
import type { Command, TimeCommand } from './keys.ts';
import { nextPace, Play } from './play.ts';
import { halted, searched } from './said.ts';

export interface TimeState {
  readonly playing: boolean;
  /** Playing ended by itself at the present step, of which nothing was said yet. */
  readonly halted: boolean;
  readonly pace: number;
  readonly compared: Compared | undefined;
  /** The user is choosing a profile. */
  readonly choosing: boolean;
  /** Profiles to choose from; undefined until the host has answered. */
  readonly profiles: readonly string[] | undefined;
}

export class Time {
  state: TimeState;
  readonly #host: Host;
  readonly #changed: (state: TimeState, notice?: string) => void;
  readonly #asker: Asker;
  readonly #play: Play;
  #snapshot: Snapshot | undefined;

  /** `changed` hears of every new state, with what there is to say about it. */
  constructor(host: Host, changed: (state: TimeState, notice?: string) => void) {
    const { pace, beside } = host.state;
    this.state = {
      playing: false,
      halted: false,
      pace,
      compared: beside && { choice: beside },
      choosing: false,
      profiles: undefined,
    };
    this.#host = host;
    this.#changed = changed;
    this.#asker = new Asker(message => host.post(message));
    this.#play = new Play(pace, {
      step: () => host.post({ type: 'move', motion: 'stepInto' }),
      changed: halt => this.#set({ playing: this.#play.playing, halted: !!halt }, halt ? halted(halt) : ''),
    });
  }

  /** A picture is shown. */
  seen(snapshot: Snapshot): void {
    const { compared } = this.state;
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    if (compared && before) this.#keep(continued(compared, before, snapshot));
    if (this.state.halted) this.#set({ halted: false });
    this.#play.seen(snapshot);
    this.#look();
  }

  /** What the user asks of the host; what concerns the run ends the playing. */
  readonly post = (message: FromWebview): void => {
    if (message.type !== 'timeline') this.#play.stop();
    this.#host.post(message);
  };

  heard(message: Answer): void {
    switch (message.type) {
      case 'reader':
        this.#set({}, searched(message.search));
        return;
      case 'breakpoint':
        this.#play.stop();
        this.#set({}, halted('breakpoint'));
        return;
      case 'play':
        this.toggle();
        return;
      case 'profiles':
        this.#set({ profiles: message.labels });
        return;
      case 'beside':
        this.#asker.heard();
        this.#set({ compared: answered(this.state.compared, message.beside) });
        this.#look();
        return;
      default:
        message satisfies never;
    }
  }

  /** Carries out a command that is about time; false for others. */
  run(command: Command, snapshot: Snapshot): command is TimeCommand {
    const { compared, pace } = this.state;
    switch (command) {
      case 'play':
        this.toggle();
        return true;
      case 'slower':
      case 'faster':
        this.setPace(nextPace(pace, command));
        return true;
      case 'pin':
        this.compare(compared && isPin(compared) ? undefined : pinned(snapshot));
        return true;
      case 'profile':
        this.#set({ choosing: true, profiles: undefined });
        this.#host.post({ type: 'profiles' });
        return true;
      default:
        return false;
    }
  }

  toggle(): void {
    if (this.#play.playing) this.#play.stop();
    else this.#play.start();
  }

  readonly setPace = (pace: number): void => {
    this.#play.pace = pace;
    this.#host.remember({ pace });
    this.#set({ pace });
  };

  readonly compare = (compared: Compared | undefined): void => {
    this.#keep(compared);
    this.#look();
  };

  readonly chooseProfile = (label: string | undefined): void =>
    this.compare(label === undefined ? undefined : { choice: { of: label } });

  readonly closeChoice = (): void => this.#set({ choosing: false });

  #look(): void {
    const { compared } = this.state;
    if (this.#snapshot) this.#keep(this.#asker.look(compared, this.#snapshot));
  }

  #keep(compared: Compared | undefined): void {
    if (compared === this.state.compared) return;
    this.#host.remember({ beside: compared?.choice });
    this.#set({ compared });
  }

  #set(change: Partial<TimeState>, notice?: string): void {
    this.state = { ...this.state, ...change };
    this.#changed(this.state, notice);
  }
}
