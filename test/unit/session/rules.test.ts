import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { operations } from '../../../extension/engine/operation.ts';
import { judgeScenario } from '../../../extension/session/outcome.ts';
import { pageText, passedPages, type RuleTally, rulePages } from '../../../extension/session/rules.ts';
import { TO_RUNNING } from './scenarios.ts';

const tallyOf = (text: string): RuleTally => {
  const tally: RuleTally = new Map();
  expect(judgeScenario(text, undefined, undefined, tally).problems).toEqual([]);
  return tally;
};

const passed = (tally: RuleTally, path: string, name: string) =>
  passedPages(tally)
    .find(page => page.path === path)
    ?.rules.find(rule => rule.name === name);

const counts = (tally: RuleTally, path: string, name: string) =>
  Object.fromEntries((passed(tally, path, name)?.steps ?? []).map(({ label, count }) => [label, count]));

describe('rules that a run passes', () => {
  test('a post to a running vCPU sets PIR and ON, and requests nothing', () => {
    const tally = tallyOf(TO_RUNNING);
    expect(counts(tally, 'Linux/arch/x86/kvm/vmx/vmx.c', 'vmx_deliver_posted_interrupt')).toEqual({
      test_and_set_pir: 1,
      test_and_set_on: 1,
      request_event: 0,
    });
    expect(passed(tally, 'Linux/arch/x86/kvm/vmx/posted_intr.c', 'pi_enable_wakeup_handler')?.count).toBe(0);
  });

  test('runs add up', () => {
    const tally = tallyOf(TO_RUNNING);
    judgeScenario(TO_RUNNING, undefined, undefined, tally);
    expect(counts(tally, 'Manuals/Intel SDM vol. 3', 'virtual-interrupt delivery').deliver).toBe(2);
  });

  test('an operation that the scenario restates is not the engine’s', () => {
    const text = readFileSync(
      path.join(import.meta.dirname, '../../../scenarios/museum/r02-sn-hides-posts.irq'),
      'utf8',
    );
    const tally = tallyOf(text);
    expect(tally.size).toBeGreaterThan(0);
    for (const step of tally.keys()) {
      expect(operations.some(({ steps }) => steps.includes(step))).toBe(true);
    }
  });

  test('a text with errors passes nothing', () => {
    const tally: RuleTally = new Map();
    expect(judgeScenario('vcpu 9: eoi\n', undefined, undefined, tally).problems).not.toEqual([]);
    expect(tally.size).toBe(0);
  });
});

describe('pages', () => {
  test('every atomic step of the engine stands on exactly one line', () => {
    const listed = rulePages().flatMap(({ rules }) => rules.flatMap(({ steps }) => steps.map(({ step }) => step)));
    const all = operations.flatMap(({ steps }) => steps.filter(({ silent }) => !silent));
    expect(new Set(listed)).toEqual(new Set(all));
    expect(listed).toHaveLength(all.length);
  });

  test.each([
    ['nothing ran', new Map() as RuleTally],
    ['something ran', tallyOf(TO_RUNNING)],
  ])('a name stands on its line: %s', (_what, tally) => {
    for (const page of rulePages()) {
      const lines = pageText(page, tally).split('\n');
      for (const { name, line, steps } of page.rules) {
        expect(lines[line - 1].startsWith(name)).toBe(true);
        for (const step of steps) expect(lines[step.line - 1].trim().split(' ')[0]).toBe(step.label);
      }
    }
  });

  test('a page of the kernel stands where its file is', () => {
    const paths = rulePages().flatMap(({ path: page }) => (page.startsWith('Linux/') ? [page.slice(6)] : []));
    const roots =
      /^(?:arch\/x86\/(?:include\/asm|kernel(?:\/apic)?|kvm(?:\/svm|\/vmx)?)|drivers|fs|include\/linux|kernel|virt)\//;
    const tree = (page: string) => page.replace(roots, '').replace(/^(?:iommu|vfio|irq|kvm|lib)\/(?:\w+\/)?/, '');
    expect(paths.filter(page => !/^\w+\.[ch]$/.test(tree(page)))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['fs/eventfd.c', 'virt/kvm/eventfd.c', 'arch/x86/kvm/ioapic.c']));
  });

  test('a step that ran says what it said', () => {
    const page = rulePages().find(({ path }) => path.endsWith('vmx/vmx.c'));
    const text = page && pageText(page, tallyOf(TO_RUNNING));
    expect(text).toContain('test_and_set_pir  set PIR[0x41] in the descriptor of vcpu 1 (locked)');
    expect(text).toMatch(/^ {2}request_event$/m);
  });
});
