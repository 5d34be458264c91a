/** `irqscope import`: a list or a diagram of a commit message as a scenario. */
import { parseArgs } from 'node:util';
import { importDiagram } from '../scenario/importDiagram.ts';
import { readText } from './files.ts';
import { EXIT, type Io } from './io.ts';

export const IMPORT_USAGE = 'irqscope import [FILE|-]';

/** Without a file, standard input. Exit code 1 when a step stands in the scenario only as a comment. */
export async function importCommand(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
  const [file = '-'] = positionals;
  if (positionals.length > 1) {
    io.err(`name one file: ${IMPORT_USAGE}`);
    return EXIT.unusable;
  }
  const imported = importDiagram(file === '-' ? await io.readStdin() : await readText(file));
  if (imported.kind === 'unusable') {
    io.err(`${file}: ${imported.reason}`);
    return EXIT.unusable;
  }
  io.out(imported.text.trimEnd());
  if (imported.notUnderstood === 0) {
    return EXIT.ok;
  }
  io.err(`${file}: ${imported.notUnderstood} of ${imported.entries} steps were not understood`);
  return EXIT.failed;
}
