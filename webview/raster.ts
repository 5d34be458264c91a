import type { Drawing, Run, Shape } from '../extension/session/protocol.ts';

/** Pixels of the picture per CSS pixel: sharp on paper and on dense screens. */
const DENSITY = 2;
/** What every browser can still allocate as one side of a canvas. */
const LONGEST = 16_000;

const FACES = {
  mono: "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  sans: "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
} as const;

type Text = Extract<Shape, { kind: 'text' }>;

function drawText(
  context: CanvasRenderingContext2D,
  { x, y, size, face, centred, runs }: Text,
  colours: Drawing['colours'],
): void {
  const font = ({ bold }: Run) => `${bold ? 700 : 400} ${size}px ${FACES[face]}`;
  context.textAlign = centred ? 'center' : 'left';
  let at = x;
  for (const run of runs) {
    context.font = font(run);
    context.fillStyle = colours[run.ink];
    context.fillText(run.text, at, y);
    const { width } = context.measureText(run.text);
    if (run.struck) context.fillRect(at, y - size * 0.3, width, 1);
    at += width;
  }
}

/** Draws without loading anything: an image of the SVG would need a hole in the page's policy. */
export function pngOf({ width, height, colours, shapes }: Drawing): Promise<Blob> {
  const canvas = document.createElement('canvas');
  const scale = Math.min(DENSITY, LONGEST / width, LONGEST / height);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  for (const shape of shapes) {
    if (shape.kind === 'text') {
      drawText(context, shape, colours);
      continue;
    }
    const box = [shape.x, shape.y, shape.width, shape.height] as const;
    if (shape.fill) {
      context.fillStyle = colours[shape.fill];
      context.fillRect(...box);
    } else if (shape.stroke) {
      context.strokeStyle = colours[shape.stroke];
      context.strokeRect(...box);
    }
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('the canvas is too large'))), 'image/png'),
  );
}

/** The bytes as base 64. */
export async function base64Of(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** Milliseconds that VS Code may take to bring the focus to the view. */
const PATIENCE = 1_000;
const LOOK_EVERY = 50;

/** Only a page that has the keyboard may fill the clipboard; a command that was picked from the palette leaves it there. */
async function focused(): Promise<void> {
  for (let waited = 0; waited < PATIENCE && !document.hasFocus(); waited += LOOK_EVERY) {
    window.focus();
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY));
  }
}

/** False when the browser takes no picture, or not from here. */
export async function copyImage(blob: Blob): Promise<boolean> {
  try {
    await focused();
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
    return true;
  } catch {
    return false;
  }
}
