// Sizes of what ships against test/budgets.json, in bytes.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

/** @returns {{ passed: number, failed: number }} */
export function checkBudgets() {
  /** @type {Record<string, number>} */
  const budgets = JSON.parse(readFileSync(path.join(root, 'test/budgets.json'), 'utf8'));
  let failed = 0;
  for (const [file, limit] of Object.entries(budgets)) {
    const size = statSync(path.join(root, file), { throwIfNoEntry: false })?.size;
    const fits = size !== undefined && size <= limit;
    if (!fits) failed++;
    console.log(`${fits ? 'ok  ' : 'FAIL'} ${file.padEnd(28)} ${size ?? 'missing'} of ${limit} bytes`);
  }
  return { passed: Object.keys(budgets).length - failed, failed };
}
