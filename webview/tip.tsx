import { Component, type VNode } from 'preact';

interface TipState {
  readonly text: string | undefined;
  readonly left: number;
  readonly top: number;
  /** Above the element, when there is more room. */
  readonly above: boolean;
}

/** Milliseconds that the pointer rests before the tip shows, and that it may take to reach the tip. */
const REST = 350;
const REACH = 120;
const GAP = 4;
const WIDEST = 520;

const ID = 'tip';

const NOTHING: TipState = { text: undefined, left: 0, top: 0, above: false };

const carrier = (target: EventTarget | null): HTMLElement | undefined =>
  (target instanceof Element && target.closest<HTMLElement>('[data-tip]')) || undefined;

/**
 * Shows what the value under the pointer, or with the keyboard on it, means: the text stands in the `data-tip` of its element. As WCAG
 * 1.4.13 asks, the tip can be reached with the pointer, stays, and Escape takes it away.
 */
export class Tip extends Component<object, TipState> {
  override state: TipState = NOTHING;
  #of: HTMLElement | undefined;
  #timer: number | undefined;

  override componentDidMount(): void {
    document.addEventListener('focusin', ({ target }) => this.#focused(carrier(target)));
    document.addEventListener('focusout', () => this.#hide());
    document.addEventListener('mouseover', ({ target }) => this.#pointed(target));
    document.addEventListener('mousedown', () => this.#hide());
    document.addEventListener('scroll', () => this.#hide(), { capture: true, passive: true });
    document.addEventListener('keydown', event => {
      if (event.key === 'Escape' && this.state.text !== undefined) {
        event.stopPropagation();
        this.#hide();
      }
    });
  }

  #focused(element: HTMLElement | undefined): void {
    if (element?.matches(':focus-visible')) this.#show(element);
  }

  #pointed(target: EventTarget | null): void {
    if (target instanceof Element && target.closest(`#${ID}`)) {
      clearTimeout(this.#timer);
      return;
    }
    const element = carrier(target);
    if (element === this.#of && element !== undefined) {
      clearTimeout(this.#timer);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => (element ? this.#show(element) : this.#leave()), element ? REST : REACH);
  }

  /** The pointer left; the tip of what has the keyboard comes back. */
  #leave(): void {
    this.#hide();
    this.#focused(carrier(document.activeElement));
  }

  #show(element: HTMLElement): void {
    const text = element.dataset.tip;
    if (!text || !element.isConnected) return;
    this.#release();
    this.#of = element;
    element.setAttribute('aria-describedby', ID);
    const box = element.getBoundingClientRect();
    const above = box.bottom > window.innerHeight * 0.6;
    this.setState({
      text,
      left: Math.max(GAP, Math.min(box.left, window.innerWidth - WIDEST - GAP)),
      top: above ? window.innerHeight - box.top + GAP : box.bottom + GAP,
      above,
    });
  }

  #hide(): void {
    clearTimeout(this.#timer);
    this.#release();
    if (this.state.text !== undefined) this.setState(NOTHING);
  }

  #release(): void {
    this.#of?.removeAttribute('aria-describedby');
    this.#of = undefined;
  }

  override render(_: object, { text, left, top, above }: TipState): VNode {
    return (
      <div
        id={ID}
        class="tip"
        role="tooltip"
        hidden={text === undefined}
        style={{ left: `${left}px`, [above ? 'bottom' : 'top']: `${top}px`, [above ? 'top' : 'bottom']: 'auto' }}
      >
        {text}
      </div>
    );
  }
}
