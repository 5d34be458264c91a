import { Component, createRef, type VNode } from 'preact';

export interface WindowedListProps {
  readonly count: number;
  /** Narrowest item in CSS pixels; as many columns as fit. */
  readonly minWidth: number;
  readonly renderItem: (index: number) => VNode;
  readonly class: string;
  readonly label: string;
}

interface ListState {
  readonly columns: number;
  /** Chunks near the visible part. */
  readonly near: ReadonlySet<number>;
}

/** Rows of a chunk: few enough that a chunk is cheap, many enough that few elements are watched. */
const ROWS = 4;
const GAP = 8;
/** Height of a chunk never drawn, before any was measured. */
const GUESS = 800;

/** Draws the items near the viewport; the others are empty boxes of the height that they had, or that their neighbours have. */
export class WindowedList extends Component<WindowedListProps, ListState> {
  override state: ListState = { columns: 1, near: new Set([0]) };
  readonly #list = createRef<HTMLDivElement>();
  readonly #heights = new Map<number, number>();
  #typical = GUESS;
  #wanted: number | undefined;
  #observer: IntersectionObserver | undefined;
  #resize: ResizeObserver | undefined;

  override componentDidMount(): void {
    this.#resize = new ResizeObserver(() => requestAnimationFrame(() => this.#fit()));
    this.#resize.observe(this.#list.current!);
    this.#observer = new IntersectionObserver(entries => this.#see(entries), { rootMargin: '600px 0px' });
    this.#watch();
  }

  override componentDidUpdate(): void {
    this.#watch();
    if (this.#wanted === undefined) return;
    const item = this.#list.current!.querySelector<HTMLElement>(`[data-item="${this.#wanted}"] > *`);
    if (!item) return;
    this.#wanted = undefined;
    item.focus();
    item.scrollIntoView({ block: 'nearest' });
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
    this.#resize?.disconnect();
  }

  /** Draws an item wherever it is, brings it into view and gives it the keyboard. */
  focusItem(index: number): void {
    if (index < 0 || index >= this.props.count) return;
    this.#wanted = index;
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
      else if (near.delete(chunk)) {
        this.#heights.set(chunk, boundingClientRect.height);
        this.#typical = boundingClientRect.height;
      }
    }
    this.setState({ near });
  }

  override render({ count, renderItem, label, ...props }: WindowedListProps, { columns, near }: ListState): VNode {
    const size = columns * ROWS;
    const chunks = Array.from({ length: Math.ceil(count / size) }, (_, i) => i);
    return (
      // biome-ignore lint/a11y/useSemanticElements: chunks stand between the list and its items, which ul does not allow
      <div class={props.class} role="list" aria-label={label} ref={this.#list}>
        {chunks.map(chunk => {
          const items = Math.min(size, count - chunk * size);
          const drawn = near.has(chunk);
          const height = this.#heights.get(chunk) ?? (this.#typical * Math.ceil(items / columns)) / ROWS;
          return (
            <div
              key={chunk}
              class="chunk"
              role="presentation"
              data-chunk={chunk}
              style={drawn ? { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` } : { height: `${height}px` }}
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
