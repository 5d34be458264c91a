import type { VNode } from 'preact';

/** What stands here while there is no run. */
export function Start({ reason }: { readonly reason: string }): VNode {
  return (
    <main class="start">
      <h1>IRQScope inspector</h1>
      <p>{reason}</p>
      <ol>
        <li>
          Open a scenario (<code>.irq</code>).
        </li>
        <li>
          Press <kbd>F5</kbd>: the run stops before its first statement.
        </li>
        <li>
          Step with <kbd>s</kbd> (atomic step) or <kbd>n</kbd> (statement), back with <kbd>b</kbd>; <kbd>?</kbd> lists
          all keys.
        </li>
      </ol>
    </main>
  );
}
