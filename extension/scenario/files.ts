/** Which files a scenario includes: what a host has to read before the scenario is checked. */
import { parse } from './parse.ts';
import { pathOf, pathProblem, resolved } from './path.ts';
import type { FileText, ScenarioText, Tree } from './tree.ts';

/** As many as are looked at, and as deep; `link.ts` says that it is too much. */
const MOST_FILES = 40;

/** Names of the files that a tree includes by itself, as `resolved` gives them. */
export function includedBy(tree: Tree, from = ''): string[] {
  return tree.nodes.flatMap(node => {
    if (node.kind !== 'include' || !node.path || pathProblem(node.path)) return [];
    return [resolved(from, pathOf(node.path))];
  });
}

/** Cheap: a text without the word includes nothing. */
export function mayInclude(text: string): boolean {
  return /^[\t\v\f \ufeff]*include\b/m.test(text);
}

/**
 * Reads everything that a tree includes, and what those files include. `read` gets a path from the folder of the scenario, never rejects,
 * and is asked once for each.
 */
export async function collect(
  tree: Tree,
  read: (name: string) => Promise<FileText>,
): Promise<ReadonlyMap<string, FileText>> {
  const files = new Map<string, FileText>();
  let names = includedBy(tree);
  while (names.length > 0) {
    const fresh = [...new Set(names)].filter(name => !files.has(name)).slice(0, MOST_FILES - files.size);
    const found = await Promise.all(fresh.map(read));
    names = [];
    for (const [i, file] of found.entries()) {
      files.set(fresh[i], file);
      if ('text' in file && mayInclude(file.text)) names.push(...includedBy(parse(file.text), fresh[i]));
    }
  }
  return files;
}

/** A scenario with everything that it includes. `name`: that of its file. */
export async function withFiles(
  text: string,
  name: string,
  read: (name: string) => Promise<FileText>,
): Promise<ScenarioText> {
  if (!mayInclude(text)) return text;
  const files = await collect(parse(text), read);
  return { text, name, files };
}
