import type { Definition, Definitions } from './evaluate.ts';
import type { Lines } from './lines.ts';

/** Definitions after this many lines are not looked for. */
const MAX_LINES = 60_000;

const DEFINE = /^\s*#\s*define\s+([A-Za-z_]\w*)(?:\(([\w\s,]*)\))?[ \t]+(\S.*)$/;
const ENUMERATOR = /^\s*([A-Z][A-Z\d_]*)\s*=\s*([^,;={}]+),?\s*(?:\/[/*].*)?$/;

function withoutComment(body: string): string {
  return body.replace(/\/\*.*?(?:\*\/|$)|\/\/.*$/g, ' ').trim();
}

/** Adds what is defined on lines from to `to` (exclusive); later definitions of a name replace earlier ones. */
function collect(out: Map<string, Definition>, lines: Lines, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    let line = lines.at(n);
    if (line.length > 400 || !/#|=/.test(line)) continue;
    while (line.endsWith('\\') && n + 1 < to && line.length < 2000) line = `${line.slice(0, -1)} ${lines.at(++n)}`;
    const define = DEFINE.exec(line);
    if (define) {
      const [, name, params, body] = define;
      const clean = withoutComment(body);
      out.set(
        name,
        params === undefined ? { body: clean } : { params: params.split(',').map(p => p.trim()), body: clean },
      );
      continue;
    }
    const enumerator = ENUMERATOR.exec(line);
    if (enumerator) out.set(enumerator[1], { body: withoutComment(enumerator[2]) });
  }
}

/** Names of variables are never constants here, and they are what most expressions hold. */
function isConstant(name: string): boolean {
  return /^[A-Z_][A-Z\d_]*$/.test(name);
}

/** The `#define`s and `NAME = value` enumerators of a text. The text is read when the first unknown name is asked for. */
export function definitionsOf(lines: Lines): Definitions {
  let found: Map<string, Definition> | undefined;
  return {
    get: name => {
      if (!isConstant(name)) return undefined;
      if (!found) collect((found = new Map()), lines, 0, Math.min(lines.count, MAX_LINES));
      return found.get(name);
    },
  };
}

/** The same for a text that comes in parts: each part is read once, with `add`. */
export function growingDefinitions(): Definitions & { add(lines: Lines, from: number, to: number): void } {
  const found = new Map<string, Definition>();
  return {
    get: name => (isConstant(name) ? found.get(name) : undefined),
    add: (lines, from, to) => collect(found, lines, from, Math.min(to, MAX_LINES)),
  };
}
