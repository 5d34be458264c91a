import * as vscode from 'vscode';
import type { Definitions } from '../decode/evaluate.ts';
import type { Lines } from '../decode/lines.ts';

/** `.h` opens as cpp; assembly has no language of its own in VS Code, so the ids of the common extensions are named. */
const LANGUAGES = ['c', 'cpp', 'diff', 'log', 'plaintext', 'asm', 'gas', 'nasm', 'asm-intel-x86-generic', 'git-commit'];

type Decoder = typeof import('./lazyDecode.ts');

let decoder: Decoder | undefined;

/** The decoders, loaded once. Opening a C file does not pay for them, the first hover does. */
export async function loadDecoder(): Promise<Decoder> {
  decoder ??= await import('./lazyDecode.ts');
  return decoder;
}

/** Lines of a document without copying it: one line costs the same in a file of any length. */
export function documentLines(document: vscode.TextDocument): Lines {
  return {
    count: document.lineCount,
    at: n => (n >= 0 && n < document.lineCount ? document.lineAt(n).text : ''),
  };
}

const known = new WeakMap<vscode.TextDocument, { readonly version: number; readonly definitions: Definitions }>();

/** The document's own macros; read once a version, and only when an expression holds a name that the kernel table lacks. */
function definitions(decode: Decoder, document: vscode.TextDocument, lines: Lines): Definitions {
  const cached = known.get(document);
  if (cached?.version === document.version) return cached.definitions;
  const fresh = { version: document.version, definitions: decode.definitionsOf(lines) };
  known.set(document, fresh);
  return fresh.definitions;
}

function answer(decode: Decoder, document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
  const lines = documentLines(document);
  const own = definitions(decode, document, lines);
  const candidates = decode.findCandidates(lines, position.line, document.languageId, own);
  const found = decode.candidateAt(candidates, position.character);
  if (!found) return undefined;
  const markdown = new vscode.MarkdownString(decode.toMarkdown(found.explain()));
  return new vscode.Hover(markdown, new vscode.Range(position.line, found.start, position.line, found.end));
}

function provideHover(
  document: vscode.TextDocument,
  position: vscode.Position,
  token: vscode.CancellationToken,
): vscode.ProviderResult<vscode.Hover> {
  if (token.isCancellationRequested) return undefined;
  if (decoder) return answer(decoder, document, position);
  return loadDecoder().then(loaded => (token.isCancellationRequested ? undefined : answer(loaded, document, position)));
}

/** Hovers on interrupt values in C, patches, logs and text. Answers from the line, without waiting for anything. */
export function registerHovers(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.languages.registerHoverProvider(LANGUAGES, { provideHover }));
}
