/** Narrower terminals are rare, and nothing can be read there. */
const NARROWEST = 40;

/** A line in pieces that fit a terminal; the further ones stand a little more to the right. Unchanged when it goes nowhere near a terminal. */
export function fitted(line: string, columns: number | undefined): string {
  if (columns === undefined || columns < NARROWEST || line.length <= columns) {
    return line;
  }
  // Under the last column that two blanks set off.
  const gaps = [...line.slice(0, columns / 2).matchAll(/^ +| {2,}/g)];
  const last = gaps.at(-1);
  const indent = ' '.repeat(last === undefined ? 2 : last.index + last[0].length + 2);
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const blank = rest.lastIndexOf(' ', columns);
    const at = blank > indent.length ? blank : columns;
    lines.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, rest].join('\n');
}

/** Names in lines of at most `columns`, each behind `indent`. */
export function listed(names: readonly string[], indent: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  names.forEach((name, i) => {
    const word = i < names.length - 1 ? `${name},` : name;
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? indent + word : `${line} ${word}`;
  });
  return line === '' ? lines : [...lines, line];
}
