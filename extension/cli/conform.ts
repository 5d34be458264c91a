/** `irqscope conform`: replays cases that were recorded on real KVM and says where the engine disagrees. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { kernelOf } from '../session/conform/machine.ts';
import { type Disagreement, replay } from '../session/conform/replay.ts';
import { parseVector, type Vector } from '../session/conform/vector.ts';
import { EXIT, type Io } from './io.ts';

export const CONFORM_USAGE = 'irqscope conform FILE.jsonl[.gz]…';

export async function conformCommand(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
  if (positionals.length === 0) {
    io.err(`name at least one file of recorded cases: ${CONFORM_USAGE}`);
    return EXIT.unusable;
  }
  let passed = 0;
  let failed = 0;
  const substituted = new Map<string, string>();
  for (const file of positionals) {
    let vectors: Vector[];
    try {
      vectors = await load(file);
    } catch (error) {
      io.err((error as Error).message);
      return EXIT.unusable;
    }
    for (const vector of vectors) {
      const { kernel, exact } = kernelOf(vector.kernel);
      if (!exact) {
        substituted.set(vector.kernel, kernel);
      }
      const disagreements = replay(vector);
      if (disagreements.length === 0) {
        passed++;
      } else {
        failed++;
        report(file, vector, disagreements, io);
      }
    }
  }
  for (const [release, kernel] of substituted) {
    io.err(`note: no profile for kernel ${release}; replayed as ${kernel}`);
  }
  if (passed + failed === 0) {
    io.err(`${positionals.join(', ')}: no case found`);
    return EXIT.unusable;
  }
  io.out(`${passed} passed, ${failed} failed`);
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

/** Throws an Error that names file and line. */
async function load(file: string): Promise<Vector[]> {
  let text: string;
  try {
    const bytes = await readFile(file);
    text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  const vectors: Vector[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') {
      return;
    }
    try {
      vectors.push(parseVector(line));
    } catch (error) {
      throw new Error(`${file}:${i + 1}: ${(error as Error).message}`);
    }
  });
  return vectors;
}

/** Both sides, and every atomic step that the engine took. */
function report(file: string, vector: Vector, disagreements: readonly Disagreement[], io: Io): void {
  io.out(`FAIL ${vector.id} (${file}; ${vector.kernel})${vector.what === undefined ? '' : `: ${vector.what}`}`);
  for (const { where, kvm, engine } of disagreements) {
    io.out(`  ${where}`);
    io.out(`    KVM:    ${JSON.stringify(kvm)}`);
    io.out(`    engine: ${JSON.stringify(engine)}`);
  }
  io.out('  steps of the engine:');
  replay(vector, (agent, place, sentence) => {
    io.out(agent === '' ? `    ${place}: ${sentence}` : `      ${agent.padEnd(8)} ${place}: ${sentence}`);
  });
}
