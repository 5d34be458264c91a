import {
  CompletionItem,
  CompletionItemKind,
  type CompletionItemProvider,
  MarkdownString,
  Range,
  SnippetString,
} from 'vscode';
import type { Suggestion } from '../scenario/completion.ts';
import { complete } from './lazy.ts';
import { pathCompletions } from './scenarioIncludes.ts';
import { treeOf } from './scenarioTrees.ts';

const KINDS: Readonly<Record<Suggestion['kind'], CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  number: CompletionItemKind.Value,
  vector: CompletionItemKind.Constant,
  field: CompletionItemKind.Field,
  value: CompletionItemKind.EnumMember,
  template: CompletionItemKind.Snippet,
};

/** Words that follow each other are offered as soon as a blank or a mark has been typed, paths behind a quotation mark and a `/`. */
export const COMPLETION_TRIGGERS = [' ', ':', ',', '.', '"', '/'];

export const completionProvider: CompletionItemProvider = {
  async provideCompletionItems(document, position) {
    const paths = await pathCompletions(document, position);
    if (paths) return paths;
    const { start, suggestions } = complete(treeOf(document), position.line, position.character);
    const range = new Range(position.line, start, position.line, position.character);
    return suggestions.map((suggestion, order) => {
      const item = new CompletionItem(suggestion.label, KINDS[suggestion.kind]);
      item.range = range;
      item.sortText = String(order).padStart(4, '0');
      if (suggestion.detail) item.detail = suggestion.detail;
      if (suggestion.snippet) item.insertText = new SnippetString(suggestion.snippet);
      if (suggestion.doc) item.documentation = new MarkdownString(suggestion.doc);
      return item;
    });
  },
};
