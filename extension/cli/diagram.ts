/** `irqscope diagram`: a run as the column diagram of kernel commit messages, or as a picture. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import { diagramOf } from '../session/diagram.ts';
import { diagramDrawing } from '../session/picture/diagram.ts';
import { svgOf } from '../session/picture/svg.ts';
import { Session } from '../session/session.ts';
import { readScenario } from './includes.ts';
import { EXIT, type Io } from './io.ts';
import { printErrors } from './problems.ts';

export const DIAGRAM_USAGE = 'irqscope diagram FILE [--line N] [--svg]';

/** `--line`: only what the statement on that line sets off. */
export async function diagramCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { line: { type: 'string' }, svg: { type: 'boolean' } },
  });
  const [file] = positionals;
  if (positionals.length !== 1) {
    io.err(`name one scenario file: ${DIAGRAM_USAGE}`);
    return EXIT.unusable;
  }
  if (values.line !== undefined && !/^[1-9]\d{0,8}$/.test(values.line)) {
    io.err(`--line ${values.line}: write the number of a line: ${DIAGRAM_USAGE}`);
    return EXIT.unusable;
  }
  const { program, diagnostics } = check(parse(await readScenario(file)));
  if (program === undefined) {
    printErrors(file, diagnostics, io);
    return EXIT.unusable;
  }
  const session = new Session(program);
  session.rules = [];
  session.move('continue');
  const wanted = values.line === undefined ? undefined : Number(values.line);
  const steps = Array.from({ length: session.length }, (_, i) => i + 1);
  const shown = wanted === undefined ? steps : steps.filter(step => session.lineOf(step) === wanted);
  if (shown.length === 0) {
    io.err(`${file}: ${wanted === undefined ? 'nothing happens' : `no statement on line ${values.line} ran`}`);
    return EXIT.unusable;
  }
  const [first, last] = [shown[0], shown[shown.length - 1]];
  const text = values.svg
    ? svgOf(diagramDrawing(session, path.basename(file), first, last))
    : diagramOf(session.runner, first, last);
  io.out(text.trimEnd());
  return EXIT.ok;
}
