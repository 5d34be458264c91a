import { Component, createRef, type VNode } from 'preact';

export interface WindowedListProps {
  readonly count: number;
  /** Narrowest item in CSS pixels; as many columns as fit. */
  readonly minWidth: number;
  readonly maxWidth: number;
  /** Receives the list while it is mounted: preact 11 hands `ref` to DOM elements only. */
  readonly handle?: { current: WindowedList | null };
  /** Height of an item never drawn, in CSS pixels. */
  readonly itemHeight: number;
  readonly renderItem: (index: number) => VNode;
  readonly class: string;
  readonly label: string;
}

/** Where an item stands, in CSS pixels below the top of the window. */
export interface Place {
  readonly index: number;
  readonly top: number;
}

interface ListState {
  readonly columns: number;
  /** Chunks near the visible part. */
  readonly near: ReadonlySet<number>;
}

/** Rows of a chunk: few enough that a chunk is cheap, many enough that few elements are watched. */
const ROWS = 4;
const GAP = 8;

/** Draws the items near the viewport; the others are empty boxes of the height that they had, or that their neighbours have. */
export class WindowedList extends Component<WindowedListProps, ListState> {
  override state: ListState = { columns: 1, near: new Set([0]) };
  readonly #list = createRef<HTMLDivElement>();
  readonly #heights = new Map<number, number>();
  /** Height of an item, from the chunk measured last. */
  #typical: number | undefined;
  /** An item that is being drawn for someone, and what to do with it then. */
  #wanted: { readonly index: number; readonly use: (item: HTMLElement) => void } | undefined;
  #observer: IntersectionObserver | undefined;
  #resize: ResizeObserver | undefined;

  override componentDidMount(): void {
    this.#resize = new ResizeObserver(() => requestAnimationFrame(() => this.#fit()));
    this.#resize.observe(this.#list.current!);
    this.#observer = new IntersectionObserver(entries => this.#see(entries), { rootMargin: '600px 0px' });
    if (this.props.handle) this.props.handle.current = this;
    this.#fit();
    this.#watch();
  }

  override componentDidUpdate(before: WindowedListProps): void {
    if (before.itemHeight !== this.props.itemHeight) {
      this.#heights.clear();
      this.#typical = undefined;
    }
    this.#watch();
    if (this.#wanted === undefined) return;
    const item = this.#list.current!.querySelector<HTMLElement>(`[data-item="${this.#wanted.index}"] > *`);
    if (item) {
      const { use } = this.#wanted;
      this.#wanted = undefined;
      use(item);
    } else if (this.#wanted.index >= this.props.count) {
      this.#wanted = undefined;
    } else {
      this.#include(this.#wanted.index); // the number of columns changed under way
    }
  }

  override componentWillUnmount(): void {
    if (this.props.handle) this.props.handle.current = null;
    this.#observer?.disconnect();
    this.#resize?.disconnect();
  }

  /** Draws an item wherever it is, brings it into view and gives it the keyboard. */
  focusItem(index: number): void {
    this.#draw(index, item => {
      item.focus();
      item.scrollIntoView({ block: 'nearest' });
    });
  }

  /** Scrolls until the top of an item stands `top` pixels below that of the window. */
  scrollItemTo({ index, top }: Place): void {
    this.#draw(index, item => window.scrollBy(0, item.getBoundingClientRect().top - top));
  }

  /** The first item that is not above the line `top`, and where it stands. */
  firstBelow(top: number): Place | undefined {
    for (const item of this.#list.current!.querySelectorAll<HTMLElement>('[data-item]')) {
      const { top: at } = item.getBoundingClientRect();
      if (at >= top) return { index: Number(item.dataset['item']), top: at };
    }
    return undefined;
  }

  /** Whether any part of an item is in the window below the line `top`; else on which side of it. */
  whereIs(index: number, top = 0): 'seen' | 'above' | 'below' {
    const list = this.#list.current!;
    const box = (
      list.querySelector(`[data-item="${index}"]`) ?? list.querySelector(`[data-chunk="${this.#chunkOf(index)}"]`)
    )?.getBoundingClientRect();
    if (!box || box.top >= window.innerHeight) return 'below';
    return box.bottom <= top ? 'above' : 'seen';
  }

  #draw(index: number, use: (item: HTMLElement) => void): void {
    if (index < 0 || index >= this.props.count) return;
    this.#wanted = { index, use };
    this.#include(index);
  }

  #include(index: number): void {
    this.setState(({ near }) => ({ near: new Set(near).add(this.#chunkOf(index)) }));
  }

  /** The item that has the keyboard, or -1. */
  get focusedItem(): number {
    const item = document.activeElement?.closest<HTMLElement>('[data-item]');
    return item && this.#list.current?.contains(item) ? Number(item.dataset['item']) : -1;
  }

  #chunkOf(index: number): number {
    return Math.floor(index / (this.state.columns * ROWS));
  }

  #fit(): void {
    const width = this.#list.current?.clientWidth ?? 0;
    const columns = Math.max(1, Math.floor((width + GAP) / (this.props.minWidth + GAP)));
    if (width === 0 || columns === this.state.columns) return;
    this.#heights.clear();
    this.setState({ columns });
  }

  #watch(): void {
    for (const chunk of this.#list.current!.children) this.#observer?.observe(chunk);
  }

  #see(entries: readonly IntersectionObserverEntry[]): void {
    const near = new Set(this.state.near);
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      const chunk = Number((target as HTMLElement).dataset['chunk']);
      if (isIntersecting) near.add(chunk);
      else if (!target.contains(document.activeElement) && near.delete(chunk)) {
        this.#heights.set(chunk, boundingClientRect.height);
        if (chunk === 0) this.#typical = boundingClientRect.height / ROWS;
      }
    }
    this.setState({ near });
  }

  override render(
    { count, maxWidth, itemHeight, renderItem, label, ...props }: WindowedListProps,
    { columns, near }: ListState,
  ): VNode {
    const size = columns * ROWS;
    const chunks = Array.from({ length: Math.ceil(count / size) }, (_, i) => i);
    return (
      // biome-ignore lint/a11y/useSemanticElements: chunks stand between the list and its items, which ul does not allow
      <div class={props.class} role="list" aria-label={label} ref={this.#list}>
        {chunks.map(chunk => {
          const items = Math.min(size, count - chunk * size);
          const drawn = near.has(chunk);
          const height = this.#heights.get(chunk) ?? (this.#typical ?? itemHeight) * Math.ceil(items / columns);
          return (
            <div
              key={chunk}
              class="chunk"
              role="presentation"
              data-chunk={chunk}
              style={
                drawn
                  ? { gridTemplateColumns: `repeat(${Math.min(columns, count)}, minmax(0, ${maxWidth}px))` }
                  : { height: `${height}px` }
              }
            >
              {drawn &&
                Array.from({ length: items }, (_, i) => (
                  // biome-ignore lint/a11y/useSemanticElements: see the list
                  <div
                    key={i}
                    class="item"
                    role="listitem"
                    data-item={chunk * size + i}
                    aria-setsize={count}
                    aria-posinset={chunk * size + i + 1}
                  >
                    {renderItem(chunk * size + i)}
                  </div>
                ))}
            </div>
          );
        })}
      </div>
    );
  }
}
