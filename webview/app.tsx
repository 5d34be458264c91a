import { Component, type VNode } from 'preact';
import type { Drawing, Motion, Picture, Snapshot } from '../extension/session/protocol.ts';
import { type Actions, ActionsContext } from './actions.ts';
import { announcement } from './announce.ts';
import { asText } from './asText.ts';
import { Cpus } from './cpus.tsx';
import { Help } from './help.tsx';
import type { Host, ViewState } from './host.ts';
import { type Command, commandOf } from './keys.ts';
import { t } from './l10n.ts';
import { INITIAL_MODEL, type Model, reduce } from './model.ts';
import { noteText, Origin, TextNote } from './origin.tsx';
import { base64Of, copyImage, pngOf } from './raster.ts';
import { Start } from './start.tsx';
import { Timeline } from './timeline.tsx';
import { InspectorToolbar, Statement } from './toolbar.tsx';
import { VcpuCard } from './vcpuCard.tsx';
import { Troubles, Why } from './why.tsx';
import { WindowedList } from './windowedList.tsx';

/** vCPUs up to which every card starts with its grid open. */
const FEW = 8;

/** Milliseconds without scrolling after which the place is remembered. */
const SETTLED = 150;

interface AppState extends ViewState {
  readonly model: Model;
  readonly help: boolean;
  readonly notice: string;
  /** What is said of the text, and what of that was not spoken yet. */
  readonly noted: string | undefined;
  readonly news: string;
}

export class App extends Component<{ readonly host: Host }, AppState> {
  override state: AppState = {
    ...this.props.host.state,
    model: INITIAL_MODEL,
    help: false,
    notice: '',
    noted: undefined,
    news: '',
  };
  readonly #cards: { current: WindowedList | null } = { current: null };
  #restored = false;
  #scrolling: number | undefined;

