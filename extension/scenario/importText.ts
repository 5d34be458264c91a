/** Pasted text to entries: who acts, in which words, in which order. Knows lists and columns, not what the words mean. */

/** One step of the text. `agent` is the heading or leading name as it stands there, '' where nobody is named. */
export interface Entry {
  readonly agent: string;
  readonly text: string;
  /** Blanks in front of the words within the column: deeper entries belong to the one above. */
  readonly depth: number;
}

export interface Reading {
  /** Lines that stand before the first entry, or below a diagram: what the text is about. */
  readonly title: readonly string[];
  readonly entries: readonly Entry[];
  /** Printed by `irqscope diagram`. */
  readonly own: boolean;
}

interface Column {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

interface Cell {
  readonly text: string;
  readonly start: number;
}

/** Names of agents as headings and leading names have them. */
const AGENT =
  '(?:[vp]?cpu[ #_-]*\\d{1,4}|vmm|qemu|user ?space|kvm|host|guest|iommu|vt-d|device|nic|sender|receiver|target|(?:task|thread|cpu|vcpu) [a-z]\\b)';
const HEADING = new RegExp(`^\\(?${AGENT}(?: ?\\([^)]{0,40}\\))?\\)?:?$`, 'i');
const LEADING = new RegExp(`^\\[?(${AGENT})\\]?(?:\\s*(?::|->|=>|--?(?=\\s))\\s*|\\s+(?=\\S))(.+)$`, 'i');
const RULE = /^[-=_~]{2,}$/;
const NUMBER = /^(?:\(?\d{1,3}[.)\]:]|\(?[A-Za-z]\d{1,2}[.)\]:]|[-*•o](?=\s))\s*/;
const OWN_AGENT = /^(?:vcpu \d+|cpu \d+|host threads|[a-z][\w.-]*)$/;

/** Every run begins by naming an operation; what people write does not. */
const isOwn = ([first, second]: readonly Entry[]) =>
  first?.depth === 0 && first.text.endsWith(':') && second?.depth === 1;

