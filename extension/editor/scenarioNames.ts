import {
  type DocumentRangeSemanticTokensProvider,
  l10n,
  MarkdownString,
  type RenameProvider,
  SemanticTokensBuilder,
  SemanticTokensLegend,
  SignatureHelp,
  type SignatureHelpProvider,
  SignatureInformation,
  WorkspaceEdit,
} from 'vscode';
import {
  nameAt,
  objection,
  placesOf,
  SEMANTIC_MODIFIERS,
  SEMANTIC_TYPES,
  semanticTokens,
  signaturesAt,
} from './lazy.ts';
import { scopeOf } from './scenarioIncludes.ts';
import { toRange } from './scenarioRange.ts';
import { nameOf } from './scenarioText.ts';
import { treeOf } from './scenarioTrees.ts';

export const SEMANTIC_LEGEND = new SemanticTokensLegend([...SEMANTIC_TYPES], [...SEMANTIC_MODIFIERS]);

/** Only for the lines that are seen: a scenario may have 100,000. */
export const semanticTokensProvider: DocumentRangeSemanticTokensProvider = {
  provideDocumentRangeSemanticTokens(document, { start, end }) {
    const builder = new SemanticTokensBuilder(SEMANTIC_LEGEND);
    for (const { range, type, modifiers } of semanticTokens(treeOf(document), start.line, end.line)) {
      builder.push(toRange(range), type, [...modifiers]);
    }
    return builder.build();
  },
};

export const SIGNATURE_TRIGGERS = [' '];

export const signatureProvider: SignatureHelpProvider = {
  provideSignatureHelp(document, { line, character }) {
    const found = signaturesAt(treeOf(document), line, character);
    if (!found) return undefined;
    const help = new SignatureHelp();
    help.signatures = found.signatures.map(({ label, parameters }) => {
      const signature = new SignatureInformation(label);
      signature.parameters = parameters.map(({ start, end, doc }) => ({
        label: [start, end],
        documentation: new MarkdownString(doc),
      }));
      return signature;
    });
    help.activeSignature = found.active;
    help.activeParameter = found.parameter;
    return help;
  },
};

/** What the scenario names itself, in every scenario that shares it. */
export const renameProvider: RenameProvider = {
  prepareRename(document, { line, character }) {
    const name = nameAt(treeOf(document), line, character);
    if (!name)
      throw new Error(l10n.t('Names of values, devices, operations, variables, variants and agents can be changed.'));
    return { range: toRange(name.range), placeholder: name.text };
  },
  async provideRenameEdits(document, { line, character }, other) {
    const name = nameAt(treeOf(document), line, character);
    if (!name) return undefined;
    const edit = new WorkspaceEdit();
    for (const { uri, tree } of await scopeOf(document, `${name.kind} ${name.text}`)) {
      const why = objection(tree, name, other);
      if (why !== undefined) throw new Error(uri === document.uri ? why : `${nameOf(uri)}: ${why}`);
      for (const range of placesOf(tree, name)) edit.replace(uri, toRange(range), other);
    }
    return edit;
  },
};
