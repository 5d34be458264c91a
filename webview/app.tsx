import { Component, type VNode } from 'preact';
import type { Answer, Drawing, Motion, Picture, Snapshot, TableChoice } from '../extension/session/protocol.ts';
import { type Actions, ActionsContext, type Question } from './actions.ts';
import { announcement } from './announce.ts';
import { asText } from './asText.ts';
import { BesidePanel, besideText } from './beside.tsx';
import { isPin } from './compared.ts';
import { Cpus } from './cpus.tsx';
import { Help } from './help.tsx';
import type { Host, ViewState } from './host.ts';
import { type Command, commandOf } from './keys.ts';
import { t } from './l10n.ts';
import { INITIAL_MODEL, type Model, reduce } from './model.ts';
import { noteText, Origin, TextNote } from './origin.tsx';
import { changedIn } from './outOfSight.tsx';
import { ProfileMenu } from './profileMenu.tsx';
import { base64Of, copyImage, pngOf } from './raster.ts';
import { Start } from './start.tsx';
import { isOpen, Tables } from './tables.tsx';
import { Time, type TimeState } from './time.ts';
import { Timeline } from './timeline.tsx';
import { Tip } from './tip.tsx';
import { InspectorToolbar, Statement } from './toolbar.tsx';
import { Vcpus } from './vcpus.tsx';
import { Troubles, Why } from './why.tsx';
import type { WindowedList } from './windowedList.tsx';

/** vCPUs up to which every card starts with its grid open. */
const FEW = 8;

/** Milliseconds without scrolling after which the place is remembered. */
const SETTLED = 150;

interface AppState extends ViewState {
  readonly model: Model;
  readonly help: boolean;
  readonly notice: string;
  readonly time: TimeState;
  /** What is said of the text, and what of that was not spoken yet. */
  readonly noted: string | undefined;
  readonly news: string;
}

const isPicture = (message: Picture | Answer): message is Picture =>
  message.type === 'snapshot' || message.type === 'delta' || message.type === 'timeline' || message.type === 'empty';

