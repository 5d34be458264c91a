/** The command line: its streams and its exit code. */
import { irqscope } from './commands.ts';
import { EXIT, type Io, visible } from './io.ts';

declare const __VERSION__: string;

const IO: Io = {
  out: text => process.stdout.write(`${visible(text)}\n`),
  err: text => process.stderr.write(`${visible(text)}\n`),
  readStdin: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) {
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString('utf8');
  },
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
};

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.unusable);
  });
}

irqscope(process.argv.slice(2), IO, __VERSION__).then(code => {
  process.exitCode = code;
});
