// Writes docs/behaviour.md from the tables of choices in the engine: node scripts/behaviour.mjs. A unit test compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const file = path.join(root, 'docs/behaviour.md');

/** @typedef {{ doc: string, source: string, from: Record<string, unknown> }} Choice */

const TABLES = [
  ['DELIVERY_CHOICES', 'lapic/choices.ts', 'Local APIC, IOAPIC and MSI', 'delivery'],
  ['VMX_CHOICES', 'vmx/choices.ts', 'Posted interrupts and APICv on Intel', 'vmx'],
  ['AVIC_CHOICES', 'svm/choices.ts', 'AVIC on AMD', 'avic'],
  ['BYPASS_CHOICES', 'vfio/choices.ts', 'Interrupts of assigned devices', 'bypass'],
];

const INTRODUCTION = `# Behaviour by kernel version

What KVM does differs by version. Each difference is one named choice; the engine's code asks for the choice, never for a version.
This page is written by \`node scripts/behaviour.mjs\` from the tables that the engine uses; a test compares the two.

A value holds until a later column names another. "Recorded" is what the genuine module answered (\`test/conformance\`); everything else was
read in the kernel trees and manuals that the source names. *Assumed* marks what could not be verified.
`;

/** The tables as the engine has them. */
async function load() {
  const imports = TABLES.map(([name, from]) => `export { ${name} } from './extension/engine/${from}';`);
  const { outputFiles } = await build({
    stdin: {
      contents: `export { KERNEL_ORDER } from './extension/engine/choices.ts';\n${imports.join('\n')}`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  const { text } = outputFiles[0];
  return import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);
}

/** A value as a cell shows it. */
function cell(/** @type {unknown} */ value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return String(value).replaceAll('|', '\\|');
}

function section(
  /** @type {string} */ title,
  /** @type {string} */ field,
  /** @type {Record<string, Choice>} */ choices,
  /** @type {readonly string[]} */ kernels,
) {
  const entries = Object.entries(choices);
  const rows = entries.map(([name, { from }]) => {
    let last = '';
    const cells = kernels.map(kernel => {
      const value = kernel in from ? cell(from[kernel]) : '';
      const shown = value === last ? '' : value;
      last = value || last;
      return shown;
    });
    return `| \`${name}\` | ${cells.join(' | ')} |`;
  });
  const meanings = entries.map(([name, { doc, source }]) => `- \`${name}\`: ${doc} Source: ${source}.`);
  return [
    `## ${title}`,
    `\`profile.${field}\``,
    [`| choice | ${kernels.join(' | ')} |`, `| --- |${' --- |'.repeat(kernels.length)}`, ...rows].join('\n'),
    meanings.join('\n'),
  ].join('\n\n');
}

/** The page's text. */
export async function behaviour() {
  const engine = await load();
  const sections = TABLES.map(([name, , title, field]) => section(title, field, engine[name], engine.KERNEL_ORDER));
  return `${INTRODUCTION}\n${sections.join('\n\n')}\n`;
}

/** What docs/behaviour.md holds. */
export const written = () => readFileSync(file, 'utf8');

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(file, await behaviour());
}
