import { chromium } from 'playwright-core';
import { ensureChromium } from './chromium.mjs';

/** A headless Chromium for workbench pages. */
export async function startBrowser() {
  return chromium.launch({
    executablePath: await ensureChromium(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-sync',
    ],
  });
}
