import type { ExtensionContext } from 'vscode';
import { ScenarioDiagnostics } from './diagnostics.ts';

/** Everything that makes `.irq` a language of the editor. Parser and checker load with the first scenario. */
export function registerScenarioLanguage(context: ExtensionContext): void {
  context.subscriptions.push(new ScenarioDiagnostics());
}
