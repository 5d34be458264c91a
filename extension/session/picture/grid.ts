/** The 256 vectors of a vCPU as the inspector draws them: row = high digit, column = low digit, a letter for each register. */
import type { VcpuView, VectorWords } from '../protocol.ts';
import { dim, run, type Sheet } from './sheet.ts';

const CELL = 11;
const SIDE = 16;
/** Room for the digits in front and above. */
const HEAD = 12;

export const GRID_SIZE = HEAD + SIDE * CELL + 1;

export const GRID_LEGEND =
  'Grid: row = high digit of the vector, column = low digit; P in PIR, R in IRR, S in ISR (the last that holds it); a frame marks what the step changed.';

const has = (words: VectorWords | undefined, vector: number): boolean =>
  (((words?.[vector >>> 5] ?? 0) >>> (vector & 31)) & 1) === 1;

/** ISR over IRR over PIR: what came farthest. */
function letterOf({ isr, irr, pid }: VcpuView, vector: number): 'S' | 'R' | 'P' | undefined {
  if (has(isr, vector)) return 'S';
  if (has(irr, vector)) return 'R';
  return has(pid?.pir, vector) ? 'P' : undefined;
}

export function vectorGrid(sheet: Sheet, x: number, y: number, vcpu: VcpuView): void {
  const [left, top] = [x + HEAD, y + HEAD];
  const changed = new Set(Object.values(vcpu.changedVectors).flat());
  for (let n = 0; n < SIDE; n++) {
    const digit = dim(n.toString(16));
    sheet.letter(left + (n + 0.5) * CELL, top - 3, 9, digit);
    sheet.letter(left - 5, top + (n + 0.8) * CELL, 9, digit);
    if (n > 0) {
      sheet.box({ x: left + n * CELL, y: top, width: 1, height: SIDE * CELL, fill: 'tint' });
      sheet.box({ x: left, y: top + n * CELL, width: SIDE * CELL, height: 1, fill: 'tint' });
    }
  }
  sheet.box({ x: left + 0.5, y: top + 0.5, width: SIDE * CELL, height: SIDE * CELL, stroke: 'line' });
  for (let vector = 0; vector < SIDE * SIDE; vector++) {
    const letter = letterOf(vcpu, vector);
    const [column, row] = [vector & 15, vector >>> 4];
    const cell = { x: left + column * CELL, y: top + row * CELL, width: CELL, height: CELL };
    if (letter === 'S') sheet.box({ ...cell, fill: 'ink' });
    else if (letter === 'R') sheet.box({ ...cell, fill: 'tint' });
    if (letter) {
      sheet.letter(
        cell.x + CELL / 2 + 0.5,
        cell.y + CELL - 2,
        9,
        run(letter, letter === 'S' ? 'paper' : 'ink', { bold: true }),
      );
    }
    if (changed.has(vector)) {
      if (!letter) sheet.letter(cell.x + CELL / 2 + 0.5, cell.y + CELL - 2, 9, dim('−'));
      sheet.box({ ...cell, x: cell.x + 0.5, y: cell.y + 0.5, stroke: 'mark' });
    }
  }
}
