#!/usr/bin/env node
// What `npx irqscope` starts. npm links no program that is not there yet, and does not look again: this one is there before the first build.
import { existsSync } from 'node:fs';

const cli = new URL('../dist/cli.js', import.meta.url);
if (existsSync(cli)) {
  await import(cli.href);
} else {
  console.error('irqscope is not built yet: run `npm run build` first.');
  process.exitCode = 2;
}
