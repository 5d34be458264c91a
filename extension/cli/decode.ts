import { annotate } from '../decode/annotate.ts';
import { linesOf } from '../decode/lines.ts';
import { toText } from '../decode/print.ts';
import { explainValues, formatIds } from '../decode/values.ts';
import { EXIT, type Io } from './io.ts';
import { scan } from './scan.ts';

export const DECODE_USAGE = 'irqscope decode VALUE… | - | --files PATH… | --formats [--as FORMAT] [--json]';

/**
 * `irqscope decode`: explains values, or annotates a text from standard input.
 * `-` is standard input, `--files` reads files and trees. Exit code 1 when nothing could be decoded.
 */
export async function decodeCommand(args: readonly string[], io: Io): Promise<number> {
  const values: string[] = [];
  let format: string | undefined;
  let json = false;
  let files = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--json') json = true;
    else if (arg === '--files') files = true;
    else if (arg === '--formats') return listFormats(io);
    else if (arg === '--as' && args[i + 1] !== undefined) format = args[++i];
    else if (arg.startsWith('--')) return usage(io);
    else values.push(arg);
  }
  if (values.length === 0) return usage(io);
  if (files) return scan(values, json, io);
  if (values.length === 1 && values[0] === '-') return annotateInput(await io.readStdin(), json, io);
  const asked = explainValues(values, format);
  if ('error' in asked) {
    io.err(asked.error);
    return EXIT.failed;
  }
  if (json) {
    io.out(JSON.stringify(asked.readings, null, 2));
    return EXIT.ok;
  }
  const [first, ...others] = asked.readings;
  io.out(toText(first.explanation).trimEnd());
  if (format === undefined && others.length === 0) io.out(`  read as ${first.format}: ${first.reason}`);
  if (others.length > 0) {
    io.out(`  read as ${first.format}: ${first.reason}; also possible, with --as:`);
    for (const other of others) io.out(`    ${other.format.padEnd(18)} ${other.explanation.meaning}`);
  }
  return EXIT.ok;
}

function usage(io: Io): number {
  io.err(`usage: ${DECODE_USAGE}`);
  return EXIT.unusable;
}

function listFormats(io: Io): number {
  io.out(formatIds().join('\n'));
  return EXIT.ok;
}

function annotateInput(text: string, json: boolean, io: Io): number {
  const found = annotate(text);
  if (json) {
    io.out(JSON.stringify(found, null, 2));
    return found.length > 0 ? EXIT.ok : EXIT.failed;
  }
  const lines = linesOf(text);
  const last = lines.at(lines.count - 1) === '' ? lines.count - 1 : lines.count;
  let next = 0;
  for (let n = 0; n < last; n++) {
    io.out(lines.at(n));
    for (; found[next]?.line === n + 1; next++) {
      const { text: what, explanation } = found[next];
      const wrong = explanation.problems.map(p => `; ${p.severity}: ${p.text}`).join('');
      const change = explanation.notes.find(note => note.startsWith('this patch: '));
      io.out(`  ^ ${what.replace(/\s+/g, ' ')}: ${explanation.meaning}${wrong}`);
      if (change && lines.at(n).startsWith('+')) io.out(`    ${change}`);
    }
  }
  return found.length > 0 ? EXIT.ok : EXIT.failed;
}
