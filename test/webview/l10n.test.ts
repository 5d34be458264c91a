import { expect, it } from 'vitest';
import { Fresh } from './fresh.ts';

const fresh = new Fresh();
const EMPTY = { type: 'empty', reason: 'No scenario runs.' } as const;

it('speaks the language that the host hands over', async () => {
  await fresh.reopen({
    words: {
      'IRQScope inspector': 'Inspektor </script><b>',
      'Open a scenario ({0}).': 'Öffnen Sie ein Szenario ({0}).',
    },
  });
  await fresh.view.send(EMPTY);
  expect(await fresh.view.text('h1')).toBe('Inspektor </script><b>');
  expect(await fresh.view.text('.start li:first-child')).toBe('Öffnen Sie ein Szenario (.irq).');
  await expect.poll(() => fresh.view.page.locator('.start li:first-child code').count()).toBe(1);
});

it('speaks English where it has no other words', async () => {
  await fresh.view.send(EMPTY);
  expect(await fresh.view.text('h1')).toBe('IRQScope inspector');
  expect(await fresh.view.text('.start li:nth-child(2)')).toBe('Press F5: the run stops before its first statement.');
});