export class App extends Component<{ readonly host: Host }, AppState> {
  readonly #time = new Time(this.props.host, (time, notice) =>
    this.setState({ time, ...(notice !== undefined && { notice }) }),
  );
  override state: AppState = {
    ...this.props.host.state,
    model: INITIAL_MODEL,
    help: false,
    notice: '',
    time: this.#time.state,
    noted: undefined,
    news: '',
  };
  readonly #cards: { current: WindowedList | null } = { current: null };
  #restored = false;
  #scrolling: number | undefined;

  readonly #actions: Actions = {
    post: this.#time.post,
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
    const { model } = this.state;
    if (model.lost && !before.model.lost) this.props.host.post({ type: 'ready' });
    if (model.snapshot && model.snapshot !== before.model.snapshot) this.#time.seen(model.snapshot);
    if (this.#restored || !this.state.model.snapshot) return;
    this.#restored = true;
    if (this.state.scroll) this.#cards.current?.scrollItemTo(this.state.scroll);
  }

  #remember(change: Partial<Pick<ViewState, 'grids' | 'toggled' | 'zoom' | 'tables'>>): void {
    this.setState(change);
    this.props.host.remember(change);
  }

  #receive(message: Picture | Answer): void {
    if (!isPicture(message)) {
      this.#time.heard(message);
      return;
    }
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
      const { compared } = this.state.time;
      await navigator.clipboard.writeText(
        `${asText(snapshot, table => isOpen(table, this.state.tables))}${compared ? besideText(compared, snapshot) : ''}`,
      );
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
    this.setState({ notice: t('no picture in the clipboard: save it') });
    this.props.host.post({ type: 'png', data: await base64Of(png) });
  }

  #gridsShown(count: number): boolean {
    const { grids } = this.state;
    return grids === 'auto' ? count <= FEW : grids === 'all';
  }

  readonly #ask = (type: Question, fields: readonly string[]): void => this.#time.post({ type, fields });

  readonly #choose = (tables: TableChoice): void => {
    this.#remember({ tables });
    this.props.host.post({ type: 'tables', ...tables });
  };

  readonly #toggle = (index: number): void => {
    const { toggled } = this.state;
    this.#remember({ toggled: toggled.includes(index) ? toggled.filter(each => each !== index) : [...toggled, index] });
  };

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    if (this.state.help) {
      if (event.key === '?') this.setState({ help: false });
      return;
    }
    if (this.state.time.choosing) return;
    const command = commandOf(event);
    if (command && this.state.model.snapshot) {
      event.preventDefault();
      this.#run(command, this.state.model.snapshot);
    } else if (command === 'editor') {
      this.#time.post({ type: 'focusEditor' });
    }
  };

  #run(command: Command, snapshot: Snapshot): void {
    if (this.#time.run(command, snapshot)) return;
    const { post } = this.#time;
    const cards = this.#cards.current;
    const at = cards?.focusedItem ?? -1;
    switch (command) {
      case 'first':
        post({ type: 'seek', step: 0 });
        break;
      case 'last':
        post({ type: 'seek', step: snapshot.length });
        break;
      case 'nextCard':
        cards?.focusItem(Math.min(at + 1, snapshot.vcpus.length - 1));
        break;
      case 'previousCard':
        cards?.focusItem(Math.max(at - 1, 0));
        break;
      case 'touchedCard': {
        const touched = changedIn(snapshot);
        const next = touched.find(index => index > at) ?? touched[0];
        if (next !== undefined) cards?.focusItem(next);
        break;
      }
      case 'copy':
        void this.#copy(snapshot);
        break;
      case 'copyPng':
        post({ type: 'out', what: 'state', as: 'png' });
        break;
      case 'saveSvg':
        post({ type: 'out', what: 'state', as: 'svg' });
        break;
      case 'copyDiagram':
        post({ type: 'out', what: 'diagram', as: 'text' });
        break;
      case 'copyDiagramPng':
        post({ type: 'out', what: 'diagram', as: 'png' });
        break;
      case 'saveDiagramSvg':
        post({ type: 'out', what: 'diagram', as: 'svg' });
        break;
      case 'toggleGrid':
        if (at >= 0) this.#toggle(at);
        break;
      case 'toggleGrids':
        this.#remember({ grids: this.#gridsShown(snapshot.vcpus.length) ? 'none' : 'all', toggled: [] });
        break;
      case 'reveal':
        if (snapshot.line > 0) post({ type: 'revealLine', line: snapshot.line });
        break;
      case 'editor':
        post({ type: 'focusEditor' });
        break;
      case 'help':
        this.setState({ help: true });
        break;
      default:
        post({ type: 'move', motion: command satisfies Motion });
    }
  }

  override render(_: unknown, { model, help, notice, news, toggled, zoom, tables, time }: AppState): VNode {
    const { snapshot, reason } = model;
    if (!snapshot) return reason === undefined ? <main /> : <Start reason={reason} />;
    const { compared, playing, pace, choosing, profiles } = time;
    const gridsShown = this.#gridsShown(snapshot.vcpus.length);
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
            time={time}
            onPace={this.#time.setPace}
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
            post={this.#time.post}
          />
          <div class="side">
            <div class="reason">
              <Troubles snapshot={snapshot} />
              <Why snapshot={snapshot} />
            </div>
            {compared && (
              <BesidePanel compared={compared} snapshot={snapshot} onClose={() => this.#time.compare(undefined)} />
            )}
            <Cpus snapshot={snapshot} compared={compared} />
          </div>
          <Tables tables={snapshot.tables} choice={tables} onChoose={this.#choose} onAsk={this.#ask} />
          <Vcpus
            snapshot={snapshot}
            compared={compared}
            handle={this.#cards}
            gridsShown={gridsShown}
            toggled={toggled}
            onToggle={this.#toggle}
            onAsk={this.#ask}
            onJump={() => this.#run('touchedCard', snapshot)}
          />
          <Tip />
        </main>
        <div class="visually-hidden" role="status" aria-live="polite">
          {playing
            ? t('Playing, {0} steps a second', pace)
            : notice && !time.halted
              ? notice
              : [notice, news, announcement(snapshot)].filter(Boolean).join(' ')}
        </div>
        {choosing && (
          <ProfileMenu
            labels={profiles}
            chosen={compared && !isPin(compared) ? String(compared.choice.of) : undefined}
            onChoose={this.#time.chooseProfile}
            onClose={this.#time.closeChoice}
          />
        )}
        {help && <Help onClose={() => this.setState({ help: false })} />}
      </ActionsContext.Provider>
    );
  }
}
