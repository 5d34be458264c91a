// The words that can be translated: `node scripts/l10n.mjs` writes them to l10n/bundle.l10n.json, for translators, and says which a
// translation lacks; a test holds both current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/** A call of `t`, `rich` or `l10n.t` with what stands first in it. */
const CALL = /(?<![\w.$])(?:(?:vscode\.)?l10n\.t|t|rich)\(\s*(?<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")?/g;

/** Where words for the user are: the editor's part and the view. `l10n.ts` only says what a translation is. */
const FOLDERS = ['extension/editor', 'webview'];

/** @returns {{ texts: string[], unreadable: string[] }} sorted texts, and the places where something else than a literal is translated */
export function translatable() {
  /** @type {Set<string>} */
  const texts = new Set();
  const unreadable = [];
  const files = FOLDERS.flatMap(folder =>
    readdirSync(path.join(root, folder), { recursive: true }).map(name => path.join(folder, String(name))),
  );
  for (const file of files) {
    if (!/\.tsx?$/.test(file) || path.basename(file) === 'l10n.ts') continue;
    const source = readFileSync(path.join(root, file), 'utf8');
    for (const { groups, index } of source.matchAll(CALL)) {
      if (groups?.text) texts.add(literal(groups.text));
      else unreadable.push(`${file}:${source.slice(0, index).split('\n').length}`);
    }
  }
  return { texts: [...texts].sort(), unreadable };
}

/** The value of a string literal in quotes. */
const literal = (/** @type {string} */ quoted) =>
  quoted
    .slice(1, -1)
    .replace(/\\u([\da-f]{4})|\\(.)/gi, (_, code, letter) =>
      code ? String.fromCharCode(Number.parseInt(code, 16)) : letter === 'n' ? '\n' : letter,
    );

export const BUNDLE = path.join(root, 'l10n/bundle.l10n.json');

export const bundleText = (/** @type {string[]} */ texts) =>
  `${JSON.stringify(Object.fromEntries(texts.map(text => [text, text])), undefined, 2)}\n`;

/** Brings the files up to date: unused words go; what a translation lacks is named. */
function update() {
  const { texts } = translatable();
  writeFileSync(BUNDLE, bundleText(texts));
  for (const name of readdirSync(path.dirname(BUNDLE))) {
    const file = path.join(path.dirname(BUNDLE), name);
    if (file === BUNDLE) continue;
    /** @type {Record<string, string>} */
    const words = JSON.parse(readFileSync(file, 'utf8'));
    const known = texts.filter(text => text in words).map(text => [text, words[text]]);
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(known), undefined, 2)}\n`);
    for (const text of texts.filter(each => !(each in words))) console.log(`${name} lacks ${JSON.stringify(text)}`);
  }
}

if (process.argv[1] === import.meta.filename) update();
