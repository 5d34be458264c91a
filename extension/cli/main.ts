/** The command line: one word chooses the command, each command stands in a file of its own. */
import { COMPARE_USAGE, compareCommand } from './compare.ts';
import { CONFORM_USAGE, conformCommand } from './conform.ts';
import { DAP_USAGE, dapCommand } from './dap.ts';
import { DECODE_USAGE, decodeCommand } from './decode.ts';
import { DIAGRAM_USAGE, diagramCommand } from './diagram.ts';
import { ENCODE_USAGE, encodeCommand } from './encode.ts';
import { EXPLORE_USAGE, exploreCommand } from './explore.ts';
import { IMPORT_USAGE, importCommand } from './import.ts';
import { EXIT, type Io } from './io.ts';
import { RUN_USAGE, runCommand } from './run.ts';

declare const __VERSION__: string;

const COMMANDS: Readonly<
  Record<string, { readonly usage: string; readonly run: (args: string[], io: Io) => Promise<number> }>
> = {
  run: { usage: RUN_USAGE, run: runCommand },
  explore: { usage: EXPLORE_USAGE, run: exploreCommand },
  dap: { usage: DAP_USAGE, run: dapCommand },
  compare: { usage: COMPARE_USAGE, run: compareCommand },
  diagram: { usage: DIAGRAM_USAGE, run: diagramCommand },
  import: { usage: IMPORT_USAGE, run: importCommand },
  decode: { usage: DECODE_USAGE, run: decodeCommand },
  encode: { usage: ENCODE_USAGE, run: encodeCommand },
  conform: { usage: CONFORM_USAGE, run: conformCommand },
};

const IO: Io = {
  out: text => process.stdout.write(`${text}\n`),
  err: text => process.stderr.write(`${text}\n`),
  readStdin: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) {
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString('utf8');
  },
};

function usage(): string {
  const lines = Object.values(COMMANDS).map(({ usage }) => `  ${usage}`);
  return ['usage:', ...lines, '  irqscope --version'].join('\n');
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') {
    IO.out(`irqscope ${__VERSION__}`);
    return EXIT.ok;
  }
  if (name === '--help' || name === 'help') {
    IO.out(usage());
    return EXIT.ok;
  }
  const command = COMMANDS[name ?? ''];
  if (command === undefined) {
    IO.err(name === undefined ? usage() : `irqscope: no command '${name}'\n${usage()}`);
    return EXIT.unusable;
  }
  try {
    return await command.run(rest, IO);
  } catch (error) {
    IO.err(`irqscope ${name}: ${(error as Error).message}`);
    return EXIT.unusable;
  }
}

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.unusable);
});

main(process.argv.slice(2)).then(code => {
  process.exitCode = code;
});
