import type { VNode } from 'preact';
import type { Motion } from '../extension/session/protocol.ts';

const PATHS: Readonly<Record<Motion | 'play' | 'pause' | 'pin' | 'profile' | 'grid' | 'help' | 'out', string>> = {
  continue: 'M2.5 2v12h1.5V2zM6 2.6v10.8L14 8z',
  reverseContinue: 'M13.5 2v12H12V2zM10 2.6v10.8L2 8z',
  stepInto:
    'M7.2 1h1.6v6.1l2.3-2.3 1.1 1.1L8 10.1 3.8 5.9l1.1-1.1 2.3 2.3zM8 11.4a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z',
  stepOut: 'M7.2 10.1h1.6V4l2.3 2.3 1.1-1.1L8 1 3.8 5.2l1.1 1.1L7.2 4zM8 11.4a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z',
  stepOver:
    'M13 2v3.6A6 6 0 0 0 2.2 8.2h1.6a4.4 4.4 0 0 1 8-1.2H8.6v1.5h5.9V2zM8 11.4a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z',
  stepBack: 'M8.2 2.6 9.3 3.7 6 7h7v1.6H6l3.3 3.3-1.1 1.1L3 7.8zM1.2 3h1.6v10H1.2z',
  grid: 'M1.5 1.5h13v13h-13zM2.9 2.9v2.5h2.5V2.9zm3.9 0v2.5h2.5V2.9zm3.9 0v2.5h2.4V2.9zM2.9 6.8v2.5h2.5V6.8zm3.9 0v2.5h2.5V6.8zm3.9 0v2.5h2.4V6.8zm-7.8 3.9v2.4h2.5v-2.4zm3.9 0v2.4h2.5v-2.4zm3.9 0v2.4h2.4v-2.4z',
  help: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 1.4a5.6 5.6 0 1 1 0 11.2A5.6 5.6 0 0 1 8 2.4zM7.3 10.7h1.5v1.5H7.3zM8 3.9c-1.5 0-2.6 1-2.6 2.5h1.4c0-.7.5-1.2 1.2-1.2s1.2.4 1.2 1.1c0 .6-.3.9-.9 1.3-.7.5-1 1-1 1.9v.3h1.4v-.2c0-.5.2-.7.8-1.1.7-.5 1.2-1.1 1.2-2.2 0-1.4-1.1-2.4-2.7-2.4z',
  play: 'M4 2.2v11.6L13.2 8zM5.5 5 10.3 8l-4.8 3z',
  pause: 'M4 2.5h2.6v11H4zM9.4 2.5H12v11H9.4z',
  pin: 'M5 1h6v1.4l-.9.6v4l2.4 2.2v1.5H8.7V15l-.7 1-.7-1v-4.3H3.5V9.2L5.9 7V3L5 2.4zM7.3 3v4.6L5.7 9.2h4.6L8.7 7.6V3z',
  profile:
    'M1.5 2.5H7v11H1.5zM2.9 3.9v8.2h2.7V3.9zM9 2.5h5.5v11H9zM10.4 3.9v1.3h2.7V3.9zm0 2.7v1.3h2.7V6.6zm0 2.7v2.8h2.7V9.3z',
  out: 'M8 1l4 4-1 1-2.3-2.2V10H7.3V3.8L5 6 4 5zM2 8h1.5v5.5h9V8H14v7H2z',
};

export function Icon({ name }: { readonly name: keyof typeof PATHS }): VNode {
  return (
    <svg class="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill-rule="evenodd" />
    </svg>
  );
}
