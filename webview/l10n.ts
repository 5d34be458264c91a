/**
 * Words of the view in the user's language. The English text is the key, as in VS Code's `l10n/bundle.l10n.*.json`; the host puts the
 * bundle into the page as data. A page without one (an exported run) speaks English.
 */
import type { ComponentChildren } from 'preact';

type Bundle = Readonly<Record<string, string>>;

/** Read at the first word: the element stands in front of the script. Outside of a page there is none. */
let bundle: Bundle | undefined;

function loaded(): Bundle {
  const text = globalThis.document?.getElementById('l10n')?.textContent;
  return text ? (JSON.parse(text) as Bundle) : {};
}

const translated = (text: string): string => {
  bundle ??= loaded();
  return bundle[text] ?? text;
};

const PLACE = /\{(\d+)\}/;

/** `text` in the user's language; `{0}`, `{1}` … are replaced by `args`. Call it while drawing, with a literal: a test looks for them. */
export function t(text: string, ...args: readonly (string | number)[]): string {
  return translated(text).replace(new RegExp(PLACE, 'g'), (place, i) => String(args[Number(i)] ?? place));
}

/** As `t`, with elements in the places of `{0}`, `{1}` …. */
export function rich(text: string, ...args: readonly ComponentChildren[]): ComponentChildren[] {
  return translated(text)
    .split(PLACE)
    .map((part, i) => (i % 2 === 1 ? args[Number(part)] : part));
}
