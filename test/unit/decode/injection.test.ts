import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar } from 'vscode-textmate';
import { macros } from '../../../extension/decode/macros.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const SCOPE = 'irqscope.values.injection';

/** A language that has only what the injection must stay out of. */
const host = {
  scopeName: 'source.c',
  patterns: [
    { name: 'comment.block.c', begin: '/\\*', end: '\\*/' },
    { name: 'string.quoted.double.c', begin: '"', end: '"' },
  ],
};

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(readFileSync(wasm).buffer as ArrayBuffer);
  const injection = readFileSync(path.join(root, 'syntaxes/irq-values.tmLanguage.json')).toString();
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: sources => new oniguruma.OnigScanner(sources),
      createOnigString: text => new oniguruma.OnigString(text),
    }),
    loadGrammar: async scope => textmate.parseRawGrammar(scope === SCOPE ? injection : JSON.stringify(host), 'g.json'),
    getInjections: scope => (scope === 'source.c' ? [SCOPE] : undefined),
  });
  const loaded = await registry.loadGrammar('source.c');
  if (!loaded) throw new Error('no grammar');
  grammar = loaded;
});

/** Words of a line that are coloured as interrupt values. */
function coloured(line: string): string[] {
  return grammar
    .tokenizeLine(line, textmate.INITIAL)
    .tokens.filter(({ scopes }) => scopes.at(-1)?.endsWith('.irqscope'))
    .map(({ startIndex, endIndex }) => line.slice(startIndex, endIndex));
}

describe('highlighting in C', () => {
  it('colours registers, fields, vectors and message addresses', () => {
    expect(coloured('apic_write(APIC_ICR, APIC_DM_NMI | POSTED_INTR_WAKEUP_VECTOR); x = 0xfee0300c;')).toEqual([
      'APIC_ICR',
      'APIC_DM_NMI',
      'POSTED_INTR_WAKEUP_VECTOR',
      '0xfee0300c',
    ]);
  });

  it('leaves comments, strings and other words alone', () => {
    expect(coloured('/* APIC_ICR */ "APIC_DM_NMI" MY_APIC_ICR apic_icr 0xfee 0xfee0300c1 MAX_VECTOR')).toEqual([]);
  });

  it('colours what hovers explain: most of the APIC names of the table', () => {
    const names = macros()
      .map(m => m.name)
      .filter(name => /^(?:APIC_(?:DM|DEST|LVT|ICR)|INTR_INFO|MSI_(?:ADDR|DATA))/.test(name));
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter(name => coloured(`${name};`).length === 0)).toEqual([]);
  });
});
