import { explainWords } from '../decode/explanation.ts';
import { encodeFields } from '../decode/fieldValues.ts';
import { toText } from '../decode/print.ts';
import { hex } from '../formats/bits.ts';
import { EXIT, type Io } from './io.ts';

export const ENCODE_USAGE = 'irqscope encode FORMAT FIELD=VALUE… [--json]';

/**
 * `irqscope encode`: a value from fields, e.g. `encode icr vector=0xfd shorthand=all-but-self`.
 * Exit code 2 for a wrong format, field or value.
 */
export async function encodeCommand(args: readonly string[], io: Io): Promise<number> {
  const json = args.includes('--json');
  const [format, ...settings] = args.filter(arg => arg !== '--json');
  if (format === undefined || format.startsWith('-')) {
    io.err(`usage: ${ENCODE_USAGE}`);
    return EXIT.unusable;
  }
  const encoded = encodeFields(format, settings);
  if (typeof encoded === 'string') {
    io.err(encoded);
    return EXIT.unusable;
  }
  const explanation = explainWords(encoded.format, encoded.words);
  const value = encoded.format.width === 96 ? explanation.value : hex(encoded.words, encoded.format.width);
  io.out(json ? `${JSON.stringify({ value, explanation }, null, 2)}` : `${value}\n${toText(explanation).trimEnd()}`);
  return EXIT.ok;
}
