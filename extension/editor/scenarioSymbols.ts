import {
  type DefinitionProvider,
  DocumentHighlight,
  type DocumentHighlightProvider,
  InlineValueEvaluatableExpression,
  type InlineValuesProvider,
  Location,
  type ReferenceProvider,
} from 'vscode';
import { definitionOf, fieldsAhead, mentions, symbolAt } from './lazy.ts';
import { includedAt, locationOf, scopeOf } from './scenarioIncludes.ts';
import { toRange } from './scenarioRange.ts';
import { treeOf } from './scenarioTrees.ts';

/** Everything that a scenario says about the vCPU, CPU or vector under the cursor. */
export const highlightProvider: DocumentHighlightProvider = {
  provideDocumentHighlights(document, { line, character }) {
    const tree = treeOf(document);
    const symbol = symbolAt(tree, line, character);
    return symbol && mentions(tree, symbol).map(range => new DocumentHighlight(toRange(range)));
  },
};

export const referenceProvider: ReferenceProvider = {
  async provideReferences(document, { line, character }) {
    const symbol = symbolAt(treeOf(document), line, character);
    if (!symbol) return undefined;
    const scope = await scopeOf(document, symbol);
    return scope.flatMap(({ uri, tree }) => mentions(tree, symbol).map(range => new Location(uri, toRange(range))));
  },
};

export const definitionProvider: DefinitionProvider = {
  provideDefinition(document, position) {
    const tree = treeOf(document);
    const symbol = symbolAt(tree, position.line, position.character);
    const range = symbol && definitionOf(tree, symbol);
    return range ? locationOf(document.uri, tree, range) : includedAt(document, position);
  },
};

/** While stepping: the present values of the fields that the next expectations name. */
export const inlineValuesProvider: InlineValuesProvider = {
  provideInlineValues(document, viewPort, { stoppedLocation }) {
    return fieldsAhead(treeOf(document), stoppedLocation.start.line)
      .filter(({ range }) => range.line <= viewPort.end.line)
      .map(({ range, expression }) => new InlineValueEvaluatableExpression(toRange(range), expression));
  },
};
