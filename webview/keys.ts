import type { Motion } from '../extension/session/protocol.ts';
import { t } from './l10n.ts';

/** Commands about how time passes and what stands beside the present. */
export type TimeCommand = 'play' | 'slower' | 'faster' | 'pin' | 'profile';

export type Command =
  | Motion
  | TimeCommand
  | 'first'
  | 'last'
  | 'nextCard'
  | 'previousCard'
  | 'touchedCard'
  | 'copy'
  | 'copyPng'
  | 'saveSvg'
  | 'copyDiagram'
  | 'copyDiagramPng'
  | 'saveDiagramSvg'
  | 'toggleGrid'
  | 'toggleGrids'
  | 'reveal'
  | 'editor'
  | 'help';

export interface Binding {
  /** `KeyboardEvent.key` values; the first is the one shown. */
  readonly keys: readonly string[];
  readonly command: Command;
  readonly label: string;
}

/** Letters as in gdb where gdb has one: step, next, finish, continue. */
export const BINDINGS: readonly Binding[] = [
  { keys: ['s', 'ArrowRight'], command: 'stepInto', label: t('Step into: the next atomic step') },
  { keys: ['n'], command: 'stepOver', label: t('Step over: the next line of the scenario') },
  { keys: ['f'], command: 'stepOut', label: t('Step out: the end of the operation (finish)') },
  { keys: ['c'], command: 'continue', label: t('Continue to a breakpoint, a trouble or the end') },
  { keys: ['b', 'ArrowLeft'], command: 'stepBack', label: t('Step back: undo one atomic step') },
  { keys: ['r'], command: 'reverseContinue', label: t('Reverse continue to a breakpoint or the beginning') },
  { keys: ['0'], command: 'first', label: t('Go to the initial state') },
  { keys: ['$'], command: 'last', label: t('Go to the last recorded step') },
  { keys: ['p'], command: 'play', label: t('Play, or pause') },
  { keys: ['<'], command: 'slower', label: t('Play slower') },
  { keys: ['>'], command: 'faster', label: t('Play faster') },
  { keys: ['m'], command: 'pin', label: t('Pin this moment to compare with it, or unpin (mark)') },
  { keys: ['v'], command: 'profile', label: t('Show this moment under another profile (versus)') },
  { keys: ['j'], command: 'nextCard', label: t('Next vCPU') },
  { keys: ['k'], command: 'previousCard', label: t('Previous vCPU') },
  { keys: ['t'], command: 'touchedCard', label: t('Next vCPU that the step changed') },
  { keys: ['g'], command: 'toggleGrid', label: t('Show or hide the vector grid of the focused vCPU') },
  { keys: ['G'], command: 'toggleGrids', label: t('Show or hide all vector grids') },
  { keys: ['l'], command: 'reveal', label: t('Show the line of the scenario in the editor') },
  { keys: ['y'], command: 'copy', label: t('Copy the picture as text of 72 columns (yank)') },
  { keys: ['Y'], command: 'copyPng', label: t('Copy the picture as PNG') },
  { keys: ['w'], command: 'saveSvg', label: t('Save the picture as SVG (write)') },
  { keys: ['d'], command: 'copyDiagram', label: t('Copy the diagram of the run as text') },
  { keys: ['D'], command: 'copyDiagramPng', label: t('Copy the diagram of the run as PNG') },
  { keys: ['W'], command: 'saveDiagramSvg', label: t('Save the diagram of the run as SVG') },
  { keys: ['Escape'], command: 'editor', label: t('Back to the editor') },
  { keys: ['?'], command: 'help', label: t('Show or hide this list') },
];

const SHOWN: Readonly<Record<string, string>> = { ArrowRight: '→', ArrowLeft: '←', Escape: 'Esc' };

export const keyName = (key: string): string => SHOWN[key] ?? key;

/** First key of a command, for titles. */
export function keyOf(command: Command): string {
  return keyName(BINDINGS.find(binding => binding.command === command)!.keys[0]);
}

/** The command of a key press, unless the focused widget or a modifier claims the key. */
export function commandOf(event: KeyboardEvent): Command | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return undefined;
  return BINDINGS.find(binding => binding.keys.includes(event.key))?.command;
}
