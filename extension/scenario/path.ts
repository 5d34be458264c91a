/** Paths of files that are included: relative to the file that includes them, on whatever file system that is. */
import { type Diagnostic, diagnostic, type Fix } from './diagnostics.ts';
import type { Token } from './tokens.ts';

/** What stands between the quotation marks. */
export function pathOf({ text }: Token): string {
  return text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined);
}

/** Path from the folder of the scenario to a file that `from` (such a path too; `` for the scenario itself) includes as `path`. */
export function resolved(from: string, path: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** Why nothing can be included under this path; undefined when something may. */
export function pathProblem(word: Token): Diagnostic | undefined {
  const path = pathOf(word);
  const wrong = (sentence: string, text?: string) => {
    const fix: Fix | undefined =
      text === undefined ? undefined : { title: `Change to '${text}'`, range: word.range, text: `"${text}"` };
    return diagnostic('irq801', word.range, sentence, fix);
  };
  if (path.trim() === '') return wrong('The path is empty. Write the file that describes the machine.');
  if (/^[a-z]:|^[a-z][a-z0-9+.-]*:|^[/\\]/i.test(path))
    return wrong('The path is absolute. Write it from the folder of this file, for example `"../machine.irq"`.');
  if (path.includes('\\')) {
    return wrong('Folders are separated by `/`, on every system.', path.replaceAll('\\', '/'));
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  if (/[\u0000-\u001f?*:|<>]/.test(path))
    return wrong('No file has such a name. Write letters, digits, `_ . -` and `/`.');
  if (!path.endsWith('.irq')) {
    const name = /(?:^|\/)[^./]+$/.test(path) ? `${path}.irq` : undefined;
    return wrong('Only scenarios can be included: files whose names end with `.irq`.', name);
  }
  return undefined;
}
