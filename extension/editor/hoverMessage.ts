import * as vscode from 'vscode';
import type { Sendable } from '../decode/send.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { nameOf, readIncluded } from './scenarioText.ts';

type Sender = typeof import('./lazy.ts');

let sender: Sender | undefined;

/** The engine, loaded when the first hover shows a message that can be sent. */
export async function loadSender(): Promise<Sender> {
  sender ??= await import('./lazy.ts');
  return sender;
}

/** True when `received` can answer without waiting. */
export function senderLoaded(): boolean {
  return sender !== undefined;
}

/** The scenario whose machine counts: one that is visible, else one that is open. */
function activeScenario(): vscode.TextDocument | undefined {
  const scenarios = [
    ...vscode.window.visibleTextEditors.map(editor => editor.document),
    ...vscode.workspace.textDocuments,
  ];
  return scenarios.find(document => document.languageId === 'irq');
}

const MOST_MACHINE_TEXT = 20_000;
const REMEMBERED = 50;
const answers = new Map<string, readonly string[]>();

function remembered(machine: ScenarioText, action: string): readonly string[] {
  const files = typeof machine === 'string' ? machine : JSON.stringify([machine.text, ...machine.files]);
  const key = `${files}\n${action}`;
  const known = answers.get(key);
  if (known) return known;
  const sentences = sender?.recipientsOf(machine, action)?.sentences ?? [];
  if (answers.size >= REMEMBERED) answers.clear();
  answers.set(key, sentences);
  return sentences;
}

/**
 * Who would receive the message, as Markdown lines; the first names the machine. Empty when the engine is not loaded. At once, unless the
 * scenario includes files.
 */
export function received(message: Sendable, usual: string): readonly string[] | Promise<readonly string[]> {
  if (!sender) return [];
  const scenario = activeScenario();
  const text = scenario?.getText(new vscode.Range(0, 0, 400, 0)) ?? '';
  if (!scenario || text.length >= MOST_MACHINE_TEXT) return onUsual(message, usual);
  const name = nameOf(scenario.uri);
  const on = (machine: ScenarioText) => {
    const sentences = remembered(machine, message.action);
    return sentences.length > 0
      ? [vscode.l10n.t('On the machine of {0}:', name), ...sentences]
      : onUsual(message, usual);
  };
  const machine = sender.machineOf(text);
  return sender.mayInclude(machine)
    ? sender.withFiles(machine, name, file => readIncluded(scenario.uri, file)).then(on)
    : on(machine);
}

function onUsual(message: Sendable, usual: string): readonly string[] {
  const sentences = remembered(usual, message.action);
  return sentences.length > 0
    ? [vscode.l10n.t('On a usual machine ({0}, Linux 6.16):', message.mode), ...sentences]
    : [];
}

/** Opens a scenario that sends the message. */
async function sendInScenario(content: unknown): Promise<void> {
  if (typeof content !== 'string') return;
  const document = await vscode.workspace.openTextDocument({ language: 'irq', content });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside });
}

/** The only command that a hover's Markdown may run. */
export const SEND_COMMAND = 'irqscope.sendInScenario';

export function registerSendCommand(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.commands.registerCommand(SEND_COMMAND, sendInScenario));
}
