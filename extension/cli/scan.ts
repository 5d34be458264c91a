import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { annotate, languageOf } from '../decode/annotate.ts';
import { unreadable } from './files.ts';
import { EXIT, type Io } from './io.ts';

/** Files that may hold interrupt values; everything else in a tree is skipped. */
const LANGUAGES: Readonly<Record<string, string>> = {
  '.c': 'c',
  '.h': 'cpp',
  '.cc': 'cpp',
  '.cpp': 'cpp',
  '.S': 'asm',
  '.s': 'asm',
  '.asm': 'asm',
  '.diff': 'diff',
  '.patch': 'diff',
  '.log': 'log',
  '.txt': 'plaintext',
};
const MAX_BYTES = 32 * 1024 * 1024;

function* filesIn(start: string): Generator<string> {
  if (!statSync(start).isDirectory()) {
    yield start;
    return;
  }
  for (const entry of readdirSync(start, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(start, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* filesIn(full);
    else if (entry.isFile() && LANGUAGES[path.extname(entry.name)]) yield full;
  }
}

/** Prints what the file holds; returns how many values. */
function scanFile(file: string, json: boolean, io: Io): number {
  if (statSync(file).size > MAX_BYTES) {
    io.err(`${file}: larger than ${MAX_BYTES} bytes, skipped`);
    return 0;
  }
  const text = readFileSync(file, 'utf8');
  const all = annotate(text, LANGUAGES[path.extname(file)] ?? languageOf(text));
  for (const { line, column, text: what, as, explanation } of all) {
    if (json) io.out(JSON.stringify({ file, line, column, text: what, as, explanation }));
    else io.out(`${file}:${line}:${column}: ${what.replace(/\s+/g, ' ')}: ${explanation.meaning}`);
  }
  return all.length;
}

/**
 * Every value of the files and trees that has an explanation, one a line, as `grep -n` prints. What cannot be read is
 * reported and the rest scanned all the same: exit code 2 then, 1 when nothing was found.
 */
export function scan(starts: readonly string[], json: boolean, io: Io): number {
  let found = 0;
  let failures = 0;
  const attempt = (file: string, action: () => void) => {
    try {
      action();
    } catch (error) {
      failures++;
      io.err(`${file}: ${unreadable(error)}`);
    }
  };
  for (const start of starts) {
    attempt(start, () => {
      for (const file of filesIn(start)) {
        attempt(file, () => {
          found += scanFile(file, json, io);
        });
      }
    });
  }
  if (failures > 0) return EXIT.unusable;
  return found > 0 ? EXIT.ok : EXIT.failed;
}
