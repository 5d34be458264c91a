import * as vscode from 'vscode';
import type { Definitions } from '../decode/evaluate.ts';
import type { Explanation } from '../decode/explanation.ts';
import type { Lines } from '../decode/lines.ts';
import type { Sendable } from '../decode/send.ts';
import { loadSender, received, registerSendCommand, SEND_COMMAND, senderLoaded } from './hoverMessage.ts';

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

/** What the hover adds to a message: who receives it, and the way to step through it. */
function sending(decode: Decoder, message: Sendable): string {
  const lines = received(message, decode.usualMachine(message)).map((line, n) =>
    n === 0 ? decode.escaped(line) : `- ${decode.escaped(line)}`,
  );
  const argument = encodeURIComponent(JSON.stringify([decode.scenarioFor(message)]));
  return `\n\n${[...lines, '', `[${vscode.l10n.t('Send this in a scenario')}](command:${SEND_COMMAND}?${argument})`].join('\n')}`;
}

function explained(decode: Decoder, explanation: Explanation, range: vscode.Range): vscode.Hover {
  const { message } = explanation;
  const markdown = new vscode.MarkdownString(
    decode.toMarkdown(explanation) + (message ? sending(decode, message) : ''),
  );
  markdown.isTrusted = message ? { enabledCommands: [SEND_COMMAND] } : false;
  return new vscode.Hover(markdown, range);
}

function answer(
  decode: Decoder,
  document: vscode.TextDocument,
  position: vscode.Position,
): vscode.ProviderResult<vscode.Hover> {
  const lines = documentLines(document);
  const own = definitions(decode, document, lines);
  const candidates = decode.findCandidates(lines, position.line, document.languageId, own);
  const found = decode.candidateAt(candidates, position.character);
  if (!found) return undefined;
  const explanation = found.explain();
  const range = new vscode.Range(position.line, found.start, position.line, found.end);
  if (!explanation.message || senderLoaded()) return explained(decode, explanation, range);
  return loadSender().then(() => explained(decode, explanation, range));
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

/** Hovers on interrupt values in C, patches, logs and text. Once decoders and engine are loaded it waits for nothing. */
export function registerHovers(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.languages.registerHoverProvider(LANGUAGES, { provideHover }));
  registerSendCommand(context);
}
