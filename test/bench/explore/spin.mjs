/**
 * Compares the explorer with SPIN on the same race, in one run: states a second of processor time, and how many states each needs.
 * Needs `spin` and `gcc` (Debian packages) and a built `dist/cli.js`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const here = import.meta.dirname;
const root = path.resolve(here, '../../..');
const cli = path.join(root, 'dist/cli.js');
const race = path.join(here, 'posting.irq');
const small = path.join(root, 'scenarios/museum/r10-irr-merge.irq');

/** How often the explorer decides the race. */
const TIMES = 8;

/** What a command says, and the seconds of processor time that it takes. */
function measured(cwd, ...command) {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', ...command], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) {
    throw new Error(`${command.join(' ')}: ${stderr}`);
  }
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { text: stdout, seconds: user + system };
}

function spinStates(folder, name, ...options) {
  measured(folder, 'gcc', '-O2', '-DSAFETY', ...options, '-o', name, 'pan.c');
  const { text, seconds } = measured(folder, `./${name}`, '-m100000', '-w22');
  return { states: Number(/(\d+) states, stored/.exec(text)[1]), seconds };
}

const folder = mkdtempSync(path.join(tmpdir(), 'irqscope-spin-'));
try {
  measured(folder, 'spin', '-a', path.join(here, 'posting.pml'));
  const plain = spinStates(folder, 'plain', '-DNOREDUCE');
  const reduced = spinStates(folder, 'reduced');
  const startUp = measured(root, 'node', cli, 'explore', small).seconds;
  const once = measured(root, 'node', cli, 'explore', '--no-reduction', '--json', race);
  // SPIN's run takes seconds; asked several times in one process, ours weighs its compiling as little.
  const often = measured(root, 'node', cli, 'explore', '--no-reduction', '--json', ...Array(TIMES).fill(race));
  const [{ states }] = JSON.parse(once.text);
  const [{ states: ownReduced }] = JSON.parse(measured(root, 'node', cli, 'explore', '--json', race).text);
  const rate = (TIMES * states) / (often.seconds - startUp);
  const firstRate = states / (once.seconds - startUp);
  const spinRate = plain.states / plain.seconds;
  console.log(`irqscope: ${states} states, ${Math.round(rate)} states/s; ${ownReduced} states with its reduction`);
  console.log(
    `SPIN: ${plain.states} states, ${Math.round(spinRate)} states/s; ${reduced.states} states with its reduction`,
  );
  console.log(
    `ratio of states/s: ${(rate / spinRate).toFixed(2)} (at least 0.33 is asked for); the first time alone ${(firstRate / spinRate).toFixed(2)}`,
  );
  process.exitCode = rate / spinRate >= 1 / 3 && ownReduced < reduced.states ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
