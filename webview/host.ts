import type { Answer, Drawing, FromWebview, Picture, TableChoice, ToWebview } from '../extension/session/protocol.ts';
import type { BesideChoice } from './compared.ts';
import { PACES } from './play.ts';
import type { Place } from './windowedList.tsx';

/** What the view itself remembers across being hidden, moved and reloaded. The picture is not part of it: the host owns that. */
export interface ViewState {
  /** What is shown, and where in it: the host asks for that when it has been away. */
  readonly scenario?: string | undefined;
  readonly place?: string | undefined;
  /** The vCPU at the top of the window and how far below it stands; undefined while the page is not scrolled. */
  readonly scroll: Place | undefined;
  /** `auto`: grids are open while the vCPUs are few. */
  readonly grids: 'auto' | 'all' | 'none';
  /** vCPUs whose grid the user opened or closed against `grids`. */
  readonly toggled: readonly number[];
  /** Pixels per step in the timeline. */
  readonly zoom: number;
  /** Steps a second while playing. */
  readonly pace: number;
  /** What is shown beside the present moment. */
  readonly beside: BesideChoice | undefined;
  /** Tables that the user opened and closed. */
  readonly tables: TableChoice;
}

const INITIAL_VIEW: ViewState = {
  scroll: undefined,
  grids: 'auto',
  toggled: [],
  zoom: 10,
  pace: 5,
  beside: undefined,
  tables: { opened: [], closed: [] },
};

const isChoice = (value: Partial<TableChoice> | undefined): value is TableChoice =>
  Array.isArray(value?.opened) && Array.isArray(value.closed);

interface VsCodeApi {
  postMessage(message: FromWebview): void;
  getState(): unknown;
  setState(state: ViewState): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

const TYPES: readonly string[] = [
  'snapshot',
  'delta',
  'timeline',
  'reader',
  'breakpoint',
  'profiles',
  'beside',
  'play',
  'draw',
  'takeKeyboard',
  'empty',
] satisfies readonly ToWebview['type'][];

/** A message of the host, or undefined for what others post to the window (browser extensions, the workbench). */
function parseToWebview(data: unknown): ToWebview | undefined {
  if (typeof data !== 'object' || data === null || !TYPES.includes((data as { type?: unknown }).type as string)) {
    return undefined;
  }
  return data as ToWebview;
}

/** Milliseconds that VS Code may take to bring the focus to the view. */
const PATIENCE = 1000;
const LOOK_EVERY = 50;

/** VS Code sometimes focuses the frame around the view instead of the view: then the keys reach nobody. */
function takeKeyboard(patience: number): void {
  if (patience <= 0 || document.hasFocus()) return;
  window.focus();
  setTimeout(() => takeKeyboard(patience - LOOK_EVERY), LOOK_EVERY);
}

/** The one way out of the view. */
export class Host {
  readonly #api = acquireVsCodeApi();
  #state: ViewState;

  constructor() {
    const stored = this.#api.getState() as Partial<ViewState> | undefined;
    this.#state = {
      scenario: stored?.scenario,
      place: stored?.place,
      scroll: typeof stored?.scroll?.index === 'number' ? stored.scroll : INITIAL_VIEW.scroll,
      grids: stored?.grids === 'all' || stored?.grids === 'none' ? stored.grids : INITIAL_VIEW.grids,
      toggled: Array.isArray(stored?.toggled) ? stored.toggled : INITIAL_VIEW.toggled,
      zoom: typeof stored?.zoom === 'number' ? stored.zoom : INITIAL_VIEW.zoom,
      pace: PACES.includes(stored?.pace ?? 0) ? (stored?.pace as number) : INITIAL_VIEW.pace,
      beside: ['number', 'string'].includes(typeof stored?.beside?.of) ? stored?.beside : INITIAL_VIEW.beside,
      tables: isChoice(stored?.tables) ? stored.tables : INITIAL_VIEW.tables,
    };
  }

  get state(): ViewState {
    return this.#state;
  }

  remember(change: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...change };
    this.#api.setState(this.#state);
  }

  post(message: FromWebview): void {
    this.#api.postMessage(message);
  }

  /** Calls back for every message of the host, and asks for the first picture. */
  listen(receive: (message: Picture | Answer) => void, draw: (drawing: Drawing) => void): void {
    window.addEventListener('message', event => {
      const message = parseToWebview(event.data);
      if (message?.type === 'takeKeyboard') takeKeyboard(PATIENCE);
      else if (message?.type === 'draw') draw(message.drawing);
      else if (message) receive(message);
    });
    const { opened, closed } = this.#state.tables;
    if (opened.length + closed.length > 0) this.post({ type: 'tables', opened, closed });
    this.post({ type: 'ready' });
  }
}
