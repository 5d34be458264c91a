import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Block, FIELDS, type FieldInfo } from '../../../extension/engine/fields.ts';
import { DEFAULT_KERNEL, KERNELS } from '../../../extension/scenario/checkMachine.ts';
import { CODES } from '../../../extension/scenario/diagnostics.ts';
import {
  ACTIONS,
  ASSIGNED,
  CALLS,
  CPU_ACTIONS,
  EVENTS,
  FEATURES,
  keys,
  REGISTERS,
  STATEMENTS,
  STATES,
} from '../../../extension/scenario/words.ts';
import { diagnose, MACHINE } from './problems.ts';

const docs = path.resolve(import.meta.dirname, '../../../docs');
const page = readFileSync(path.join(docs, 'scenario-language.md'), 'utf8');
const examples = [...page.matchAll(/^```irq\n(.*?)^```$/gms)].map(([, text]) => text);
/** Examples of files that others include. */
const files = new Map(
  [...page.matchAll(/^```irq file=(\S+)\n(.*?)^```$/gms)].map(([, file, text]) => [file, { text }] as const),
);

describe('docs/scenario-language.md', () => {
  it.each(examples)('example %$ has no problem', text => {
    const whole = /^(machine|include)/.test(text) ? text : `${MACHINE}cpus 6\n${text}`;
    expect(diagnose({ text: whole, name: 'example.irq', files })).toEqual([]);
  });

  it('has an example for every word', () => {
    const code = examples.join('\n');
    const words = [STATEMENTS, ACTIONS, CPU_ACTIONS, ASSIGNED, EVENTS, CALLS, STATES].flatMap(table =>
      keys<Record<string, string>>(table),
    );
    const inExamples = (word: string) => new RegExp(`(^|\\s)${word}([\\s:,]|$)`, 'm').test(code);
    expect(words.filter(word => !inExamples(word) && word !== 'offline')).toEqual([]);
    expect([...keys(FEATURES), ...keys(REGISTERS)].filter(word => !page.includes(`\`${word}`))).toEqual([]);
  });

  it('explains every code with its severity, and no other', () => {
    const rows = [...page.matchAll(/^\| (irq\d+) \| (\w+) \| \S.* \| \S.* \|$/gm)].map(([, code, severity]) => [
      code,
      severity,
    ]);
    expect(rows).toEqual(Object.entries(CODES).map(([code, [severity]]) => [code, severity]));
  });

  it('names every kernel', () => {
    const row = page.split('\n').find(line => line.startsWith('| `kernel` |'));
    expect([...(row ?? '').matchAll(/`([\d.]+)`/g)].map(([, version]) => version)).toEqual([
      ...KERNELS,
      DEFAULT_KERNEL,
    ]);
  });

  it('goes with a list of every field, which `npx vitest run -u` writes', async () => {
    await expect(fieldPage()).toMatchFileSnapshot(path.join(docs, 'scenario-fields.md'));
  });
});

function kindOf({ kind, width, values }: FieldInfo): string {
  if (kind === 'enum') {
    return Object.keys(values ?? {})
      .map(name => `\`${name}\``)
      .join(' ');
  }
  return kind === 'vectors' ? 'set of vectors' : kind === 'flag' ? '0 or 1' : `${width} bits`;
}

function fieldTable(block: Block): string {
  const rows = FIELDS.filter(field => field.block === block).map(
    field => `| \`${field.path}\` | ${kindOf(field)} | ${field.doc.replaceAll('|', '\\|')} |`,
  );
  return ['| field | kind | meaning |', '|---|---|---|', ...rows].join('\n');
}

function fieldPage(): string {
  return `# Fields that a scenario may name\n\nSee [scenario-language.md](scenario-language.md).\n\n## Of a vCPU\n\n${fieldTable('vcpu')}\n\n## Of a CPU\n\n${fieldTable('cpu')}\n\n## Of a device\n\n${fieldTable('device')}\n\n## Of the IOMMU\n\n${fieldTable('iommu')}\n\n## Of the guest's kernel\n\n${fieldTable('guest')}\n\n## Of a pin of the IOAPIC\n\n${fieldTable('pin')}\n`;
}
