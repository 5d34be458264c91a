import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { BUNDLE, bundleText, translatable } from '../../../scripts/l10n.mjs';

type Texts = Readonly<Record<string, string>>;

const root = path.resolve(import.meta.dirname, '../../..');
const json = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), 'utf8'));
const manifest = json('package.json') as { readonly l10n: string; readonly contributes: unknown };
const english = json('package.nls.json') as Texts;

const languagesIn = (folder: string, name: RegExp): string[] =>
  readdirSync(path.join(root, folder)).flatMap(file => name.exec(file)?.[1] ?? []);

/** `{0}` and the like, in the order of their numbers: a translation may turn them around but must have them all. */
const places = (text: string): string[] => (text.match(/\{\d+\}/g) ?? []).sort();

/** Every text in the manifest's contributions that a user reads, by where it stands. */
function shown(value: unknown, at = ''): [at: string, text: string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]): [string, string][] => {
    const isText =
      /^(title|description|markdownDescription|name|enumDescriptions)$/.test(key) && typeof each === 'string';
    return isText ? [[`${at}.${key}`, each]] : shown(each, `${at}.${key}`);
  });
}

/** What is no translation's: a name, and what is written into the user's own files. */
const NAMES = /^\.configuration\.title$|\.(initialConfigurations|configurationSnippets)\.\d+\.(name|body)/;

describe('words of the program', () => {
  const { texts, unreadable } = translatable();

  test('are literals', () => {
    expect(unreadable).toEqual([]);
  });

  test('are all in the bundle for translators, and nothing else is (node scripts/l10n.mjs)', () => {
    expect(readFileSync(BUNDLE, 'utf8')).toBe(bundleText(texts));
  });

  test('are found by VS Code', () => {
    expect(existsSync(path.join(root, manifest.l10n, 'bundle.l10n.json'))).toBe(true);
  });

  test.each(languagesIn('l10n', /^bundle\.l10n\.(.+)\.json$/))('are complete in %s', language => {
    const words = json(`l10n/bundle.l10n.${language}.json`) as Texts;
    expect(Object.keys(words).sort()).toEqual(texts);
    for (const [text, translation] of Object.entries(words)) {
      expect(translation.trim(), text).not.toBe('');
      expect(places(translation), text).toEqual(places(text));
    }
  });
});

describe('words of the manifest', () => {
  const keys = [...JSON.stringify(manifest).matchAll(/"%([^"%]+)%"/g)].map(([, key]) => key);

  test('all have English, and nothing else has', () => {
    expect(Object.keys(english).sort()).toEqual([...new Set(keys)].sort());
  });

  test('leave no text untranslatable', () => {
    const plain = shown(manifest.contributes).filter(([at, text]) => !text.startsWith('%') && !NAMES.test(at));
    expect(plain).toEqual([]);
  });

  test.each(languagesIn('.', /^package\.nls\.(.+)\.json$/))('are complete in %s', language => {
    const words = json(`package.nls.${language}.json`) as Texts;
    expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      // Commands behind links must stay what they are.
      const links = (all: string) => all.match(/\(command:[^)]*\)|`[^`]*`/g) ?? [];
      expect(links(words[key]), key).toEqual(links(text));
    }
  });
});
