import type { Definition, Definitions } from './evaluate.ts';
import type { Lines } from './lines.ts';

/** Definitions after this many lines are not looked for. */
const MAX_LINES = 60_000;

const DEFINE = /^\s*#\s*define\s+([A-Za-z_]\w*)(?:\(([\w\s,]*)\))?[ \t]+(\S.*)$/;
const ENUMERATOR = /^\s*([A-Z][A-Z\d_]*)\s*=\s*([^,;={}]+),?\s*(?:\/[/*].*)?$/;

function withoutComment(body: string): string {
  return body.replace(/\/\*.*?(?:\*\/|$)|\/\/.*$/g, ' ').trim();
}

function scan(lines: Lines): Map<string, Definition> {
  const out = new Map<string, Definition>();
  const last = Math.min(lines.count, MAX_LINES);
  for (let n = 0; n < last; n++) {
    let line = lines.at(n);
    if (line.length > 400 || !/#|=/.test(line)) continue;
    while (line.endsWith('\\') && n + 1 < last && line.length < 2000) line = `${line.slice(0, -1)} ${lines.at(++n)}`;
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
  return out;
}

/** The `#define`s and `NAME = value` enumerators of a text. The text is read when the first unknown name is asked for. */
export function definitionsOf(lines: Lines): Definitions {
  let found: Map<string, Definition> | undefined;
  return {
    get: name => {
      // Names of variables are never constants here, and they are what most expressions hold.
      if (!/^[A-Z_][A-Z\d_]*$/.test(name)) return undefined;
      found ??= scan(lines);
      return found.get(name);
    },
  };
}
