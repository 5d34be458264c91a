// Child processes with progress, for the scripts that must run before anything is installed: Node built-ins only.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(fileURLToPath(import.meta.url), '../..'); // import.meta.dirname would hide the message about an old Node

/** Seconds since `start` (a `performance.now()` value), for people. */
export const seconds = (/** @type {number} */ start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/**
 * Runs a program and collects what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, echo?: boolean, timeout?: number }} [options] echo: also print while it runs;
 *   timeout: milliseconds after which the program and its children are killed
 * @returns {Promise<{ code: number, output: string }>} code 127: could not be started; 124: timed out
 */
export function run(command, args, { cwd = root, env = process.env, echo = false, timeout } = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: timeout !== undefined,
    });
    let output = '';
    let timedOut = false;
    const collect = (/** @type {Buffer} */ data) => {
      output += data;
      if (echo) process.stdout.write(data);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const killGroup = () => {
      try {
        process.kill(-(/** @type {number} */ (child.pid)), 'SIGKILL');
      } catch {} // gone already
    };
    const timer =
      timeout !== undefined &&
      setTimeout(() => {
        timedOut = true;
        output += `\ntimed out after ${timeout / 1000} s\n`;
        killGroup();
      }, timeout);
    if (timeout !== undefined) process.once('exit', killGroup);
    child.on('error', error => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on('close', code => {
      if (timer) clearTimeout(timer);
      process.removeListener('exit', killGroup);
      resolve({ code: timedOut ? 124 : (code ?? 1), output });
    });
  });
}

/**
 * Runs one long step: says that it started, that it is still alive, how long it took.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 */
export async function step(title, work) {
  const start = performance.now();
  console.log(`· ${title} …`);
  const alive = setInterval(() => console.log(`  still at it: ${title} (${seconds(start)})`), 15_000);
  try {
    const result = await work();
    console.log(`  done in ${seconds(start)}`);
    return result;
  } finally {
    clearInterval(alive);
  }
}

/** Ends the script with a message that says what is wrong and what to do, without a stack trace. */
export class Remedy extends Error {}

/** Runs a script's main function; a Remedy is printed as it is. */
export async function main(/** @type {() => Promise<number | void>} */ body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    console.error(error instanceof Remedy ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Installs the npm packages when they are missing or older than the lock file. */
export async function ensurePackages() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Remedy(
      `IRQScope is built with Node 20.19 or newer, this is ${process.versions.node}. See https://nodejs.org/en/download.`,
    );
  }
  const age = (/** @type {string} */ file) => statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (age('node_modules/.package-lock.json') >= age('package-lock.json')) return;
  await step('installing npm packages', async () => {
    const { code, output } = await run('npm', ['install', '--no-save', '--no-audit', '--no-fund']);
    if (code !== 0)
      throw new Remedy(
        `npm install failed:\n${output}\nIs the npm registry reachable (npm ping)? Then run the same command again.`,
      );
  });
}
