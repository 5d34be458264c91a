import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The rules of biome.json, each tried on a file that breaks it and on one that keeps it: a rule that no longer bites fails here.

const root = path.resolve(import.meta.dirname, '../../..');

const forbidden: readonly (readonly [file: string, code: string, rule: string])[] = [
  ['extension/formats/a.ts', "import '../engine/x.ts';", 'formats may import nothing outside itself.'],
  ['extension/engine/a.ts', "import '../scenario/x.ts';", 'engine may import formats only.'],
  ['extension/engine/b.ts', "export * from '../decode/x.ts';", 'engine may import formats only.'],
  [
    'extension/engine/sub/c.ts',
    "import type { T } from '../../session/x.ts'; export type U = T;",
    'engine may import formats only.',
  ],
  ['extension/engine/d.ts', "export const x = import('../cli/x.ts');", 'engine may import formats only.'],
  ['extension/engine/e.ts', "import '../../webview/x.ts';", 'engine may import formats only.'],
  ['extension/engine/f.ts', "import 'vscode';", 'This folder is pure: no packages, no vscode, no node.'],
  ['extension/engine/g.ts', "import 'node:fs';", 'This folder is pure: no packages, no vscode, no node.'],
  ['extension/engine/h.ts', "import 'preact';", 'This folder is pure: no packages, no vscode, no node.'],
  ['extension/engine/i.ts', 'export const x = Date.now();', 'noRestrictedGlobals'],
  ['extension/engine/j.ts', 'export const x = Math.random();', 'This folder is pure: no randomness.'],
  ['extension/engine/k.ts', "document.title = '';", 'noRestrictedGlobals'],
  ['extension/scenario/a.ts', "import '../session/x.ts';", 'scenario may import engine and formats only.'],
  ['extension/decode/a.ts', "import '../scenario/x.ts';", 'decode may import formats and engine only.'],
  ['extension/session/a.ts', "import '../editor/x.ts';", 'session may import engine, scenario and formats only.'],
  ['extension/session/b.ts', "import '../decode/x.ts';", 'session may import engine, scenario and formats only.'],
  ['extension/worker/a.ts', "import 'vscode';", 'worker may import session, scenario, engine and formats only.'],
  [
    'extension/worker/b.ts',
    "import '../editor/x.ts';",
    'worker may import session, scenario, engine and formats only.',
  ],
  ['extension/editor/a.ts', "import 'node:fs';", 'noNodejsModules'],
  ['extension/editor/b.ts', "export const x = fetch('');", 'noRestrictedGlobals'],
  ['extension/editor/c.ts', 'export const x = process.pid;', 'noRestrictedGlobals'],
  ['extension/cli/a.ts', "import '../editor/x.ts';", 'cli may import everything but editor and vscode.'],
  ['extension/cli/b.ts', "import 'vscode';", 'cli may import everything but editor and vscode.'],
  [
    'webview/a.ts',
    "import '../extension/session/run.ts';",
    'webview may import extension/session/protocol.ts and formats only.',
  ],
  [
    'webview/b.ts',
    "import '../extension/engine/x.ts';",
    'webview may import extension/session/protocol.ts and formats only.',
  ],
  ['webview/c.ts', "import 'vscode';", 'webview may import extension/session/protocol.ts and formats only.'],
  ['extension/formats/long.ts', 'console.log(1);\n'.repeat(451), 'noExcessiveLinesPerFile'],
];

const allowed: readonly (readonly [file: string, code: string])[] = [
  ['extension/formats/ok.ts', "import './x.ts';"],
  ['extension/engine/ok.ts', "import '../formats/x.ts';\nimport './sub/x.ts';"],
  ['extension/engine/sub/ok.ts', "import '../../formats/x.ts';\nimport '../x.ts';"],
  ['extension/scenario/ok.ts', "import '../engine/x.ts';\nimport '../formats/x.ts';"],
  ['extension/decode/ok.ts', "import '../engine/x.ts';\nimport '../formats/x.ts';"],
  ['extension/session/ok.ts', "import '../engine/x.ts';\nimport '../formats/x.ts';\nimport '../scenario/x.ts';"],
  ['extension/worker/ok.ts', "import '../session/x.ts';\nexport const now = Date.now();"],
  ['extension/editor/ok.ts', "import 'vscode';\nimport '../session/x.ts';\nimport '../decode/x.ts';"],
  ['extension/cli/ok.ts', "import 'node:fs';\nimport '../session/x.ts';"],
  [
    'webview/ok.ts',
    "import 'preact';\nimport '../extension/formats/x.ts';\nimport '../extension/session/protocol.ts';",
  ],
];

interface Diagnostic {
  readonly category: string;
  readonly message: string;
  readonly location: { readonly path: string };
}

let copy = '';
let diagnostics: readonly Diagnostic[] = [];

beforeAll(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'irqscope-rule-'));
  for (const [file, code] of [...forbidden, ...allowed]) {
    mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
    writeFileSync(path.join(copy, file), `${code}\n`);
  }
  cpSync(path.join(root, 'biome.json'), path.join(copy, 'biome.json'));
  cpSync(path.join(root, 'scripts/no-randomness.grit'), path.join(copy, 'scripts/no-randomness.grit'));
  execFileSync('git', ['init', '--quiet'], { cwd: copy }); // biome.json asks for a work tree
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const { stdout } = spawnSync(
    process.execPath,
    [biome, 'lint', '--reporter=json', '--max-diagnostics=none', 'extension', 'webview'],
    {
      cwd: copy,
      encoding: 'utf8',
    },
  );
  diagnostics = JSON.parse(stdout).diagnostics;
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

const errorsOf = (file: string) =>
  diagnostics.filter(each => each.location.path.endsWith(file)).map(each => `${each.category}: ${each.message}`);

describe('the dependency rule bites', () => {
  test.each(forbidden)('%s', (file, _code, rule) => {
    expect(errorsOf(file).join('\n')).toContain(rule);
  });
});

describe('the dependency rule lets through what it should', () => {
  test.each(allowed)('%s', file => {
    expect(errorsOf(file)).toEqual([]);
  });
});
