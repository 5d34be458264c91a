import { type Disposable, languages } from 'vscode';
import { ScenarioDiagnostics } from './diagnostics.ts';
import { COMPLETION_TRIGGERS, completionProvider } from './scenarioCompletion.ts';
import { FIX_KINDS, fixProvider } from './scenarioFixes.ts';
import { formattingProvider } from './scenarioFormatting.ts';
import { hoverProvider } from './scenarioHover.ts';
import { linkProvider } from './scenarioIncludes.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { lensProvider, registerLensCommands } from './scenarioLenses.ts';
import {
  renameProvider,
  SEMANTIC_LEGEND,
  SIGNATURE_TRIGGERS,
  semanticTokensProvider,
  signatureProvider,
} from './scenarioNames.ts';
import { foldingProvider, symbolProvider } from './scenarioOutline.ts';
import { definitionProvider, highlightProvider, inlineValuesProvider, referenceProvider } from './scenarioSymbols.ts';

/** Everything that works on open scenarios, on every file system. */
export function registerScenarioProviders(): Disposable[] {
  return [
    new ScenarioDiagnostics(),
    languages.registerCompletionItemProvider(LANGUAGE, completionProvider, ...COMPLETION_TRIGGERS),
    languages.registerHoverProvider(LANGUAGE, hoverProvider),
    languages.registerDocumentSymbolProvider(LANGUAGE, symbolProvider),
    languages.registerFoldingRangeProvider(LANGUAGE, foldingProvider),
    languages.registerDocumentFormattingEditProvider(LANGUAGE, formattingProvider),
    languages.registerCodeActionsProvider(LANGUAGE, fixProvider, FIX_KINDS),
    languages.registerCodeLensProvider(LANGUAGE, lensProvider),
    languages.registerDocumentHighlightProvider(LANGUAGE, highlightProvider),
    languages.registerReferenceProvider(LANGUAGE, referenceProvider),
    languages.registerDefinitionProvider(LANGUAGE, definitionProvider),
    languages.registerDocumentRangeSemanticTokensProvider(LANGUAGE, semanticTokensProvider, SEMANTIC_LEGEND),
    languages.registerDocumentLinkProvider(LANGUAGE, linkProvider),
    languages.registerSignatureHelpProvider(LANGUAGE, signatureProvider, ...SIGNATURE_TRIGGERS),
    languages.registerRenameProvider(LANGUAGE, renameProvider),
    languages.registerInlineValuesProvider(LANGUAGE, inlineValuesProvider),
    ...registerLensCommands(),
  ];
}
