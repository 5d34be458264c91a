import { candidateAt } from '../../../extension/decode/candidate.ts';
import type { Explanation } from '../../../extension/decode/explanation.ts';
import { findCandidates } from '../../../extension/decode/find.ts';
import { linesOf } from '../../../extension/decode/lines.ts';
import { explainValues } from '../../../extension/decode/values.ts';

/** What a hover at `^` says: `^` marks the character before which the pointer is and is taken out of the text. */
export function hoverAt(marked: string, languageId = 'c'): { range: string; explanation: Explanation } | undefined {
  const mark = marked.indexOf('^');
  const text = marked.slice(0, mark) + marked.slice(mark + 1);
  const line = text.slice(0, mark).split('\n').length - 1;
  const column = mark - (text.lastIndexOf('\n', mark - 1) + 1);
  const lines = linesOf(text);
  const found = candidateAt(findCandidates(lines, line, languageId), column);
  return found && { range: lines.at(line).slice(found.start, found.end), explanation: found.explain() };
}

/** All texts of a line that have a hover. */
export function offered(text: string, languageId = 'c', line = 0): string[] {
  const lines = linesOf(text);
  return findCandidates(lines, line, languageId).map(c => lines.at(line).slice(c.start, c.end));
}

/** The first reading of values, as the command line gives it. */
export function read(values: string, as?: string): Explanation {
  const asked = explainValues(values.split(' '), as);
  if ('error' in asked) throw new Error(asked.error);
  return asked.readings[0].explanation;
}

/** Meaning of one field of an explanation. */
export function row(explanation: Explanation, field: string): string | undefined {
  return explanation.rows.find(r => r.field === field)?.meaning;
}
