import { toText } from '../decode/print.ts';
import { type Asked, explainEach, formatIds, type Reading } from '../decode/values.ts';
import { annotateInput } from './annotateInput.ts';
import { EXIT, type Io } from './io.ts';
import { scan } from './scan.ts';

export const DECODE_USAGE =
  'irqscope decode VALUE… [--as FORMAT] [--json] | - [--json] | --files PATH… [--json] | --formats';

interface Options {
  readonly values: readonly string[];
  readonly format: string | undefined;
  readonly json: boolean;
  readonly files: boolean;
}

/** The options, or a sentence about what is wrong with them. */
function optionsOf(args: readonly string[]): Options | string {
  const values: string[] = [];
  let format: string | undefined;
  let json = false;
  let files = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--json') json = true;
    else if (arg === '--files') files = true;
    else if (arg === '--as' && args[i + 1] !== undefined) format = args[++i];
    else if (arg.startsWith('--')) return arg === '--as' ? '--as: name a format' : `unknown option ${arg}`;
    else values.push(arg);
  }
  if (values.length === 0) return 'name a value, -, or --files and a path';
  const text = files || values.includes('-');
  if (text && format !== undefined) return '--as reads values; in a text the surroundings say what a value is';
  if (!files && values.length > 1 && values.includes('-')) return '- stands alone';
  return { values, format, json, files };
}

/**
 * `irqscope decode`: explains values, or annotates a text from standard input (`input`).
 * `-` is standard input, `--files` reads files and trees. Exit code 1 when nothing could be decoded, 2 for what is no
 * value, no format or no option.
 */
export async function decodeCommand(
  args: readonly string[],
  io: Io,
  input: AsyncIterable<Uint8Array | string> = process.stdin,
): Promise<number> {
  if (args.includes('--formats')) {
    io.out(formatIds().join('\n'));
    return EXIT.ok;
  }
  const options = optionsOf(args);
  if (typeof options === 'string') {
    io.err(`${options}\nusage: ${DECODE_USAGE}`);
    return EXIT.unusable;
  }
  const { values, format, json, files } = options;
  if (files) return scan(values, json, io);
  if (values[0] === '-') return annotateInput(input, json, io);
  const asked = explainEach(values, format);
  for (const each of asked) if ('error' in each) io.err(each.error);
  const answered = asked.flatMap(each => ('error' in each ? [] : [each.readings]));
  if (json && answered.length > 0) io.out(JSON.stringify(answered.flat(), null, 2));
  else for (const readings of answered) print(readings, format === undefined, io);
  return Math.max(...asked.map(exitCode));
}

function exitCode(asked: Asked): number {
  if (!('error' in asked)) return EXIT.ok;
  return asked.none ? EXIT.failed : EXIT.unusable;
}

/** The likeliest reading; `guessed`: also why, and the others. */
function print([first, ...others]: readonly Reading[], guessed: boolean, io: Io): void {
  io.out(toText(first.explanation).trimEnd());
  if (!guessed) return;
  const also = others.length > 0 ? '; also possible, with --as:' : '';
  io.out(`  read as ${first.format}: ${first.reason}${also}`);
  for (const other of others) io.out(`    ${other.format.padEnd(18)} ${other.explanation.meaning}`);
}
