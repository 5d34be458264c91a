import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { vsix } from '../../scripts/package.mjs';
import { root, run } from '../../scripts/run.mjs';
import { startBrowser } from './browser.mjs';
import { ensureServer } from './install.mjs';
import { QUIET_SETTINGS, serverEnvironment, startServer, workbenchUrl } from './server.mjs';

/** What a UI test drives: a page that shows the workbench of a real VS Code. */
export interface Workbench {
  readonly page: Page;
  /** The folder that is open: a copy, so a test may write to it. */
  readonly folder: string;
  /** What the page and its webviews reported as breach of a content security policy so far. */
  readonly cspReports: readonly string[];
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  /** Name of a colour theme that comes with VS Code. */
  readonly theme?: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly host?: 'node' | 'worker';
  readonly vscode?: 'newest' | 'oldest';
  /** Folder below the root of the project to copy and open. */
  readonly folder?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Whether the extension runs from source or as a user has it: set by `npm test -- ui`. */
export const installed = process.env.IRQSCOPE_UI === 'installed';

const openPages = new Set<Page>();

/** Keeps a picture of every open workbench: what a failed test saw. */
export async function screenshotAll(name: string): Promise<void> {
  for (const page of openPages) console.log(`picture: ${await screenshot(page, name)}`);
}

/** Starts VS Code and a browser and waits until the Explorer shows the folder. */
export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const temporary = mkdtempSync(path.join(tmpdir(), 'irqscope-ui-'));
  const folder = path.join(temporary, 'workspace');
  cpSync(path.join(root, options.folder ?? 'scenarios'), folder, { recursive: true });
  const server = await ensureServer(options.vscode ?? 'newest');
  const extensionsDir = path.join(temporary, 'extensions');
  if (installed) await install(server, extensionsDir, temporary);
  const vscode = await startServer({
    server,
    extensionsDir,
    development: !installed,
    settings: {
      ...QUIET_SETTINGS,
      'workbench.colorTheme': options.theme ?? 'Default Dark Modern',
      ...(options.host === 'worker' && { 'remote.extensionKind': { 'irqscope.irqscope': ['web'] } }),
      ...options.settings,
    },
  });
  const browser = await startBrowser();
  const close = async () => {
    await browser.close();
    await vscode.stop();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const page = await browser.newPage({ viewport: options.size ?? { width: 1280, height: 800 } });
    openPages.add(page);
    page.once('close', () => openPages.delete(page));
    const cspReports: string[] = [];
    page.on('console', message => {
      if (/Content Security Policy/i.test(message.text())) cspReports.push(message.text());
    });
    await page.goto(workbenchUrl(vscode.port, { folder, ...(!installed && { developmentPath: root }) }));
    await explorerRow(page).first().waitFor({ timeout: 60_000 });
    return { page, folder, cspReports, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function install(
  server: Awaited<ReturnType<typeof ensureServer>>,
  extensionsDir: string,
  data: string,
): Promise<void> {
  const flags = ['--extensions-dir', extensionsDir, '--server-data-dir', data, '--accept-server-license-terms'];
  const { code, output } = await run(server.node, [server.main, ...flags, '--install-extension', vsix], {
    env: serverEnvironment(data),
  });
  if (code !== 0) throw new Error(`VS Code refused ${vsix}:\n${output}`);
}

const explorerRow = (page: Page) => page.locator('.explorer-folders-view .monaco-list-row');

/** Runs a command by its title, as typed into the command palette. */
export async function command(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor();
  await input.fill(`>${title}`);
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

/**
 * Right-clicks `on` and chooses from the menu. VS Code ignores the mouse for a moment after a menu has opened, and says nothing about it.
 */
export async function chooseFromMenu(page: Page, on: Locator, label: string): Promise<void> {
  await on.click({ button: 'right' });
  const item = page.locator('.context-view .action-label', { hasText: label }).first();
  await item.waitFor();
  await clickUntil(item, () => item.waitFor({ state: 'hidden', timeout: 1000 }));
}

/** Clicks, anew while nothing has come of it. */
export async function clickUntil(on: Locator, happened: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await on.click({ timeout: 5000 });
    } catch {} // gone, or not there yet: only what comes of it counts
    try {
      await happened();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

/** Opens a file of the folder by its path and waits until its text is there. */
export async function openFile(page: Page, name: string): Promise<Locator> {
  await page.keyboard.press('Control+p');
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor();
  await input.fill(name);
  await page
    .locator('.quick-input-widget .monaco-list-row', { hasText: path.basename(name) })
    .first()
    .waitFor();
  await page.keyboard.press('Enter');
  const editor = page.locator(`.monaco-editor[data-uri$="${encodeURI(name)}"]`);
  await editor.locator('.view-line').first().waitFor();
  return editor;
}

/**
 * Points at `text` in an editor until a hover appears that contains `expected`, and returns that hover's text. A hover asked for
 * while the extension is still activating never refreshes, so the mouse leaves and comes back.
 */
export async function hoverUntil(page: Page, editor: Locator, text: string, expected: string): Promise<string> {
  const hover = page.locator('.monaco-hover:visible .hover-contents', { hasText: expected }).first();
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const spot = await spotOf(editor, text);
    await page.mouse.move(spot.x, spot.y, { steps: 3 });
    const appeared = await hover.waitFor({ timeout: 2000 }).then(
      () => true,
      () => false,
    );
    if (appeared) return hover.innerText();
    await page.mouse.move(5, 5);
  }
  throw new Error(`no hover with "${expected}" at "${text}"`);
}

/** Points at `text` and returns what hovers say there after `wait` milliseconds: for places where nothing should show. */
export async function hoversAt(page: Page, editor: Locator, text: string, wait = 1500): Promise<string> {
  const spot = await spotOf(editor, text);
  await page.mouse.move(spot.x, spot.y, { steps: 3 });
  await page.waitForTimeout(wait);
  const hovers = await page.locator('.monaco-hover:visible .hover-contents').allInnerTexts();
  await page.mouse.move(5, 5);
  return hovers.join('\n');
}

/** The middle of the first place where an editor shows `text`; tokens split a line into many elements. */
async function spotOf(editor: Locator, text: string): Promise<{ readonly x: number; readonly y: number }> {
  const line = editor.locator('.view-line', {
    hasText: new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '\\s')),
  });
  await line
    .first()
    .waitFor({ timeout: 10_000 })
    .catch(() => {
      throw new Error(`"${text}" is not in sight; only lines in sight can be pointed at`);
    });
  const spot = await line.first().evaluate((element, wanted) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const nodes: Text[] = [];
    while (walker.nextNode()) nodes.push(walker.currentNode as Text);
    const whole = nodes
      .map(node => node.data)
      .join('')
      .replaceAll('\u00a0', ' ');
    const middle = whole.indexOf(wanted) + Math.floor(wanted.length / 2);
    let before = 0;
    for (const node of nodes) {
      if (middle < before + node.data.length) {
        const range = document.createRange();
        range.setStart(node, middle - before);
        range.setEnd(node, middle - before + 1);
        const box = range.getBoundingClientRect();
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      }
      before += node.data.length;
    }
    return undefined;
  }, text);
  if (!spot) throw new Error(`"${text}" is not on the screen`);
  return spot;
}

/** The document inside the inspector's webview. */
export function inspectorFrame(page: Page): FrameLocator {
  return page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
}

/** The colours in which an editor shows its text: more than one tells that a grammar is at work. */
export function colours(editor: Locator): Promise<readonly string[]> {
  return editor.evaluate(element => [
    ...new Set([...element.querySelectorAll('.view-line span span')].map(span => getComputedStyle(span).color)),
  ]);
}

/** Keeps a picture of the page in out/screenshots, for people to look at. */
export async function screenshot(page: Page, name: string): Promise<string> {
  const folder = path.join(root, 'out/screenshots', installed ? 'installed' : 'development');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.png`);
  await page.screenshot({ path: file });
  return file;
}
