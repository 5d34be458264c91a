import type { Timeline } from './model.ts';

export const LANE_HEIGHT = 15;
/** Height of the ruler that names the lines of the scenario. */
export const RULER_HEIGHT = 14;

/** The lane of all agents that have none of their own. */
export const OTHERS = '';

export interface Drawing {
  readonly first: number;
  readonly last: number;
  /** CSS pixels per step. */
  readonly pitch: number;
  readonly position: number;
  /** Names of the agents drawn, from top to bottom. */
  readonly lanes: readonly string[];
  readonly timeline: Timeline;
}

/** Marks and their glyphs; of several marks the first in this order is drawn. */
export const GLYPHS: readonly (readonly [mark: string, glyph: string])[] = [
  ['failure', '!'],
  ['dropped', '×'],
  ['fault', 'F'],
  ['vm exit', 'X'],
  ['vm entry', 'E'],
  ['notification', 'N'],
  ['wake-up', 'W'],
  ['delivery', 'D'],
  ['expectation', '✓'],
  ['by hand', 'H'],
];

/** Glyph of a step, `•` for marks that have none; empty without marks. */
function markGlyph(marks: readonly string[]): string {
  return GLYPHS.find(([mark]) => marks.includes(mark))?.[1] ?? (marks.length > 0 ? '•' : '');
}

/** Colours come from the theme through the style sheet: a canvas cannot use variables. */
function palette(canvas: HTMLElement): Record<'step' | 'mark' | 'text' | 'dim' | 'here' | 'trouble', string> {
  const style = getComputedStyle(canvas);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    step: of('--t-step'),
    mark: of('--t-mark'),
    text: of('--t-text'),
    dim: of('--t-dim'),
    here: of('--t-here'),
    trouble: of('--t-trouble'),
  };
}

export function draw(canvas: HTMLCanvasElement, drawing: Drawing): void {
  const { first, last, pitch, position, lanes, timeline } = drawing;
  const ratio = window.devicePixelRatio;
  const width = canvas.clientWidth;
  const height = RULER_HEIGHT + lanes.length * LANE_HEIGHT;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const c = canvas.getContext('2d')!;
  const colour = palette(canvas);
  const font = getComputedStyle(canvas).fontFamily;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  c.textBaseline = 'middle';

  const row = new Map(lanes.map((lane, i) => [lane, i]));
  c.fillStyle = colour.dim;
  for (let i = 0; i < lanes.length; i++) {
    c.fillRect(0, RULER_HEIGHT + i * LANE_HEIGHT + LANE_HEIGHT / 2, (last - first + 1) * pitch, 1);
  }

  if (position >= first && position <= last) {
    c.fillStyle = colour.here;
    c.fillRect((position - first) * pitch, 0, pitch, height);
  }

  let line = -1;
  let labelEnd = 0;
  for (let n = first; n <= last; n++) {
    const step = timeline.steps.get(n);
    if (!step) continue;
    const x = (n - first) * pitch;
    if (step.line !== line) {
      line = step.line;
      c.fillStyle = colour.text;
      c.fillRect(x, RULER_HEIGHT - 4, 1, 4);
      c.font = `10px ${font}`;
      const label = String(line);
      if (line > 0 && x >= labelEnd) {
        c.fillText(label, x + 1, RULER_HEIGHT / 2 - 2);
        labelEnd = x + 5 + c.measureText(label).width;
      }
    }
    const i = row.get(timeline.lanes[step.lane]) ?? row.get(OTHERS);
    if (i === undefined) continue;
    const top = RULER_HEIGHT + i * LANE_HEIGHT;
    const glyph = markGlyph(step.marks);
    const inset = pitch > 4 ? 1 : 0;
    const isTrouble = glyph === '!' || glyph === '×' || glyph === 'F';
    c.fillStyle = isTrouble ? colour.trouble : glyph === '' ? colour.step : colour.mark;
    if (glyph === '') {
      c.fillRect(x + inset, top + 4, pitch - 2 * inset, LANE_HEIGHT - 7);
    } else if (pitch < 8) {
      // No room for a letter: a mark is taller than a step, and a trouble is broken in two.
      c.fillRect(x + inset, top + 1, pitch - 2 * inset, LANE_HEIGHT - 2);
      if (isTrouble) c.clearRect(x + inset, top + LANE_HEIGHT - 6, pitch - 2 * inset, 2);
    } else {
      c.font = `bold 11px ${font}`;
      c.textAlign = 'center';
      c.fillText(glyph, x + pitch / 2, top + LANE_HEIGHT / 2 + 1);
      c.textAlign = 'left';
    }
  }
  if (position >= first && position <= last) {
    c.strokeStyle = colour.text;
    c.lineWidth = 1;
    c.strokeRect((position - first) * pitch + 0.5, 0.5, pitch - 1, height - 1);
  }
}
