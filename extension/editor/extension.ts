import type { ExtensionContext } from 'vscode';
import { registerScenarioLanguage } from './scenarioLanguage.ts';

/** Registers what the extension offers and nothing else: opening any C file activates it. */
export function activate(context: ExtensionContext): void {
  registerScenarioLanguage(context);
}

export function deactivate(): void {}
