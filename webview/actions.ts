import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { FromWebview } from '../extension/session/protocol.ts';

/** What can be asked about a field: who wrote it last, who reads it next. */
export type Question = 'writer' | 'reader';

/** What any part of the view may ask for. */
export interface Actions {
  post(message: FromWebview): void;
  /** Brings the card of a vCPU into view and gives it the keyboard. */
  focusVcpu(index: number): void;
}

export const ActionsContext = createContext<Actions>({ post: () => {}, focusVcpu: () => {} });

export const useActions = (): Actions => useContext(ActionsContext);
