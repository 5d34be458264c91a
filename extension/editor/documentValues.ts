import type { TextDocument } from 'vscode';
import type { Candidate } from '../decode/candidate.ts';
import type { Definitions } from '../decode/evaluate.ts';
import type { Lines } from '../decode/lines.ts';

export type Decoder = typeof import('./lazyDecode.ts');

/** Languages with values. `.h` opens as cpp; assembly has no language of its own in VS Code, so common extensions' ids are named. */
export const VALUE_LANGUAGES: readonly string[] = [
  'c',
  'cpp',
  'diff',
  'log',
  'plaintext',
  'asm',
  'gas',
  'nasm',
  'asm-intel-x86-generic',
  'git-commit',
];

let decoder: Decoder | undefined;

/** The decoders, loaded once. Opening a C file does not pay for them, the first hover does. */
export async function loadDecoder(): Promise<Decoder> {
  decoder ??= await import('./lazyDecode.ts');
  return decoder;
}

/** The decoders if they are loaded: then an answer needs no waiting. */
export function loadedDecoder(): Decoder | undefined {
  return decoder;
}

/** Lines of a document without copying it: one line costs the same in a file of any length. */
function documentLines(document: TextDocument): Lines {
  return {
    count: document.lineCount,
    at: n => (n >= 0 && n < document.lineCount ? document.lineAt(n).text : ''),
  };
}

const known = new WeakMap<TextDocument, { readonly version: number; readonly definitions: Definitions }>();

/** The document's own macros; read once a version, and only when an expression holds a name that the kernel table lacks. */
function definitions(decode: Decoder, document: TextDocument, lines: Lines): Definitions {
  const cached = known.get(document);
  if (cached?.version === document.version) return cached.definitions;
  const fresh = { version: document.version, definitions: decode.definitionsOf(lines) };
  known.set(document, fresh);
  return fresh.definitions;
}

/** What on that line of the document can be explained. */
export function valuesOnLine(decode: Decoder, document: TextDocument, line: number): Candidate[] {
  const lines = documentLines(document);
  return decode.findCandidates(lines, line, document.languageId, definitions(decode, document, lines));
}
