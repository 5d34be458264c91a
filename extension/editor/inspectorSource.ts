import type { Event, Uri } from 'vscode';
import type { Answer, Drawing, FromWebview, TableChoice, ToWebview } from '../session/protocol.ts';

/** What the panel shows and obeys: the run of a scenario. */
export interface InspectorSource {
  readonly uri: Uri;
  /** A debug session moves it: VS Code takes the keyboard away at every stop. */
  readonly debugged: boolean;
  /** The picture changed: `current` gives another answer. */
  readonly onDidChange: Event<void>;
  /** What a view without memory is shown: a snapshot with these tables whole, or `empty`. */
  current(tables?: TableChoice): ToWebview;
  /** The recorded steps among `from`..`to`, for a timeline. */
  timeline(from: number, to: number): ToWebview;
  /** The present state, or the run up to the present step, as a picture; undefined when nothing runs. */
  drawing(what: 'state' | 'diagram'): Drawing | undefined;
  /** A request of the view to move, or a question, validated; gives the answer for the view that has asked. */
  handle(message: FromWebview): Answer | undefined;
}
