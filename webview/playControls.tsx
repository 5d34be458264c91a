import type { VNode } from 'preact';
import { IconButton } from './controls.tsx';
import { Icon } from './icons.tsx';
import { keyOf } from './keys.ts';
import { t } from './l10n.ts';
import { PACES } from './play.ts';

export interface PlayControlsProps {
  readonly playing: boolean;
  readonly pace: number;
  /** Nothing is left to play. */
  readonly inert: boolean;
  readonly onToggle: () => void;
  readonly onPace: (pace: number) => void;
  readonly tabIndices: readonly [play: 0 | -1, pace: 0 | -1];
}

/** Starts and stops, and how fast. */
export function PlayControls({ playing, pace, inert, onToggle, onPace, tabIndices }: PlayControlsProps): VNode {
  return (
    <>
      <IconButton
        title={`${playing ? t('Pause') : t('Play')} (${keyOf('play')})`}
        tabIndex={tabIndices[0]}
        inert={inert && !playing}
        onClick={onToggle}
      >
        <Icon name={playing ? 'pause' : 'play'} />
      </IconButton>
      <select
        class="pace"
        title={t('Pace of playing: {0} slower, {1} faster', keyOf('slower'), keyOf('faster'))}
        aria-label={t('Pace of playing')}
        tabIndex={tabIndices[1]}
        value={String(pace)}
        onChange={event => onPace(Number(event.currentTarget.value))}
      >
        {PACES.map(each => (
          <option key={each} value={String(each)}>
            {t('{0}/s', each)}
          </option>
        ))}
      </select>
    </>
  );
}
