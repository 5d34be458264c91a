import * as vscode from 'vscode';
import type { Explanation } from '../decode/explanation.ts';
import type { Sendable } from '../decode/send.ts';
import { type Decoder, loadDecoder, loadedDecoder, VALUE_LANGUAGES, valuesOnLine } from './documentValues.ts';
import { OPEN_SAMPLE, registerSamples, sampleLinks } from './hoverFunction.ts';
import { loadSender, received, registerSendCommand, SEND_COMMAND, senderLoaded } from './hoverMessage.ts';

/** What the hover adds to a message: who receives it, and the way to step through it. */
function sending(decode: Decoder, message: Sendable, received: readonly string[]): string {
  const lines = received.map((line, n) => (n === 0 ? decode.escaped(line) : `- ${decode.escaped(line)}`));
  const argument = encodeURIComponent(JSON.stringify([decode.scenarioFor(message)]));
  const link = `[${vscode.l10n.t('Send this in a scenario')}](command:${SEND_COMMAND}?${argument})`;
  return [...lines, '', link].join('\n');
}

function explained(decode: Decoder, found: Found): vscode.Hover | Promise<vscode.Hover> {
  const { title, message } = found.explanation;
  if (!message) return shown(decode, found, found.kind === decode.FUNCTION ? sampleLinks(title) : '');
  const lines = received(message, decode.usualMachine(message));
  const show = (each: readonly string[]) => shown(decode, found, sending(decode, message, each));
  return lines instanceof Promise ? lines.then(show) : show(lines);
}

function shown(decode: Decoder, { explanation, range }: Found, more: string): vscode.Hover {
  const markdown = new vscode.MarkdownString(decode.toMarkdown(explanation, more));
  markdown.isTrusted = more ? { enabledCommands: [SEND_COMMAND, OPEN_SAMPLE] } : false;
  return new vscode.Hover(markdown, range);
}

interface Found {
  readonly explanation: Explanation;
  readonly range: vscode.Range;
  readonly kind?: string;
}

/** A number that nothing around it explains: read on demand, when it is selected or the setting asks for all numbers. */
function onDemand(decode: Decoder, document: vscode.TextDocument, position: vscode.Position): Found | undefined {
  const editor = vscode.window.activeTextEditor;
  const selected =
    editor?.document === document
      ? editor.selections.find(each => !each.isEmpty && each.isSingleLine && each.contains(position))
      : undefined;
  const all = vscode.workspace.getConfiguration('irqscope').get('decode.allNumbers', false);
  const range =
    selected ?? (all ? document.getWordRangeAtPosition(position, /\b0x[\da-fA-F]{2,}[uUlL]*\b/) : undefined);
  const text = range && document.getText(range);
  if (!text || text.length > 200) return undefined;
  const asked = decode.explainValues([text]);
  if ('error' in asked) return undefined;
  const [first, ...others] = asked.readings;
  const notes = [
    `${first.format}: ${first.reason}`,
    ...others.slice(0, 4).map(other => `${other.format}? ${other.explanation.meaning} (${other.reason})`),
  ];
  return { explanation: { ...first.explanation, notes: [...notes, ...first.explanation.notes] }, range };
}

function answer(
  decode: Decoder,
  document: vscode.TextDocument,
  position: vscode.Position,
): vscode.ProviderResult<vscode.Hover> {
  const candidate = decode.candidateAt(valuesOnLine(decode, document, position.line), position.character);
  const found: Found | undefined = candidate
    ? {
        explanation: candidate.explain(),
        range: new vscode.Range(position.line, candidate.start, position.line, candidate.end),
        kind: candidate.as,
      }
    : onDemand(decode, document, position);
  if (!found) return undefined;
  if (!found.explanation.message || senderLoaded()) return explained(decode, found);
  return loadSender().then(() => explained(decode, found));
}

function provideHover(
  document: vscode.TextDocument,
  position: vscode.Position,
  token: vscode.CancellationToken,
): vscode.ProviderResult<vscode.Hover> {
  if (token.isCancellationRequested) return undefined;
  const decode = loadedDecoder();
  if (decode) return answer(decode, document, position);
  return loadDecoder().then(loaded => (token.isCancellationRequested ? undefined : answer(loaded, document, position)));
}

/** Hovers on interrupt values in C, patches, logs and text. Once decoders and engine are loaded it waits for nothing. */
export function registerHovers(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.languages.registerHoverProvider([...VALUE_LANGUAGES], { provideHover }));
  registerSendCommand(context);
  registerSamples(context);
}
