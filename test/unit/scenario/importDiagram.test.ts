import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readScenario } from '../../../extension/cli/includes.ts';
import { check } from '../../../extension/scenario/check.ts';
import { importDiagram, MAX_IMPORT } from '../../../extension/scenario/importDiagram.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { ScenarioText } from '../../../extension/scenario/tree.ts';
import { diagramOfText } from '../../../extension/session/diagram.ts';
import { explore } from '../../../extension/session/explore.ts';
import { judgeScenario } from '../../../extension/session/outcome.ts';
import { sessionOf } from '../session/scenarios.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const golden = path.join(root, 'test/golden/import');
const names = readdirSync(golden)
  .filter(name => name.endsWith('.txt'))
  .map(name => name.slice(0, -4));

function errorsOf(text: string): string[] {
  const { diagnostics } = check(parse(text));
  return diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ range, message }) => `${range.line + 1}: ${message}`);
}

function scenarioOf(text: string): { text: string; entries: number; notUnderstood: number } {
  const imported = importDiagram(text);
  if (imported.kind !== 'scenario') throw new Error(imported.reason);
  return imported;
}

describe('texts as commit messages have them', () => {
  test.each(names)('%s', name => {
    const { text } = scenarioOf(readFileSync(path.join(golden, `${name}.txt`), 'utf8'));
    expect(text).toBe(readFileSync(path.join(golden, `${name}.irq`), 'utf8'));
    expect(errorsOf(text)).toEqual([]);
  });

  test('every entry is there: as a statement, a step of one, or marked', () => {
    const { text, entries, notUnderstood } = scenarioOf(readFileSync(path.join(golden, 'avic-doorbell.txt'), 'utf8'));
    expect([entries, notUnderstood]).toEqual([6, 1]);
    expect(text).toMatch(/^# not understood: the moon rises$/m);
  });

  const races = ['empty-harvest', 'sn-hides-posts'];
  const fixed = ['entry-order', 'pi-load'];

  test.each(fixed)('%s becomes a race that holds', name => {
    const { program } = check(parse(readFileSync(path.join(golden, `${name}.irq`), 'utf8')));
    expect(program && explore(program).verdict).toBe('holds');
  });

  test.each(names.filter(name => ![...races, ...fixed].includes(name)))(
    '%s runs, and what the text claims holds',
    name => {
      const { failures, problems } = judgeScenario(readFileSync(path.join(golden, `${name}.irq`), 'utf8'));
      expect([...failures, ...problems]).toEqual([]);
    },
  );

  test.each(races)('%s becomes a race whose loss is found', name => {
    const { program } = check(parse(readFileSync(path.join(golden, `${name}.irq`), 'utf8')));
    expect(program && explore(program).verdict).toBe('broken');
  });
});

describe('words', () => {
  const line = (text: string) => {
    const lines = scenarioOf(`1. ${text}`).text.split('\n');
    const statement = lines.filter(each => /^[a-z].* # /.test(each)).pop();
    return statement?.replace(/ *#.*/, '').replaceAll(/ +/g, ' ');
  };

  test.each([
    ['vCPU0 sends IPI vector 0x41 to vCPU1', 'vcpu 0: ipi fixed 0x41 to 1'],
    ['vCPU0 sends vector 65 to vCPU1', 'vcpu 0: ipi fixed 65 to 1'],
    ['vcpu 2 sends an NMI to vcpu 0', 'vcpu 2: ipi nmi to 0'],
    ['vCPU0 sends self-IPI, vector 0xf6', 'vcpu 0: ipi fixed 0xf6 to self'],
    ['vCPU0 writes ICR 0x00000000000c00f8', 'vcpu 0: icr 0x00000000000c00f8'],
    ['vCPU1 sends SIPI vector 0x08 to vCPU3', 'vcpu 1: ipi startup 0x08 to 3'],
    ['vCPU1 VM-Exits', 'vcpu 1: exit'],
    ['vCPU1 executes HLT', 'vcpu 1: block'],
    ['vCPU1 gets preempted', 'vcpu 1: preempt'],
    ['vCPU1 returns to userspace', 'vcpu 1: userspace'],
    ['vCPU1 writes EOI', 'vcpu 1: eoi'],
    ['vCPU1 disables interrupts', 'vcpu 1: cli'],
    ['vCPU1 writes CR8 = 5', 'vcpu 1: cr8 5'],
    ['vCPU1 is blocked', 'vcpu 1 blocked on cpu 1'],
    ['vCPU1 never takes vector 0x41', 'expect vcpu 1 does not take 0x41'],
    ['the wakeup of vCPU1 is a missed wakeup', 'expect no wake-up of vcpu 1'],
    ['the IOMMU posts vector 0x51 to vCPU1', 'device dev0: interrupt'],
    ['QEMU injects an MSI, vector 0x51, for vCPU1', 'msi fixed 0x51 to 1'],
    ['MSI 0xfee01000 / 0x0041', 'msi 0xfee01000 0x0041'],
  ])('%s', (text, expected) => {
    expect(line(text)).toBe(expected);
  });

  test.each([
    "vCPU0 doesn't send the IPI 0x41 to vCPU1",
    'vCPU1 does not enter the guest',
    'vCPU0 needs to send vector 0x41 to vCPU1',
    'vCPU1 should write EOI',
    'vCPU1 is about to halt',
  ])('"%s" is no action', text => {
    expect(scenarioOf(`1. ${text}`)).toMatchObject({ notUnderstood: 1 });
  });

  test('who is spoken of is not who acts', () => {
    expect(line('vCPU0 sends IPI 0x41 to vCPU1, which is blocked')).toBe('vcpu 0: ipi fixed 0x41 to 1');
  });

  test('interrupts that are enabled out of the guest are those of the host', () => {
    const { text, notUnderstood } = scenarioOf('1. vCPU1 VM-Exits\n2. vCPU1 enables interrupts\n3. vCPU1 enters guest');
    expect(text).not.toContain('sti');
    expect(notUnderstood).toBe(0);
  });

  test('a vector that nobody names is marked as such', () => {
    expect(scenarioOf('1. vCPU0 sends an IPI to vCPU1').text).toMatch(
      /ipi fixed 0x41 to 1.*\(the text names no vector\)/,
    );
  });

  test('a claim does not become an action', () => {
    const { text } = scenarioOf('1. vCPU1 takes vector 0x41 without a VM-Exit');
    expect(text).toContain('no exit on vcpu 1, vcpu 1 takes 0x41');
    expect(text).not.toMatch(/^vcpu 1: +exit/m);
  });

  test('who has left the guest enters before its guest acts', () => {
    const { text } = scenarioOf('1. vCPU1 VM-Exits\n2. vCPU1 sends IPI 0x41 to vCPU0');
    expect(judgeScenario(text).failures).toEqual([]);
    expect(text).toContain('not in the text');
  });
});

describe('whatever is pasted', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'CPU0',
      'vCPU1',
      'vcpu 0',
      'pCPU 3',
      'vCPU 99999',
      'VMM',
      'device',
      'IOMMU',
      'KVM:',
      '  ',
      '        ',
      '\t',
      '|',
      '----',
      '1.',
      'A1:',
      '- ',
      'sends IPI vector 0x41 to',
      'sends vector 0xfffff',
      'set PIR[0x41]',
      'set PIR[4000]',
      'PID.PIR[',
      'set ON',
      'clear ON',
      'move PIR to IRR',
      'mode = IN_GUEST_MODE',
      'test SN',
      'enters guest',
      'enters guest on pCPU 900',
      'is running on pCPU 0',
      'HLT',
      'VM-Exit',
      'EOI',
      'inhibits APICv',
      'NESTED',
      'AVIC',
      'xAPIC mode',
      'posts vector 0x51',
      'posts vector 0x3 to vCPU255',
      'takes 0x41',
      'never takes 300',
      'ICR 0xffffffffffffffff',
      'MSI 0xfee01000 0xffffffff',
      'TPR 0xfff',
      'CR8 99',
      'logical 0xffffffff',
      'vcpu_enter_guest()',
      'kvm_vcpu_block:',
      'vcpu 1 writes 0x00000001_00000041 to ICR (MSR 0x830)',
      'vcpu 9 enters guest mode on cpu 4',
      'nic writes 0x0000 to 0xfee00038: an interrupt request to the IOMMU',
      'MSI 0x0 / 0x0:',
      'operation x() {',
      '}',
      '{',
      '#',
      '# not understood: ',
      'race',
      'machine amd',
      '"',
      '\0',
      '\u2028',
      '\u{1f600}',
      'x'.repeat(3000),
      '__proto__',
      'constructor()',
      '> ',
      'apicv_inhibit_reasons: constructor := 1',
    ),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({ unit: 'binary', maxLength: 10 }),
  );
  const lines = fc.array(fc.array(piece, { maxLength: 6 }), { maxLength: 20 });
  const hostile = lines.map(all => all.map(each => each.join(' ')).join('\n'));
  const diagram = fc
    .tuple(fc.subarray(['vCPU0', 'vCPU1', 'CPU2', 'device', 'vcpu 0', 'cpu 1', 'nic'], { minLength: 1 }), lines)
    .map(([heads, all]) => {
      const row = (cells: readonly string[]) => cells.map(cell => cell.padEnd(30)).join('');
      return [row(heads), row(heads.map(head => '-'.repeat(head.length))), ...all.map(each => row(each))].join('\n');
    });

  test('the scenario has no errors, and nothing throws', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, diagram), text => {
        const imported = importDiagram(text);
        if (imported.kind === 'scenario') {
          expect(errorsOf(imported.text)).toEqual([]);
          expect(imported.text).toMatch(/^machine (?:intel|amd)$/m);
        }
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['nothing', ''],
    ['prose', 'The interrupt is lost because nobody looks.\nIt should not be.'],
    ['too much', '1. vCPU0 sends IPI 0x41\n'.repeat(MAX_IMPORT / 20)],
  ])('%s is unusable, with a reason', (_what, text) => {
    expect(importDiagram(text)).toMatchObject({ kind: 'unusable', reason: expect.stringMatching(/\.$/) });
  });
});

