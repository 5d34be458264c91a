import type { Explanation, Row } from './explanation.ts';

const WIDTH = 72;

/** Backslash before everything that Markdown could read as markup. */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|~&$!]/g, '\\$&').replace(/\s+/g, ' ');
}

/** Inside a fence nothing is markup but the fence itself. */
function fenced(lines: readonly string[]): string {
  return `\`\`\`text\n${lines.map(line => line.replaceAll('`', "'")).join('\n')}\n\`\`\``;
}

function wrap(text: string, first: string, next: string): string[] {
  const out: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      out.push(line);
      line = next;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...out, line];
}

function cells(rows: readonly Row[]): string[] {
  const column = (of: (row: Row) => string) => Math.max(...rows.map(row => of(row).length));
  const bits = column(row => row.bits);
  const name = column(row => row.field);
  const value = column(row => row.value);
  return rows.flatMap(row => {
    const mark = row.illegal ? '!' : ' ';
    const head = `${mark} ${bits ? `${row.bits.padStart(bits)}  ` : ''}${row.field.padEnd(name)}  ${row.value.padEnd(value)}  `;
    return wrap(row.meaning, head, ' '.repeat(Math.min(head.length, 40))).map(line => line.trimEnd());
  });
}

const SIGNS = { error: 'error', warning: 'warning', note: 'note' } as const;

/**
 * Markdown for a hover: first the meaning, then what is wrong, then the fields. Every foreign text is escaped; `more` is Markdown
 * that stands before the source.
 */
export function toMarkdown(e: Explanation, more = ''): string {
  const value = e.value ? ` \`${e.value.replaceAll('`', "'")}\`` : '';
  const problems = e.problems.map(p => `- **${SIGNS[p.severity]}**: ${escaped(p.text)} *(${escaped(p.source)})*`);
  const parts = [
    `${escaped(e.meaning)}  \n**${escaped(e.title)}**${value}`,
    problems.join('\n'),
    e.rows.length > 0 ? fenced(cells(e.rows)) : '',
    e.notes.map(note => `- ${escaped(note)}`).join('\n'),
    more,
    `*${escaped(e.source)}*`,
  ];
  return parts.filter(part => part !== '').join('\n\n');
}

/** Plain text for a terminal or a mail, at most 72 columns as far as the words allow. */
export function toText(e: Explanation): string {
  const out = [...wrap(`${e.title}${e.value ? ` ${e.value}` : ''}`, '', '  '), ...wrap(e.meaning, '  ', '  ')];
  out.push(...(e.rows.length > 0 ? cells(e.rows) : []));
  for (const p of e.problems) out.push(...wrap(`${SIGNS[p.severity]}: ${p.text} (${p.source})`, '  ', '    '));
  for (const note of e.notes) out.push(...wrap(note, '  - ', '    '));
  return `${out.join('\n')}\n`;
}
