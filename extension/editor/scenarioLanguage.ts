import { type ExtensionContext, type TextDocument, workspace } from 'vscode';

/** Language id of `.irq` files. */
export const LANGUAGE = 'irq';

/** Everything that makes `.irq` a language of the editor; parser, checker and providers load with the first scenario. */
export function registerScenarioLanguage(context: ExtensionContext): void {
  let loaded = false;
  const load = async ({ languageId }: TextDocument): Promise<void> => {
    if (loaded || languageId !== LANGUAGE) return;
    loaded = true;
    const { registerScenarioProviders } = await import('./lazy.ts');
    context.subscriptions.push(...registerScenarioProviders());
  };
  context.subscriptions.push(workspace.onDidOpenTextDocument(load));
  for (const document of workspace.textDocuments) void load(document);
}
