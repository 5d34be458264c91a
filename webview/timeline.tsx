import { Component, createRef, type VNode } from 'preact';
import type { FromWebview, Snapshot } from '../extension/session/protocol.ts';
import { t } from './l10n.ts';
import type { Timeline as Known } from './model.ts';
import { draw, GLYPHS, LANE_HEIGHT, OTHERS, RULER_HEIGHT } from './timelineCanvas.ts';

export interface TimelineProps {
  readonly snapshot: Snapshot;
  readonly timeline: Known;
  /** CSS pixels per step. */
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
  readonly post: (message: FromWebview) => void;
}

interface TimelineState {
  readonly width: number;
  /** Step under the pointer, 0 = none. */
  readonly hover: number;
}

const ZOOMS: readonly number[] = [2, 4, 7, 10, 14, 20];
const MAX_PITCH = 28;
/** Agents up to which all have their lane, whether they act in the window or not. */
const FEW = 8;
const MAX_LANES = 12;

/** Kinds of agents from top to bottom; others follow. */
const KINDS: readonly string[] = ['scenario', 'vcpu', 'cpu'];

function compareAgents(a: string, b: string): number {
  const kind = (name: string) => (KINDS.indexOf(name.split(' ')[0]) + KINDS.length + 1) % (KINDS.length + 1);
  return kind(a) - kind(b) || a.localeCompare(b, 'en', { numeric: true });
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

/** Time from left to right, a lane for each agent: the part of the run around the present step, and the whole of it as a bar. */
export class Timeline extends Component<TimelineProps, TimelineState> {
  override state: TimelineState = { width: 0, hover: 0 };
  readonly #canvas = createRef<HTMLCanvasElement>();
  #first = 1;
  #asked = '';
  #known: { readonly timeline: Known | undefined; readonly marks: typeof GLYPHS } = { timeline: undefined, marks: [] };
  #pendingSeek: number | undefined;
  #resize: ResizeObserver | undefined;
  #theme: MutationObserver | undefined;

  override componentDidMount(): void {
    this.#resize = new ResizeObserver(() =>
      requestAnimationFrame(() => this.setState({ width: this.#canvas.current?.clientWidth ?? 0 })),
    );
    this.#resize.observe(this.#canvas.current!);
    this.#theme = new MutationObserver(() => this.#draw());
    this.#theme.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
    this.#theme.observe(document.body, { attributes: true, attributeFilter: ['class'] });
    this.componentDidUpdate();
  }

  override componentWillUnmount(): void {
    this.#resize?.disconnect();
    this.#theme?.disconnect();
  }

  override componentDidUpdate(): void {
    this.#draw();
    this.#ask();
  }

  /** Pixels per step: a short run is stretched, so that its steps can be hit. */
  #pitch(): number {
    const { snapshot, zoom } = this.props;
    return Math.max(zoom, Math.min(MAX_PITCH, Math.floor(this.state.width / Math.max(1, snapshot.length))));
  }

  /** First and last step of the window; it moves only when the present step would leave it. */
  #window(): { first: number; last: number } {
    const { snapshot } = this.props;
    const room = Math.max(1, Math.floor(this.state.width / this.#pitch()));
    const { position, length } = snapshot;
    const margin = Math.min(3, room >> 2);
    let first = this.#first;
    if (position < first + margin || position > first + room - 1 - margin) first = position - (room >> 1);
    first = Math.max(1, Math.min(first, length - room + 1));
    this.#first = first;
    return { first, last: Math.min(length, first + room - 1) };
  }

  /** Agents drawn, from top to bottom. On a small machine all that could act, so that no lane comes and goes under the eye. */
  #lanes({ first, last }: { first: number; last: number }): readonly string[] {
    const { snapshot, timeline } = this.props;
    const { vcpus, cpus } = snapshot;
    const possible = [
      'scenario',
      ...vcpus.map(({ index }) => `vcpu ${index}`),
      ...cpus.map(({ index }) => `cpu ${index}`),
    ];
    const everyone = [...new Set([...possible, ...timeline.lanes])];
    if (everyone.length <= FEW) return everyone.sort(compareAgents);
    const acting = new Set<string>();
    const { position } = snapshot;
    for (const n of range(first, last).sort((a, b) => Math.abs(a - position) - Math.abs(b - position))) {
      const step = timeline.steps.get(n);
      if (step) acting.add(timeline.lanes[step.lane]);
    }
    const nearest = [...acting].slice(0, MAX_LANES).sort(compareAgents);
    return acting.size > MAX_LANES ? [...nearest, OTHERS] : nearest;
  }

  /** Marks of the steps that the view has heard of: the help lists all. */
  #marks(): typeof GLYPHS {
    const { timeline } = this.props;
    if (this.#known.timeline !== timeline) {
      const names = new Set([...timeline.steps.values()].flatMap(({ marks }) => marks));
      this.#known = { timeline, marks: GLYPHS.filter(([mark]) => names.has(mark)) };
    }
    return this.#known.marks;
  }

  #draw(): void {
    const window = this.#window();
    const { snapshot, timeline } = this.props;
    draw(this.#canvas.current!, {
      ...window,
      pitch: this.#pitch(),
      position: snapshot.position,
      lanes: this.#lanes(window),
      timeline,
    });
  }

  /** Asks once for steps of the window that the host has not told. */
  #ask(): void {
    const { first, last } = this.#window();
    if (this.state.width === 0) return;
    const { steps } = this.props.timeline;
    let from = first;
    while (from <= last && steps.has(from)) from++;
    if (from > last) return;
    let to = last;
    while (steps.has(to)) to--;
    const question = `${this.props.snapshot.run} ${this.props.snapshot.uri} ${from}-${to}`;
    if (question === this.#asked) return;
    this.#asked = question;
    this.props.post({ type: 'timeline', from, to });
  }

  /** At most one request a frame while the pointer drags. */
  #seek(step: number): void {
    const target = Math.max(0, Math.min(step, this.props.snapshot.length));
    if (this.#pendingSeek === undefined) {
      requestAnimationFrame(() => {
        const wanted = this.#pendingSeek!;
        this.#pendingSeek = undefined;
        if (wanted !== this.props.snapshot.position) this.props.post({ type: 'seek', step: wanted });
      });
    }
    this.#pendingSeek = target;
  }

  #zoom(direction: 1 | -1): void {
    const next = ZOOMS[ZOOMS.indexOf(this.props.zoom) + direction];
    if (next !== undefined) this.props.onZoom(next);
  }

  #stepAt(event: PointerEvent): number {
    const { left } = this.#canvas.current!.getBoundingClientRect();
    const { first, last } = this.#window();
    return Math.max(first, Math.min(last, first + Math.floor((event.clientX - left) / this.#pitch())));
  }

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    const { position, length } = this.props.snapshot;
    const room = Math.max(1, Math.floor(this.state.width / this.#pitch()));
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: position + 1,
      ArrowUp: position + 1,
      ArrowLeft: position - 1,
      ArrowDown: position - 1,
      PageUp: position + room,
      PageDown: position - room,
      Home: 0,
      End: length,
    };
    const step = moves[event.key];
    if (step !== undefined) this.#seek(step);
    else if (event.key === '+' || event.key === '=') this.#zoom(1);
    else if (event.key === '-') this.#zoom(-1);
    else return;
    event.preventDefault();
  };

  readonly #onPointerDown = (event: PointerEvent): void => {
    this.#canvas.current!.setPointerCapture(event.pointerId);
    this.#seek(this.#stepAt(event));
  };

  readonly #onPointerMove = (event: PointerEvent): void => {
    const step = this.#stepAt(event);
    if (step !== this.state.hover) this.setState({ hover: step });
    if (event.buttons & 1) this.#seek(step);
  };

  /** With Ctrl, as everywhere, the size; sideways, or with Shift, through time. */
  readonly #onWheel = (event: WheelEvent): void => {
    const along = event.deltaX || (event.shiftKey ? event.deltaY : 0);
    if (event.ctrlKey) this.#zoom(event.deltaY < 0 ? 1 : -1);
    else if (along !== 0) this.#seek((this.#pendingSeek ?? this.props.snapshot.position) + Math.sign(along));
    else return;
    event.preventDefault();
  };

  readonly #onScrub = (event: Event): void => {
    this.#seek(Number((event.currentTarget as HTMLInputElement).value));
  };

  /** The step in a line: `14 · line 9 · kvm vcpu 0 · vmx_deliver_posted_interrupt · notification`. */
  #describe(number: number): string {
    const { steps, lanes } = this.props.timeline;
    const step = steps.get(number);
    if (!step) return number === 0 ? t('initial state') : t('step {0}', number);
    return [
      t('step {0}', number),
      step.line > 0 ? t('line {0}', step.line) : '',
      lanes[step.lane],
      step.place,
      ...step.marks,
    ]
      .filter(Boolean)
      .join(' · ');
  }

  override render({ snapshot }: TimelineProps, { hover, width }: TimelineState): VNode {
    const { position, length } = snapshot;
    const window = this.#window();
    const lanes = this.#lanes(window);
    const partial = width > 0 && (window.first > 1 || window.last < length);
    const text = this.#describe(position);
    const narrower = `${t('Narrower steps')} (-)`;
    const wider = `${t('Wider steps')} (+)`;
    return (
      <section class="timeline" aria-labelledby="timeline-title">
        <h2 id="timeline-title" class="visually-hidden">
          {t('Timeline')}
        </h2>
        <div class="lanes">
          <div class="lane-names" aria-hidden="true">
            <span class="lane-name ruler-name">{t('line')}</span>
            {lanes.map(lane => (
              <span key={lane} class={lane === OTHERS ? 'lane-name ruler-name' : 'lane-name'} title={lane}>
                {lane === OTHERS ? t('others') : lane}
              </span>
            ))}
          </div>
          <div
            class="track"
            role="slider"
            tabIndex={0}
            aria-label={t('Step')}
            aria-valuemin={0}
            aria-valuemax={length}
            aria-valuenow={position}
            aria-valuetext={text}
            onKeyDown={this.#onKeyDown}
            onPointerDown={this.#onPointerDown}
            onPointerMove={this.#onPointerMove}
            onPointerLeave={() => this.setState({ hover: 0 })}
            onWheel={this.#onWheel}
          >
            <canvas ref={this.#canvas} style={{ height: `${RULER_HEIGHT + lanes.length * LANE_HEIGHT}px` }} />
          </div>
        </div>
        {partial && (
          <input
            class="overview"
            type="range"
            min={0}
            max={length}
            value={position}
            tabIndex={-1}
            aria-label={t('Whole run')}
            onInput={this.#onScrub}
          />
        )}
        <div class="under">
          <p class="readout" aria-hidden="true">
            {hover > 0 ? this.#describe(hover) : text}
          </p>
          <span class="zoom">
            <button
              type="button"
              class="link"
              tabIndex={-1}
              title={narrower}
              aria-label={narrower}
              onClick={() => this.#zoom(-1)}
            >
              −
            </button>
            <button
              type="button"
              class="link"
              tabIndex={-1}
              title={wider}
              aria-label={wider}
              onClick={() => this.#zoom(1)}
            >
              +
            </button>
          </span>
          <p class="marks" aria-hidden="true">
            {this.#marks().map(([mark, glyph]) => (
              <span key={mark}>
                <b>{glyph}</b> {mark}
              </span>
            ))}
          </p>
        </div>
      </section>
    );
  }
}
