/** Every difference between kernels is named, explained and shown. */
import { describe, expect, test } from 'vitest';
import { type Choice, KERNEL_ORDER } from '../../../extension/engine/choices.ts';
import { DELIVERY_CHOICES, deliveryChoices } from '../../../extension/engine/lapic/choices.ts';
import { AVIC_CHOICES } from '../../../extension/engine/svm/choices.ts';
import { BYPASS_CHOICES } from '../../../extension/engine/vfio/choices.ts';
import { VMX_CHOICES } from '../../../extension/engine/vmx/choices.ts';
import { behaviour, written } from '../../../scripts/behaviour.mjs';

test('docs/behaviour.md is what the tables say', async () => {
  expect(written(), 'run node scripts/behaviour.mjs').toBe(await behaviour());
});

describe.each(
  Object.entries({ DELIVERY_CHOICES, VMX_CHOICES, AVIC_CHOICES, BYPASS_CHOICES }) as [
    string,
    Record<string, Choice<unknown>>,
  ][],
)('%s', (_table, choices) => {
  test.each(Object.entries(choices))('%s is explained, has a source and a value from the start', (_name, choice) => {
    expect(choice.doc.length).toBeGreaterThan(10);
    expect(choice.source.length).toBeGreaterThan(3);
    expect(Object.keys(choice.from)).toContain(KERNEL_ORDER[0]);
    expect(Object.keys(choice.from).every(kernel => (KERNEL_ORDER as readonly string[]).includes(kernel))).toBe(true);
  });
});

test('a choice keeps its value until a later version names another', () => {
  expect(KERNEL_ORDER.map(kernel => deliveryChoices(kernel).aliasedIds)).toEqual([
    'last wins',
    'first wins',
    'first wins',
    'first wins',
    'map dropped',
    'map dropped',
    'map dropped',
    'map dropped',
  ]);
  expect(KERNEL_ORDER.map(kernel => deliveryChoices(kernel).redirectionHint)).toEqual([
    'ignored',
    ...Array(7).fill('merged'),
  ]);
});
