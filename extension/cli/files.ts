import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file: a part of the path is no folder',
  EISDIR: 'this is a folder: name a file',
  EACCES: 'you may not read this file',
  ENAMETOOLONG: 'no such file: the name is too long',
};

/** Why a file could not be read, in words. */
export function unreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}

/** The text of a file. Rejects with `FILE: why not`. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${file}: ${unreadable(error)}`);
  }
}

/** Rejects with a sentence that names the option, the file and the remedy. */
export async function writeReport(option: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? `there is no folder ${path.dirname(file)}` : code === 'EISDIR' ? 'this is a folder' : message;
    throw new Error(`${option} ${file}: the report cannot be written: ${why}`);
  }
}

/** The file, or all scenarios in a folder by name. What does not exist is reported when it is read. */
export async function scenariosOf(name: string): Promise<string[]> {
  const found = await stat(name).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    return [name];
  }
  const names = (await readdir(name)).filter(each => each.endsWith('.irq')).sort();
  if (names.length === 0) {
    throw new Error(`${name}: no scenario (.irq) is in this folder`);
  }
  return names.map(each => path.join(name, each));
}
