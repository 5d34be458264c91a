import {
  DocumentSymbol,
  type DocumentSymbolProvider,
  FoldingRange,
  FoldingRangeKind,
  type FoldingRangeProvider,
  Range,
  SymbolKind,
  type TextDocument,
} from 'vscode';
import type { Item } from '../scenario/outline.ts';
import { folds, outline } from './lazy.ts';
import { toRange } from './scenarioRange.ts';
import { treeOf } from './scenarioTrees.ts';

const KINDS: Readonly<Record<Item['kind'], SymbolKind>> = {
  machine: SymbolKind.Module,
  vcpu: SymbolKind.Object,
  constant: SymbolKind.Constant,
  section: SymbolKind.Namespace,
  repeat: SymbolKind.Array,
  action: SymbolKind.Event,
  expect: SymbolKind.Boolean,
  operation: SymbolKind.Function,
  race: SymbolKind.Interface,
  agent: SymbolKind.Event,
  condition: SymbolKind.Boolean,
};

function toSymbol(item: Item, document: TextDocument): DocumentSymbol {
  const whole = new Range(item.first, item.range.start, item.last, document.lineAt(item.last).text.length);
  const symbol = new DocumentSymbol(item.name, '', KINDS[item.kind], whole, toRange(item.range));
  symbol.children = item.children.map(child => toSymbol(child, document));
  return symbol;
}

export const symbolProvider: DocumentSymbolProvider = {
  provideDocumentSymbols(document) {
    return outline(treeOf(document)).map(item => toSymbol(item, document));
  },
};

export const foldingProvider: FoldingRangeProvider = {
  provideFoldingRanges(document) {
    return folds(treeOf(document)).map(
      ({ first, last, comment }) => new FoldingRange(first, last, comment ? FoldingRangeKind.Comment : undefined),
    );
  },
};
