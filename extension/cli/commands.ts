/** The commands: one word chooses, each stands in a file of its own. */
import { COMPARE_USAGE, compareCommand } from './compare.ts';
import { CONFORM_USAGE, conformCommand } from './conform.ts';
import { DAP_USAGE, dapCommand } from './dap.ts';
import { DECODE_USAGE, decodeCommand } from './decode.ts';
import { DIAGRAM_USAGE, diagramCommand } from './diagram.ts';
import { ENCODE_USAGE, encodeCommand } from './encode.ts';
import { EXPLORE_USAGE, exploreCommand } from './explore.ts';
import { IMPORT_USAGE, importCommand } from './import.ts';
import { EXIT, type Io } from './io.ts';
import { misuse, unknown } from './misuse.ts';
import { RUN_USAGE, runCommand } from './run.ts';

const COMMANDS: ReadonlyMap<
  string,
  { readonly usage: string; readonly run: (args: string[], io: Io) => Promise<number> }
> = new Map([
  ['run', { usage: RUN_USAGE, run: runCommand }],
  ['explore', { usage: EXPLORE_USAGE, run: exploreCommand }],
  ['dap', { usage: DAP_USAGE, run: dapCommand }],
  ['compare', { usage: COMPARE_USAGE, run: compareCommand }],
  ['diagram', { usage: DIAGRAM_USAGE, run: diagramCommand }],
  ['import', { usage: IMPORT_USAGE, run: importCommand }],
  ['decode', { usage: DECODE_USAGE, run: decodeCommand }],
  ['encode', { usage: ENCODE_USAGE, run: encodeCommand }],
  ['conform', { usage: CONFORM_USAGE, run: conformCommand }],
]);

/** Names of the commands. */
export function commandNames(): string[] {
  return [...COMMANDS.keys()];
}

function usage(): string {
  const lines = [...COMMANDS.values()].map(({ usage }) => `  ${usage}`);
  return ['usage:', ...lines, '  irqscope COMMAND --help', '  irqscope --version'].join('\n');
}

function isHelp(arg: string | undefined): boolean {
  return arg === '--help' || arg === '-h';
}

/** Carries out one command line; returns the exit code. Never throws for what a command could not do. */
export async function irqscope(args: readonly string[], io: Io, version: string): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') {
    io.out(`irqscope ${version}`);
    return EXIT.ok;
  }
  if (name === 'help' || isHelp(name)) {
    const { usage: own } = COMMANDS.get(rest[0] ?? '') ?? {};
    io.out(own === undefined ? usage() : `usage: ${own}`);
    return EXIT.ok;
  }
  const command = COMMANDS.get(name ?? '');
  if (command === undefined) {
    io.err(name === undefined ? usage() : `irqscope: ${unknown('command', name, commandNames())}\n${usage()}`);
    return EXIT.unusable;
  }
  if (rest.some(isHelp)) {
    io.out(`usage: ${command.usage}`);
    return EXIT.ok;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    io.err(`irqscope ${name}: ${misuse(error, command.usage) ?? (error as Error).message}`);
    return EXIT.unusable;
  }
}
