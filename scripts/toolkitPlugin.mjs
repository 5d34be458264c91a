// @vscode/webview-ui-toolkit under `style-src` without 'unsafe-inline'.
import { readFile } from 'node:fs/promises';

const probe = /export function canUseFocusVisible\(\) \{[\s\S]*?\n\}\n/;
const replacement = `export function canUseFocusVisible() {
    return CSS.supports("selector(:focus-visible)");
}
`;

/**
 * FAST asks whether the browser knows :focus-visible by inserting an empty inline style element, which a strict content
 * security policy reports as a violation. The same question put to `CSS.supports` needs no element. The build fails when the
 * function is not where it was: an update of the toolkit must not bring the report back silently.
 * @type {import('esbuild').Plugin}
 */
export const toolkitWithoutStyleProbe = {
  name: 'toolkit-without-style-probe',
  setup({ onLoad, onEnd }) {
    let patched = false;
    onLoad({ filter: /fast-web-utilities[\\/]dist[\\/]dom\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      patched = probe.test(source);
      return { contents: source.replace(probe, replacement), loader: 'js' };
    });
    onEnd(() => {
      if (patched) return;
      return {
        errors: [
          { text: 'canUseFocusVisible of @microsoft/fast-web-utilities was not found: see scripts/toolkitPlugin.mjs' },
        ],
      };
    });
  },
};
