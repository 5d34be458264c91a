import type { ExtensionContext } from 'vscode';
import { CurrentRun } from './currentRun.ts';
import { registerDebugger } from './debugger.ts';
import { registerDecodeCommand } from './decodeCommand.ts';
import { registerHovers } from './hover.ts';
import { registerInspector } from './inspectorPanel.ts';
import { registerScenarioLanguage } from './scenarioLanguage.ts';
import { registerTestExplorer } from './testExplorer.ts';

/** Registers what the extension offers and nothing else: opening any C file activates it. */
export function activate(context: ExtensionContext): void {
  const run = new CurrentRun();
  registerScenarioLanguage(context);
  registerHovers(context);
  registerDecodeCommand(context);
  registerDebugger(context, run);
  registerInspector(context, run);
  registerTestExplorer(context);
}

export function deactivate(): void {}
