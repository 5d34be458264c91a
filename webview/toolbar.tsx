import type { ComponentChildren, VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Motion, Snapshot } from '../extension/session/protocol.ts';
import { useActions } from './actions.ts';
import { isPin } from './compared.ts';
import { IconButton } from './controls.tsx';
import { Icon } from './icons.tsx';
import { type Command, keyOf } from './keys.ts';
import { t } from './l10n.ts';
import { OutMenu } from './outMenu.tsx';
import { isAtEnd } from './play.ts';
import { PlayControls } from './playControls.tsx';
import type { TimeState } from './time.ts';

const MOTIONS: readonly (readonly [motion: Motion, label: string])[] = [
  ['reverseContinue', t('Reverse continue')],
  ['stepBack', t('Step back')],
  ['stepInto', t('Step into')],
  ['stepOver', t('Step over')],
  ['stepOut', t('Step out')],
  ['continue', t('Continue')],
];

const BACKWARDS: readonly Motion[] = ['reverseContinue', 'stepBack'];

export interface ToolbarProps {
  readonly snapshot: Snapshot;
  readonly gridsShown: boolean;
  /** What an action came to, until the next step. */
  readonly notice: string;
  readonly time: TimeState;
  readonly onPace: (pace: number) => void;
  readonly run: (command: Command) => void;
}

/** What the arrows walk. */
const STOPS = 'vscode-button, select';

/** One stop of the tab key; the arrows move inside. */
function Toolbar({
  label,
  children,
}: {
  readonly label: string;
  readonly children: (roving: (i: number) => 0 | -1) => ComponentChildren;
}): VNode {
  const [current, setCurrent] = useState(0);
  const bar = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...bar.current!.querySelectorAll<HTMLElement>(STOPS)];
    const last = buttons.length - 1;
    const next = { ArrowRight: Math.min(current + 1, last), ArrowLeft: Math.max(current - 1, 0), Home: 0, End: last }[
      event.key
    ];
    if (next === undefined) return;
    event.preventDefault();
    setCurrent(next);
    buttons[next].focus();
  };
  const onFocusIn = (event: FocusEvent) => {
    const button = (event.target as HTMLElement).closest(STOPS);
    const index = [...bar.current!.querySelectorAll(STOPS)].indexOf(button!);
    if (index >= 0) setCurrent(index);
  };
  return (
    <div class="toolbar" role="toolbar" aria-label={label} ref={bar} onKeyDown={onKeyDown} onFocusIn={onFocusIn}>
      {children(i => (i === current ? 0 : -1))}
    </div>
  );
}

export function InspectorToolbar({ snapshot, gridsShown, notice, time, onPace, run }: ToolbarProps): VNode {
  const { position, length, finished, uri } = snapshot;
  const { playing, pace, compared } = time;
  const atEnd = isAtEnd(snapshot);
  const isPinned = compared !== undefined && isPin(compared);
  const title = (command: Command, label: string) => `${label} (${keyOf(command)})`;
  const fixed = MOTIONS.length;
  return (
    <Toolbar label={t('Steps')}>
      {roving => (
        <>
          <span class="group">
            {MOTIONS.map(([motion, label], i) => (
              <IconButton
                key={motion}
                title={title(motion, label)}
                tabIndex={roving(i)}
                inert={BACKWARDS.includes(motion) ? position === 0 : atEnd}
                onClick={() => run(motion)}
              >
                <Icon name={motion} />
              </IconButton>
            ))}
            <PlayControls
              playing={playing}
              pace={pace}
              inert={atEnd}
              onToggle={() => run('play')}
              onPace={onPace}
              tabIndices={[roving(fixed), roving(fixed + 1)]}
            />
          </span>
          <span class="group rest">
            <span class="position">
              <span class="word">{t('step')} </span>
              <b>{position}</b>
              <span class="dim">
                {' / '}
                {length}
                {finished ? '' : '+'}
              </span>
            </span>
            <span class="spring" />
            <span class="notice">{notice}</span>
            <IconButton
              title={title('pin', isPinned ? t('Unpin the moment') : t('Pin this moment to compare with it'))}
              tabIndex={roving(fixed + 2)}
              pressed={isPinned}
              onClick={() => run('pin')}
            >
              <Icon name="pin" />
            </IconButton>
            <IconButton
              title={title('profile', t('Show this moment under another profile'))}
              tabIndex={roving(fixed + 3)}
              opensDialog
              onClick={() => run('profile')}
            >
              <Icon name="profile" />
            </IconButton>
            <OutButton page={uri === ''} tabIndex={roving(fixed + 4)} run={run} />
            <IconButton
              title={title('toggleGrids', gridsShown ? t('Hide the vector grids') : t('Show the vector grids'))}
              tabIndex={roving(fixed + 5)}
              onClick={() => run('toggleGrids')}
            >
              <Icon name="grid" />
            </IconButton>
            <IconButton title={title('help', t('Keys'))} tabIndex={roving(fixed + 6)} onClick={() => run('help')}>
              <Icon name="help" />
            </IconButton>
          </span>
        </>
      )}
    </Toolbar>
  );
}

interface OutButtonProps {
  /** A page of its own has no host that could draw or save. */
  readonly page: boolean;
  readonly tabIndex: 0 | -1;
  readonly run: (command: Command) => void;
}

/** Copies and saves: a menu, and on a page of its own a button. */
function OutButton({ page, tabIndex, run }: OutButtonProps): VNode {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) place.current!.querySelector<HTMLElement>('vscode-button')!.focus();
  };
  const title = page ? `${t('Copy state as text')} (${keyOf('copy')})` : t('Copy or save');
  return (
    <span class="opener" ref={place}>
      <IconButton
        title={title}
        tabIndex={tabIndex}
        opensMenu={!page}
        onClick={() => (page ? run('copy') : setOpen(!open))}
      >
        <Icon name="out" />
      </IconButton>
      {open && <OutMenu run={run} onClose={close} />}
    </span>
  );
}

/** The way to a line of the scenario; on a page of its own there is no editor, and it is text. */
export function LineLink({ line, uri }: { readonly line: number; readonly uri: string }): VNode {
  const { post } = useActions();
  if (uri === '') return <span class="dim">{t('line {0}', line)}</span>;
  return (
    <button
      type="button"
      class="link"
      title={`${t('Show line {0} in the editor', line)} (${keyOf('reveal')})`}
      onClick={() => post({ type: 'revealLine', line })}
    >
      {t('line {0}', line)}
    </button>
  );
}

/** Where the scenario stands. */
export function Statement({ snapshot }: { readonly snapshot: Snapshot }): VNode {
  const { line, statement, uri } = snapshot;
  if (line === 0) return <p class="statement dim">{t('end of the scenario')}</p>;
  return (
    <p class="statement">
      <LineLink line={line} uri={uri} />
      <code>{statement}</code>
    </p>
  );
}
