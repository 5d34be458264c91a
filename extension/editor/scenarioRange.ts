import { Range } from 'vscode';
import type { Range as ScenarioRange } from '../scenario/program.ts';

export function toRange({ line, start, end }: ScenarioRange): Range {
  return new Range(line, start, line, end);
}
