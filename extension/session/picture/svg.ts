/** A drawing as a file of its own: text as text, no script, no font, nothing from elsewhere. */
import type { Drawing, Ink, Run, Shape } from '../protocol.ts';

/** In place of the drawing's colours on a dark screen; on paper the drawing's own hold. */
const DARK: Drawing['colours'] = {
  paper: '#1f1f1f',
  ink: '#e6e6e6',
  dim: '#a9b1ba',
  line: '#4a5058',
  tint: '#3a4048',
  mark: '#79b8ff',
  trouble: '#ff9b8a',
};

const FACES = {
  mono: "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  sans: "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
} as const;

const escaped = (text: string): string => text.replace(/[&<>"']/g, each => `&#${each.charCodeAt(0)};`);

/** Colours stand in the elements, for readers without style sheets, and by class, for those that know of dark screens. */
function styleOf(): string {
  const rules = Object.entries(DARK).map(([ink, colour]) => `.f-${ink}{fill:${colour}}.s-${ink}{stroke:${colour}}`);
  return `text{white-space:pre}@media screen and (prefers-color-scheme:dark){${rules.join('')}}`;
}

export function svgOf({ title, description, width, height, colours, shapes }: Drawing): string {
  const fill = (ink: Ink) => ` class="f-${ink}" fill="${colours[ink]}"`;
  const span = ({ text, ink, bold, struck }: Run) =>
    `<tspan${fill(ink)}${bold ? ' font-weight="700"' : ''}${struck ? ' text-decoration="line-through"' : ''}>${escaped(text)}</tspan>`;
  const element = (shape: Shape): string => {
    if (shape.kind === 'text') {
      const { x, y, size, face, centred, runs } = shape;
      const anchor = centred ? ' text-anchor="middle"' : '';
      return `<text x="${x}" y="${y}" font-size="${size}" font-family="${FACES[face]}"${anchor} xml:space="preserve">${runs.map(span).join('')}</text>`;
    }
    const { stroke } = shape;
    const inside = shape.fill
      ? fill(shape.fill)
      : ` class="s-${stroke}" fill="none" stroke="${colours[stroke ?? 'line']}"`;
    return `<rect x="${shape.x}" y="${shape.y}" width="${shape.width}" height="${shape.height}"${inside}/>`;
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
<title id="title">${escaped(title)}</title>
<desc id="desc">${escaped(description)}</desc>
<style>${styleOf()}</style>
${shapes.map(element).join('\n')}
</svg>
`;
}
