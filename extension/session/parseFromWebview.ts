import type { FromWebview, Motion } from './protocol.ts';

const MOTIONS: readonly string[] = ['stepInto', 'stepOver', 'stepOut', 'stepBack', 'continue', 'reverseContinue'];

const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= 100;

/** As many names as a view can ask for at once, none longer than a field's name. */
const isNames = (value: unknown): value is string[] => Array.isArray(value) && value.length <= 8 && value.every(isName);

/** Keys of tables: more than a machine has, none longer than a key. */
const isKeys = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= 64 && value.every(key => typeof key === 'string' && key.length <= 40);

/** Base 64 of a PNG's signature, and the longest picture that is taken. */
const PNG = 'iVBORw0KGgo';
const MAX_PNG = 64_000_000;

const isPng = (data: unknown): data is string =>
  typeof data === 'string' && data.length <= MAX_PNG && data.startsWith(PNG) && /^[\w+/]+={0,2}$/.test(data);

const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** The host trusts nothing that a webview sends: an unknown or malformed message gives undefined. */
export function parseFromWebview(message: unknown): FromWebview | undefined {
  if (typeof message !== 'object' || message === null) {
    return undefined;
  }
  const m = message as Record<string, unknown>;
  switch (m.type) {
    case 'ready':
    case 'focusEditor':
    case 'profiles':
    case 'play':
      return { type: m.type };
    case 'move':
      return MOTIONS.includes(m.motion as string) ? { type: 'move', motion: m.motion as Motion } : undefined;
    case 'seek':
      return isIndex(m.step) ? { type: 'seek', step: m.step } : undefined;
    case 'writer':
    case 'reader':
      return isNames(m.fields) ? { type: m.type, fields: m.fields } : undefined;
    case 'beside':
      return isIndex(m.of) || isName(m.of) ? { type: 'beside', of: m.of } : undefined;
    case 'out':
      return (m.what === 'state' || m.what === 'diagram') && (m.as === 'text' || m.as === 'svg' || m.as === 'png')
        ? { type: 'out', what: m.what, as: m.as }
        : undefined;
    case 'png':
      return isPng(m.data) ? { type: 'png', data: m.data } : undefined;
    case 'revealLine':
      return isIndex(m.line) ? { type: 'revealLine', line: m.line } : undefined;
    case 'timeline':
      return isIndex(m.from) && isIndex(m.to) ? { type: 'timeline', from: m.from, to: m.to } : undefined;
    case 'tables':
      return isKeys(m.opened) && isKeys(m.closed) ? { type: 'tables', opened: m.opened, closed: m.closed } : undefined;
    default:
      return undefined;
  }
}
