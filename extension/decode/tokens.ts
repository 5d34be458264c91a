/** One C token with its place in the text: [start, end). */
export interface Token {
  readonly kind: 'number' | 'name' | 'punctuator' | 'string';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

// A sticky alternation: one token a match, no backtracking across tokens, so time is linear in the text.
const TOKEN =
  /\s+|\/\/.*|\/\*[\s\S]*?(?:\*\/|$)|([A-Za-z_]\w*)|(0[xX][\da-fA-F](?:[\da-fA-F_']*[\da-fA-F])?[uUlL]*|\d[\d']*[uUlL]*)(?![\w.])|("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|(<<=|>>=|->|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}[\]#])|[\s\S]/y;

/** A statement of more tokens is no statement that a person wrote; the rest is left out to bound the time. */
const MAX_TOKENS = 800;

/** Tokens of a piece of C, comments and white space left out. Never fails: what is no C is skipped. */
export function tokenize(text: string): Token[] {
  const out: Token[] = [];
  TOKEN.lastIndex = 0;
  let match: RegExpExecArray | null;
  while (out.length < MAX_TOKENS && TOKEN.lastIndex < text.length && (match = TOKEN.exec(text))) {
    const kind = match[1] ? 'name' : match[2] ? 'number' : match[3] ? 'string' : match[4] ? 'punctuator' : undefined;
    if (kind) out.push({ kind, text: match[0], start: match.index, end: TOKEN.lastIndex });
  }
  return out;
}