/** Mail quotes, tabs and what no text has in it are gone; line ends are those of an editor. */
function linesOf(text: string): string[] {
  return text
    .replaceAll('\0', ' ')
    .split(/\r\n|\n|\r/)
    .map(line =>
      untabbed(line.replace(/^(?:> ?)+/, '').replace(/^[#|]? ?\*? (?=\s)/, match => ' '.repeat(match.length))),
    )
    .map(line => line.trimEnd());
}

function untabbed(line: string): string {
  let result = '';
  for (const char of line) {
    result += char === '\t' ? ' '.repeat(8 - (result.length % 8)) : char;
  }
  return result;
}

/** Pieces of a line that two blanks or a bar separate. */
function cellsOf(line: string): Cell[] {
  const cells: Cell[] = [];
  for (const match of line.matchAll(/[^\s|](?:[^\s|]| (?![\s|]))*/g)) {
    cells.push({ text: match[0], start: match.index });
  }
  return cells;
}

/** The columns that a line opens: names of agents and nothing else, or any words over rules of dashes. */
function headingsAt(lines: readonly string[], at: number): readonly Column[] | undefined {
  const cells = cellsOf(lines[at]);
  const under = cellsOf(lines[at + 1] ?? '');
  const ruled = cells.length > 0 && under.length === cells.length && under.every(({ text }) => RULE.test(text));
  const named = cells.every(({ text }) => HEADING.test(text));
  if (cells.length === 0 || !(ruled || (named && cells.length > 1))) return undefined;
  return cells.map(({ text, start }) => ({ name: text.replace(/:$/, ''), start, end: start + text.length }));
}

/** Headings may be centred over their columns: half of the gap before a heading belongs to it. */
function columnOf(columns: readonly Column[], start: number): number {
  let found = 0;
  for (let i = 1; i < columns.length; i++) {
    const slack = Math.min(8, Math.floor((columns[i].start - columns[i - 1].end) / 2));
    if (start >= columns[i].start - slack) found = i;
  }
  return found;
}

export function readImported(text: string): Reading {
  const lines = linesOf(text);
  const first = lines.findIndex(line => line !== '');
  const heading = first < 0 ? undefined : headingsAt(lines, first);
  if (heading?.every(({ name }) => OWN_AGENT.test(name)) && /^-+(?: +-+)*$/.test((lines[first + 1] ?? '').trim())) {
    const entries = ownColumns(lines.slice(first + 2), heading);
    if (isOwn(entries)) return { title: [], entries, own: true };
  }
  const list = ownList(lines.filter(line => line !== ''));
  return list ? { title: [], entries: list, own: true } : others(lines);
}

/** Rows of `layOut`: an operation and a colon at the margin of the column, sentences one blank deeper, what goes on deeper still. */
function ownColumns(lines: readonly string[], columns: readonly Column[]): Entry[] {
  const entries: Entry[] = [];
  const width = columns.length > 1 ? columns[1].start - columns[0].start - 2 : 72;
  let full = false;
  for (const line of lines) {
    if (line === '') continue;
    const start = line.length - line.trimStart().length;
    const column = columns.map(each => start >= each.start).lastIndexOf(true);
    const depth = start - columns[Math.max(column, 0)].start;
    const last = entries[entries.length - 1];
    const words = line.trim();
    const goesOn = last !== undefined && (depth > 1 || (depth === 1 && last.depth === 0 && !last.text.endsWith(':')));
    if (goesOn) {
      // A word that alone fills its line was broken.
      entries[entries.length - 1] = { ...last, text: `${last.text}${full ? '' : ' '}${words}` };
    } else {
      entries.push({ agent: columns[Math.max(column, 0)].name, text: words, depth });
    }
    full = depth + words.length === width && !words.includes(' ');
  }
  return entries;
}

/** The list that `layOut` prints when columns would be too narrow. */
function ownList(lines: readonly string[]): Entry[] | undefined {
  const entries: Entry[] = [];
  for (const line of lines) {
    const [, agent, text] = /^(vcpu \d+|cpu \d+|host threads|[\w-]+): (\S.*)$/.exec(line) ?? [];
    if (agent !== undefined) {
      entries.push({ agent, text, depth: text.endsWith(':') ? 0 : 1 });
    } else if (/^ {3}\S/.test(line) && entries.length > 0) {
      const last = entries[entries.length - 1];
      entries[entries.length - 1] = { ...last, text: `${last.text} ${line.trim()}` };
    } else {
      return undefined;
    }
  }
  return isOwn(entries) ? entries : undefined;
}

function others(lines: readonly string[]): Reading {
  const title: string[] = [];
  const entries: Entry[] = [];
  let columns: readonly Column[] | undefined;
  const numbers = lines.some(line => NUMBER.test(line.trim()));
  /** The entry above goes on in lines without a number. */
  let open = false;
  /** An empty line came last: the diagram may be over. */
  let below = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const words = line.trim();
    if (words === '') {
      open = false;
      below = true;
      continue;
    }
    const opened = headingsAt(lines, at);
    if (opened) {
      // What led there was about the diagram, even where it begins like a step: `KVM: VMX: Fix …`, `vCPU 1 may miss …`.
      if (opened.length > 1 && !numbers && entries.splice(0).length > 0) {
        title.splice(0, title.length, ...lines.slice(0, at).flatMap(each => each.trim() || []));
      }
      columns = opened;
      open = false;
      below = false;
      continue;
    }
    if (/^[-=_~|+.\s]+$/.test(words)) continue;
    if (columns && !(below && isProse(line, columns)) && !(/^\S/.test(line) && /^[A-Z][a-z]+ .{50}/.test(line))) {
      below = false;
      for (const cell of cellsOf(line)) place(columns, cell, entries);
      continue;
    }
    if (columns && columns.length > 1 && entries.length > 0 && !numbers) {
      title.push(...lines.slice(at).flatMap(each => each.trim() || []));
      break;
    }
    columns = undefined;
    const numbered = NUMBER.test(words);
    const depth = line.length - line.trimStart().length;
    const { agent, text } = named(words.replace(NUMBER, ''));
    if (numbered || (agent !== '' && (entries.length > 0 || !numbers))) {
      entries.push({ agent, text, depth });
      open = true;
    } else if (open) {
      const last = entries[entries.length - 1];
      entries[entries.length - 1] = { ...last, text: `${last.text} ${words}` };
    } else if (entries.length === 0) {
      title.push(words);
    } else {
      entries.push({ agent: '', text: words, depth });
    }
  }
  return { title, entries: entries.filter(({ text }) => text !== ''), own: false };
}

/** Below a diagram: words of a sentence, which stay left of the columns or go across them. */
function isProse(line: string, columns: readonly Column[]): boolean {
  const cells = cellsOf(line);
  const start = line.length - line.trimStart().length;
  const across = columns.length > 1 && start + line.trim().length > columns[1].start && columnOf(columns, start) === 0;
  const words = line.trim().split(/\s+/).length;
  return cells.length === 1 && words > 4 && (start < columns[0].start || (across && words > 7));
}

function place(columns: readonly Column[], { text, start }: Cell, entries: Entry[]): void {
  const column = columnOf(columns, start);
  const { text: words } = { text: text.replace(NUMBER, '').trim() };
  if (words !== '' && !RULE.test(words)) {
    entries.push({ agent: columns[column].name, text: words, depth: Math.max(0, start - columns[column].start) });
  }
}

/** `vCPU1: enters the guest`, `vCPU1 enters the guest`. */
function named(text: string): { agent: string; text: string } {
  const match = LEADING.exec(text);
  return match ? { agent: match[1], text: match[2] } : { agent: '', text };
}