describe('a diagram that irqscope printed', () => {
  /** What guests get: vectors in the order of their delivery. */
  const deliveries = (text: string) => {
    const session = sessionOf(text);
    session.rules = [];
    const found: string[] = [];
    while (!session.finished) {
      session.move('stepInto');
      const { marks, sentence } = session.explain();
      if (marks.includes('delivery')) found.push(sentence);
    }
    return found;
  };
  const sample = (name: string) => readFileSync(path.join(root, 'scenarios', `${name}.irq`), 'utf8');
  const again = (text: ScenarioText) => scenarioOf(diagramOfText(text) ?? '').text;

  test.each([
    '01-posted-to-running',
    '02-posted-to-exited',
    '03-posted-to-blocked',
    '05-rules-of-today',
    'matrix/1-running',
    'matrix/2-notified',
    'matrix/3-exited',
    'matrix/4-preempted',
    'matrix/5-blocked',
    'seeds/4-ipi-virtualization/unicast',
    'seeds/2-irq-forwarding/amd',
  ])('%s: the imported scenario has the same diagram', async name => {
    const text = await readScenario(path.join(root, 'scenarios', `${name}.irq`));
    expect(diagramOfText(again(text))).toBe(diagramOfText(text));
  });

  test('a kernel of another version: the same vectors arrive, the steps differ', () => {
    const text = sample('04-rules-of-2013');
    expect(deliveries(again(text)).length).toBe(2);
    expect(diagramOfText(again(text))).not.toBe(diagramOfText(text));
  });

  test('registers of the start are not in a diagram: TPR decides otherwise', () => {
    expect(again(sample('06-priorities'))).not.toContain('tpr 0x20');
  });
});
