import { Component, type VNode } from 'preact';
import type { Snapshot } from '../extension/session/protocol.ts';
import { keyOf } from './keys.ts';
import { t } from './l10n.ts';
import type { WindowedList } from './windowedList.tsx';

/** vCPUs that the step changed. */
export const changedIn = ({ vcpus }: Snapshot): readonly number[] =>
  vcpus.filter(({ changed }) => changed.length > 0).map(({ index }) => index);

export interface OutOfSightProps {
  readonly list: { readonly current: WindowedList | null };
  readonly snapshot: Snapshot;
  readonly onJump: () => void;
}

interface OutOfSightState {
  readonly where: 'seen' | 'above' | 'below';
}

/** Says where the changed vCPUs are while none of them is in sight. The page stays where the user left it. */
export class OutOfSight extends Component<OutOfSightProps, OutOfSightState> {
  override state: OutOfSightState = { where: 'seen' };
  #frame = 0;

  override componentDidMount(): void {
    document.addEventListener('scroll', this.#lookSoon, { passive: true });
    window.addEventListener('resize', this.#lookSoon);
    this.#lookSoon();
  }

  override componentDidUpdate(before: OutOfSightProps): void {
    if (before.snapshot !== this.props.snapshot) this.#lookSoon();
  }

  override componentWillUnmount(): void {
    document.removeEventListener('scroll', this.#lookSoon);
    window.removeEventListener('resize', this.#lookSoon);
    cancelAnimationFrame(this.#frame);
  }

  readonly #lookSoon = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#look());
  };

  #look(): void {
    const { list, snapshot } = this.props;
    const top = document.querySelector('header.top')?.getBoundingClientRect().bottom;
    const places = changedIn(snapshot).map(index => list.current?.whereIs(index, top) ?? 'seen');
    const where = places.length === 0 || places.includes('seen') ? 'seen' : places[0];
    if (where !== this.state.where) this.setState({ where });
  }

  override render({ snapshot, onJump }: OutOfSightProps, { where }: OutOfSightState): VNode | null {
    const [first, ...others] = changedIn(snapshot);
    if (where === 'seen' || first === undefined) return null;
    const text =
      others.length === 0 ? t('vCPU {0} changed', first) : t('vCPU {0} and {1} more changed', first, others.length);
    return (
      <button type="button" class="out-of-sight" tabIndex={-1} onClick={onJump}>
        {text} <span aria-hidden="true">{where === 'below' ? '↓' : '↑'}</span> <kbd>{keyOf('touchedCard')}</kbd>
      </button>
    );
  }
}
