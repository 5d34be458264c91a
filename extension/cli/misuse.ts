import { nearest } from '../scenario/suggest.ts';

/** A word that is none of those that are known: with the one that may have been meant. */
export function unknown(what: string, word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? `no ${what} '${word}'` : `no ${what} '${word}'; did you mean ${near}?`;
}

/** What is wrong with the arguments of a command, as `parseArgs` found it; undefined when the error is another one. */
export function misuse(error: unknown, usage: string): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!code?.startsWith('ERR_PARSE_ARGS_')) {
    return undefined;
  }
  const named = /'(-[^' ]*)/.exec(message)?.[1] ?? '';
  const options = [...new Set(usage.match(/--[\w-]+/g) ?? [])];
  const what =
    code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
      ? unknown('option', named, options)
      : options.includes(named) && message.includes('missing')
        ? `${named} needs a value`
        : message;
  return `${what}\nusage: ${usage}`;
}
