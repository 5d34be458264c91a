/** The real bundle of the inspector in a real browser, with a stub in place of the extension host. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { inspectorHtml } from '../../extension/editor/inspectorHtml.ts';
import type { FromWebview, ToWebview } from '../../extension/session/protocol.ts';
import { toolkitWithoutStyleProbe } from '../../scripts/toolkitPlugin.mjs';
import { startBrowser } from '../rig/browser.mjs';
import { THEMES, type Theme, themeCss } from './themes.ts';

const root = path.resolve(import.meta.dirname, '../..');
const ORIGIN = 'https://inspector.test';
const NONCE = 'test';

async function bundle(): Promise<{ script: string; style: string }> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['webview/main.tsx'],
    outdir: 'unwritten',
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    plugins: [toolkitWithoutStyleProbe],
    logLevel: 'silent',
  });
  const text = (extension: string) => outputFiles.find(file => file.path.endsWith(extension))!.text;
  return { script: text('.js'), style: text('.css') };
}

declare global {
  interface Window {
    posted: FromWebview[];
    violations: string[];
    failures: string[];
    hacked?: number;
  }
}

/** Runs in the page before the bundle: keeps what must never happen. */
function watch(): void {
  window.violations = [];
  window.failures = [];
  document.addEventListener('securitypolicyviolation', event =>
    window.violations.push(`${event.violatedDirective} ${event.sample}`),
  );
  window.addEventListener('error', event => window.failures.push(event.message));
  window.addEventListener('unhandledrejection', event => window.failures.push(String(event.reason)));
}

/** Runs in the page before the bundle: the host API. */
function stub(state: unknown): void {
  window.posted = [];
  let stored = state;
  Object.assign(window, {
    acquireVsCodeApi: () => ({
      postMessage: (message: FromWebview) => window.posted.push(structuredClone(message)),
      getState: () => stored,
      setState: (next: unknown) => {
        stored = structuredClone(next);
        Object.assign(window, { stored });
      },
    }),
  });
}

export interface OpenOptions {
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  /** What `getState` gives: a view that was hidden or restored. */
  readonly state?: unknown;
  readonly reducedMotion?: boolean;
  /** Translations by their English text. */
  readonly words?: Readonly<Record<string, string>>;
}

/** One page with the inspector in it. */
export class View {
  constructor(readonly page: Page) {}

  async send(...messages: readonly ToWebview[]): Promise<void> {
    await this.page.evaluate(async all => {
      for (const message of all) window.postMessage(message, '*');
      await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
      await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    }, messages);
  }

  /** Messages to the host since the last call. */
  async posted(): Promise<readonly FromWebview[]> {
    return this.page.evaluate(async () => {
      await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
      return window.posted.splice(0);
    });
  }

  /** Two frames: what was asked for is drawn. */
  async settle(): Promise<void> {
    await this.page.evaluate(async () => {
      await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
      await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    });
  }

  /** Rendered text of the only match, as a user would copy it. */
  async text(selector: string): Promise<string> {
    // biome-ignore lint/performance/useDomNodeTextContent: what is seen counts, not what the tree holds
    return this.page.locator(selector).innerText();
  }

  /** Policy violations and uncaught errors so far. */
  async complaints(): Promise<readonly string[]> {
    return this.page.evaluate(() => [...window.violations, ...window.failures]);
  }

  /** What axe-core finds, as `rule: element`. */
  async axe(): Promise<readonly string[]> {
    const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    await this.page.evaluate(source);
    return this.page.evaluate(async () => {
      const { axe } = window as unknown as { axe: typeof import('axe-core') };
      const { violations } = await axe.run(document, { resultTypes: ['violations'] });
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(node => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
      );
    });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

export class Harness {
  private constructor(
    readonly browser: Browser,
    readonly files: { script: string; style: string },
  ) {}

  static async start(): Promise<Harness> {
    const files = await bundle();
    const browser = await startBrowser();
    return new Harness(browser, files);
  }

  async open({
    theme = THEMES[0],
    width = 800,
    height = 900,
    state,
    reducedMotion = false,
    words,
  }: OpenOptions = {}): Promise<View> {
    const context = await this.browser.newContext({
      viewport: { width, height },
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    });
    const page = await context.newPage();
    const html = inspectorHtml({
      script: `${ORIGIN}/inspector.js`,
      style: `${ORIGIN}/inspector.css`,
      source: ORIGIN,
      nonce: NONCE,
      language: 'en',
      words,
    })
      .replace('<link', `<link rel="stylesheet" href="${ORIGIN}/theme.css"><link`)
      .replace('<body>', `<body class="${theme.kind}" data-vscode-theme-kind="${theme.kind}">`);
    const answers: Readonly<Record<string, readonly [type: string, body: string]>> = {
      '/': ['text/html', html],
      '/inspector.js': ['text/javascript', this.files.script],
      '/inspector.css': ['text/css', this.files.style],
      '/theme.css': ['text/css', themeCss(theme)],
    };
    await page.route(`${ORIGIN}/**`, route => {
      const [contentType, body] = answers[new URL(route.request().url()).pathname] ?? ['text/plain', ''];
      return route.fulfill({ contentType, body });
    });
    await page.addInitScript(watch);
    await page.addInitScript(stub, state);
    await page.goto(`${ORIGIN}/`);
    return new View(page);
  }

  /** A page that needs no host. */
  async openPage(html: string, colorScheme: 'light' | 'dark' = 'light'): Promise<View> {
    const page = await (
      await this.browser.newContext({ viewport: { width: 1000, height: 900 }, colorScheme })
    ).newPage();
    await page.route(`${ORIGIN}/**`, route => route.fulfill({ contentType: 'text/html', body: html }));
    await page.addInitScript(watch);
    await page.goto(`${ORIGIN}/`);
    return new View(page);
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }
}