  readonly #actions: Actions = {
    post: message => this.props.host.post(message),
    focusVcpu: index => this.#cards.current?.focusItem(index),
  };

  override componentDidMount(): void {
    const { host } = this.props;
    host.listen(
      message => this.#receive(message),
      drawing => void this.#draw(drawing),
    );
    document.addEventListener('keydown', this.#onKeyDown);
    document.addEventListener('scroll', () => {
      clearTimeout(this.#scrolling);
      this.#scrolling = window.setTimeout(this.#rememberPlace, SETTLED);
    });
  }

  /** Only when the cards that the scrolling brought are drawn. */
  readonly #rememberPlace = (): void => {
    const scroll = window.scrollY > 0 ? this.#cards.current?.firstBelow(0) : undefined;
    this.props.host.remember({ scroll });
  };

  override componentDidUpdate(_: unknown, before: AppState): void {
    if (this.state.model.lost && !before.model.lost) this.props.host.post({ type: 'ready' });
    if (this.#restored || !this.state.model.snapshot) return;
    this.#restored = true;
    if (this.state.scroll) this.#cards.current?.scrollItemTo(this.state.scroll);
  }

  #remember(change: Partial<Pick<ViewState, 'grids' | 'toggled' | 'zoom'>>): void {
    this.setState(change);
    this.props.host.remember(change);
  }

  #receive(message: Picture): void {
    if (message.type === 'snapshot' || message.type === 'delta') {
      const { uri, place, note } = message.snapshot;
      this.props.host.remember({ scenario: uri, place });
      this.setState(({ noted }) => ({ noted: note?.text, news: note && note.text !== noted ? noteText(note) : '' }));
    }
    this.setState(({ model, notice }) => ({
      model: reduce(model, message),
      notice: message.type === 'timeline' ? notice : '',
    }));
  }

  async #copy(snapshot: Snapshot): Promise<void> {
    try {
      await navigator.clipboard.writeText(asText(snapshot));
      this.setState({ notice: t('copied') });
    } catch {
      this.setState({ notice: t('the clipboard refused') });
    }
  }

  /** Into the clipboard; where that takes no image, to the host, who asks for a file. */
  async #draw(drawing: Drawing): Promise<void> {
    const png = await pngOf(drawing);
    if (await copyImage(png)) {
      this.setState({ notice: t('copied as PNG') });
      return;
    }
    this.setState({ notice: t('the clipboard takes no picture: save it as a file') });
    this.props.host.post({ type: 'png', data: await base64Of(png) });
  }

  #gridsShown(count: number): boolean {
    const { grids } = this.state;
    return grids === 'auto' ? count <= FEW : grids === 'all';
  }

  readonly #ask = (fields: readonly string[]): void => this.props.host.post({ type: 'writer', fields });

  readonly #toggle = (index: number): void => {
    const { toggled } = this.state;
    this.#remember({ toggled: toggled.includes(index) ? toggled.filter(each => each !== index) : [...toggled, index] });
  };

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    if (this.state.help) {
      if (event.key === '?') this.setState({ help: false });
      return;
    }
    const command = commandOf(event);
    if (command && this.state.model.snapshot) {
      event.preventDefault();
      this.#run(command, this.state.model.snapshot);
    } else if (command === 'editor') {
      this.props.host.post({ type: 'focusEditor' });
    }
  };

  #run(command: Command, snapshot: Snapshot): void {
    const { host } = this.props;
    const cards = this.#cards.current;
    const at = cards?.focusedItem ?? -1;
    switch (command) {
      case 'first':
        host.post({ type: 'seek', step: 0 });
        break;
      case 'last':
        host.post({ type: 'seek', step: snapshot.length });
        break;
      case 'nextCard':
        cards?.focusItem(Math.min(at + 1, snapshot.vcpus.length - 1));
        break;
      case 'previousCard':
        cards?.focusItem(Math.max(at - 1, 0));
        break;
      case 'touchedCard': {
        const touched = snapshot.vcpus.filter(({ changed }) => changed.length > 0).map(({ index }) => index);
        const next = touched.find(index => index > at) ?? touched[0];
        if (next !== undefined) cards?.focusItem(next);
        break;
      }
      case 'copy':
        void this.#copy(snapshot);
        break;
      case 'copyPng':
        host.post({ type: 'out', what: 'state', as: 'png' });
        break;
      case 'saveSvg':
        host.post({ type: 'out', what: 'state', as: 'svg' });
        break;
      case 'copyDiagram':
        host.post({ type: 'out', what: 'diagram', as: 'text' });
        break;
      case 'copyDiagramPng':
        host.post({ type: 'out', what: 'diagram', as: 'png' });
        break;
      case 'saveDiagramSvg':
        host.post({ type: 'out', what: 'diagram', as: 'svg' });
        break;
      case 'toggleGrid':
        if (at >= 0) this.#toggle(at);
        break;
      case 'toggleGrids':
        this.#remember({ grids: this.#gridsShown(snapshot.vcpus.length) ? 'none' : 'all', toggled: [] });
        break;
      case 'reveal':
        if (snapshot.line > 0) host.post({ type: 'revealLine', line: snapshot.line });
        break;
      case 'editor':
        host.post({ type: 'focusEditor' });
        break;
      case 'help':
        this.setState({ help: true });
        break;
      default:
        host.post({ type: 'move', motion: command satisfies Motion });
    }
  }

  override render({ host }: { readonly host: Host }, { model, help, notice, news, toggled, zoom }: AppState): VNode {
    const { snapshot, reason } = model;
    if (!snapshot) return reason === undefined ? <main /> : <Start reason={reason} />;
    const { vcpus, step } = snapshot;
    const gridsShown = this.#gridsShown(vcpus.length);
    return (
      <ActionsContext.Provider value={this.#actions}>
        <header class="top">
          <h1>
            {snapshot.title} <span class="profile">{snapshot.profile}</span>
            <Origin snapshot={snapshot} />
          </h1>
          <InspectorToolbar
            snapshot={snapshot}
            gridsShown={gridsShown}
            notice={notice}
            run={command => this.#run(command, snapshot)}
          />
          <Statement snapshot={snapshot} />
          <TextNote snapshot={snapshot} />
        </header>
        <main>
          <Timeline
            snapshot={snapshot}
            timeline={model.timeline}
            zoom={zoom}
            onZoom={next => this.#remember({ zoom: next })}
            post={message => host.post(message)}
          />
          <div class="side">
            <div class="reason">
              <Troubles snapshot={snapshot} />
              <Why snapshot={snapshot} />
            </div>
            <Cpus snapshot={snapshot} />
          </div>
          <section class="vcpus" aria-labelledby="vcpus-title">
            <div class="bar">
              <h2 id="vcpus-title">
                vCPUs <span class="count">{vcpus.length}</span>
              </h2>
              <span class="spring" />
              <p class="legend" aria-hidden="true">
                <b class="pir">P</b>PIR <b class="irr">R</b>IRR <b class="isr">S</b>ISR <b>_</b>TMR
              </p>
            </div>
            <WindowedList
              handle={this.#cards}
              class="cards"
              label="vCPUs"
              count={vcpus.length}
              minWidth={272}
              maxWidth={560}
              itemHeight={gridsShown ? 480 : 220}
              renderItem={i => (
                <VcpuCard
                  vcpu={vcpus[i]}
                  writes={step.writes}
                  gridShown={toggled.includes(i) !== gridsShown}
                  onToggle={this.#toggle}
                  onAsk={this.#ask}
                />
              )}
            />
          </section>
        </main>
        <div class="visually-hidden" role="status" aria-live="polite">
          {notice || `${news} ${announcement(snapshot)}`}
        </div>
        {help && <Help onClose={() => this.setState({ help: false })} />}
      </ActionsContext.Provider>
    );
  }
}
