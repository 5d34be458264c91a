import { type ExtensionContext, l10n, type TextDocument, window, workspace } from 'vscode';

/** Language id of `.irq` files. */
export const LANGUAGE = 'irq';

/** Everything that makes `.irq` a language of the editor; parser, checker and providers load with the first scenario. */
export function registerScenarioLanguage(context: ExtensionContext): void {
  let loaded = false;
  const load = async ({ languageId }: TextDocument): Promise<void> => {
    if (loaded || languageId !== LANGUAGE) return;
    loaded = true;
    try {
      const { registerScenarioProviders } = await import('./lazyLanguage.ts');
      context.subscriptions.push(...registerScenarioProviders());
    } catch (error) {
      loaded = false; // the next scenario tries again
      void window.showErrorMessage(l10n.t('IRQScope cannot read scenarios: {0}', (error as Error).message));
    }
  };
  context.subscriptions.push(workspace.onDidOpenTextDocument(load));
  for (const document of workspace.textDocuments) void load(document);
}
