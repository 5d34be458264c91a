/** Scenarios with the files that they include, from disk. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { withFiles } from '../scenario/files.ts';
import { MAX_LENGTH } from '../scenario/tokens.ts';
import type { FileText, ScenarioText } from '../scenario/tree.ts';
import { readText, unreadable } from './files.ts';

/** Rejects with `FILE: why not` when the scenario itself cannot be read; what is wrong with the others is for the checker to say. */
export async function readScenario(file: string): Promise<ScenarioText> {
  const folder = path.dirname(file);
  return withFiles(await readText(file), path.basename(file), name => read(path.join(folder, name)));
}

async function read(file: string): Promise<FileText> {
  try {
    const found = await stat(file);
    if (!found.isFile()) return { unreadable: 'this is no file' };
    // The language refuses it too, but only after it has been read.
    if (found.size > MAX_LENGTH) return { unreadable: 'it has more than 5 MB' };
    return { text: await readFile(file, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return { unreadable: unreadable(error) };
    const names = await readdir(path.dirname(file)).catch(() => []);
    return { missing: names.filter(name => name.endsWith('.irq')) };
  }
}

/** The path, for a terminal, of what a problem of `file` is about: of the file itself, or of one that it includes. */
export function pathTo(file: string, included: string | undefined): string {
  return included === undefined ? file : path.join(path.dirname(file), included);
}
