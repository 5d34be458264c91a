import { touches } from '../extension/formats/fieldNames.ts';
import type {
  Beside,
  FieldTouch,
  FromWebview,
  Motion,
  Recording,
  Snapshot,
  ToWebview,
} from '../extension/session/protocol.ts';
import { applied } from './model.ts';

/** Answers the view from a recording, as the extension host does from a session. */
class RecordingHost {
  readonly #pictures: readonly Snapshot[];
  readonly #timeline: ToWebview;
  readonly #say: (message: ToWebview) => void;
  #position = 0;

  constructor({ first, deltas, timeline }: Recording, say: (message: ToWebview) => void) {
    const pictures = [first];
    for (const delta of deltas) pictures.push(applied(pictures[pictures.length - 1], delta));
    this.#pictures = pictures;
    this.#timeline = timeline;
    this.#say = say;
  }

  handle(message: FromWebview): void {
    switch (message.type) {
      case 'ready':
        this.#show();
        this.#say(this.#timeline);
        break;
      case 'timeline':
        this.#say(this.#timeline);
        break;
      case 'move':
        this.#go(this.#target(message.motion));
        break;
      case 'seek':
        this.#go(message.step);
        break;
      case 'writer':
        this.#go(this.#writer(message.fields));
        break;
      case 'reader':
        this.#seekReader(message.fields);
        break;
      case 'profiles':
        this.#say({ type: 'profiles', labels: [] });
        break;
      case 'beside':
        this.#say({ type: 'beside', beside: this.#beside(message.of) });
        break;
      case 'play':
      case 'tables': // every table is whole here
      case 'revealLine':
      case 'focusEditor':
      case 'out':
      case 'png':
        break; // there is no editor here
      default:
        message satisfies never;
    }
  }

  get #last(): number {
    return this.#pictures.length - 1;
  }

  #show(): void {
    this.#say({ type: 'snapshot', snapshot: this.#pictures[this.#position] });
  }

  #go(step: number): void {
    this.#position = Math.max(0, Math.min(step, this.#last));
    this.#show();
  }

  /** The first step behind the present one for which `holds`, else the last. */
  #next(holds: (picture: Snapshot) => boolean): number {
    const found = this.#pictures.findIndex((picture, step) => step > this.#position && holds(picture));
    return found < 0 ? this.#last : found;
  }

  /** The last step before the present one for which `holds`, else the initial state. */
  #previous(holds: (picture: Snapshot) => boolean): number {
    let step = this.#position - 1;
    while (step > 0 && !holds(this.#pictures[step])) step--;
    return Math.max(step, 0);
  }

  #target(motion: Motion): number {
    const { line, step } = this.#pictures[this.#position];
    const isTrouble = ({ position, troubles }: Snapshot) => troubles.some(trouble => trouble.step === position);
    switch (motion) {
      case 'stepInto':
        return this.#position + 1;
      case 'stepBack':
        return this.#position - 1;
      case 'stepOver':
        return this.#next(picture => picture.line !== line);
      case 'stepOut':
        return this.#next(picture => picture.line !== line || picture.step.path.length < step.path.length);
      case 'continue':
        return this.#next(isTrouble);
      case 'reverseContinue':
        return this.#previous(isTrouble);
    }
  }

  #writer(fields: readonly string[]): number {
    return this.#previous(({ step }) => isAmong(step.writes, fields));
  }

  #seekReader(fields: readonly string[]): void {
    const from = this.#position;
    const step = this.#pictures.findIndex((picture, n) => n > from && isAmong(picture.step.reads, fields));
    if (step >= 0) this.#go(step);
    const to = step < 0 ? this.#last : step;
    const search = { fields, outcome: step < 0 ? 'none' : 'recorded', from, recorded: to, to } as const;
    this.#say({ type: 'reader', search });
  }

  #beside(of: number | string): Beside {
    const moment = typeof of === 'number' ? this.#pictures[of] : undefined;
    return { of, at: this.#position, ...(moment ? { moment } : { reason: 'It is not part of this page.' }) };
  }
}

/** Whether one of the fields is touched; they are named as in `FieldTouch.field`. */
const isAmong = (touched: readonly FieldTouch[], fields: readonly string[]): boolean =>
  touched.some(({ field }) => fields.some(name => touches(field, name)));

/** Puts the recording in the place of VS Code when the page carries a recording. */
export function playRecording(): void {
  const element = document.getElementById('recording');
  if (!element?.textContent) return;
  const say = (data: ToWebview) => window.dispatchEvent(new MessageEvent('message', { data }));
  const host = new RecordingHost(JSON.parse(element.textContent) as Recording, say);
  Object.assign(window, {
    acquireVsCodeApi: () => ({
      postMessage: (message: FromWebview) => host.handle(message),
      getState: () => undefined,
      setState: () => {},
    }),
  });
}
