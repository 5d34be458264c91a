/**
 * Chunks in the browser host, whose `require` knows vscode only: read through VS Code's file system, whatever the extension was installed
 * on, and evaluated as that host evaluates the extension itself. The build turns `import('./lazy.ts')` into `chunk('core')`.
 */
import * as vscode from 'vscode';

let folder: vscode.Uri | undefined;
const loaded = new Map<string, Promise<unknown>>();

/** Told once, before a chunk is asked for. */
export function chunksLieIn(its: vscode.Uri): void {
  folder = its;
}

/** The same module at every call. Rejects when its file cannot be read, and may then be asked again. */
export function chunk(name: string): Promise<unknown> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const loading = load(name);
  loaded.set(name, loading);
  loading.catch(() => loaded.delete(name));
  return loading;
}

export async function chunkSource(name: string): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(fileOf(name)));
}

function fileOf(name: string): vscode.Uri {
  if (folder === undefined) {
    throw new Error('the extension is not active');
  }
  return vscode.Uri.joinPath(folder, `${name}.js`);
}

async function load(name: string): Promise<unknown> {
  const [source, core] = await Promise.all([chunkSource(name), name === 'language' ? chunk('core') : undefined]);
  const module = { exports: {} };
  const require = (wanted: string) => (wanted === 'vscode' ? vscode : core);
  const text = `${source}\n//# sourceURL=${fileOf(name)}`;
  new Function('module', 'exports', 'require', text)(module, module.exports, require);
  return module.exports;
}
