/** What leaves the view: menu, keys, and the picture that it draws for the host. */
import { expect, it } from 'vitest';
import { stateDrawing } from '../../extension/session/picture/state.ts';
import { svgOf } from '../../extension/session/picture/svg.ts';
import type { Snapshot } from '../../extension/session/protocol.ts';
import { type Fixture, HOSTILE, MANY, RUNNING } from './fixtures.ts';
import { Fresh } from './fresh.ts';

const fresh = new Fresh();

function snapshotIn({ messages: [first] }: Fixture): Snapshot {
  if (first.type !== 'snapshot') throw new Error('the fixture begins with a snapshot');
  return first.snapshot;
}

const drawingOf = (fixture: Fixture) => stateDrawing(snapshotIn(fixture));

it('asks for each kind of picture by a key', async () => {
  await fresh.view.send(...RUNNING.messages);
  expect(await fresh.press('Shift+Y')).toEqual([{ type: 'out', what: 'state', as: 'png' }]);
  expect(await fresh.press('w')).toEqual([{ type: 'out', what: 'state', as: 'svg' }]);
  expect(await fresh.press('d')).toEqual([{ type: 'out', what: 'diagram', as: 'text' }]);
  expect(await fresh.press('Shift+D')).toEqual([{ type: 'out', what: 'diagram', as: 'png' }]);
  expect(await fresh.press('Shift+W')).toEqual([{ type: 'out', what: 'diagram', as: 'svg' }]);
});

it('has a menu that the keyboard walks, that closes and gives the keyboard back', async () => {
  await fresh.view.send(...RUNNING.messages);
  const { page } = fresh.view;
  const button = page.getByRole('button', { name: 'Copy or save' });
  await button.focus();
  await page.keyboard.press('Enter');
  const menu = page.getByRole('menu', { name: 'Take out' });
  await menu.waitFor();
  expect(await fresh.view.axe()).toEqual([]);
  await fresh.view.posted();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Save state as SVG…w');
  expect(await fresh.press('Enter')).toEqual([{ type: 'out', what: 'state', as: 'svg' }]);
  await expect.poll(() => menu.count()).toBe(0);
  await page.keyboard.press('Enter');
  await menu.waitFor();
  expect(await fresh.press('Escape')).toEqual([]);
  await expect.poll(() => menu.count()).toBe(0);
  await page.keyboard.press('Enter');
  await menu.waitFor();
  await page.locator('h1').click();
  await expect.poll(() => menu.count()).toBe(0);
});

it('puts the picture into the clipboard, sharp and as high as it was drawn', async () => {
  const { page } = fresh.view;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await fresh.view.send(...RUNNING.messages);
  const drawing = drawingOf(RUNNING);
  await fresh.view.send({ type: 'draw', drawing });
  await expect.poll(() => fresh.view.text('.notice')).toBe('copied as PNG');
  const size = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const { width, height } = await createImageBitmap(await item.getType('image/png'));
    return { width, height };
  });
  expect(size).toEqual({ width: drawing.width * 2, height: drawing.height * 2 });
});

it.each([RUNNING, HOSTILE, MANY])('draws on the canvas what the SVG shows: $name', async fixture => {
  const { page } = fresh.view;
  const drawing = drawingOf(fixture);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await fresh.view.send(...RUNNING.messages, { type: 'draw', drawing });
  await expect.poll(() => fresh.view.text('.notice')).toBe('copied as PNG');
  const png = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const bitmap = await createImageBitmap(await item.getType('image/png'));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    return inkByRow(context.getImageData(0, 0, bitmap.width, bitmap.height));

    /** Share of each band of 40 pixels that is not paper, in percent. */
    function inkByRow({ data, width, height }: ImageData): number[] {
      const bands = new Array<number>(Math.ceil(height / 40)).fill(0);
      for (let i = 0; i < width * height; i++) if (data[i * 4] < 250) bands[Math.floor(i / width / 40)]++;
      return bands.map(count => (count * 100) / (width * 40));
    }
  });
  const svgPage = await page.context().newPage();
  await svgPage.setContent(`<body style="margin:0">${svgOf(drawing)}`);
  const svg = await svgPage.evaluate(async text => {
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth * 2, image.naturalHeight * 2);
    const context = canvas.getContext('2d')!;
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    const bands = new Array<number>(Math.ceil(height / 40)).fill(0);
    for (let i = 0; i < width * height; i++) if (data[i * 4] < 250) bands[Math.floor(i / width / 40)]++;
    return bands.map(count => (count * 100) / (width * 40));
  }, svgOf(drawing));
  expect(png.length).toBe(svg.length);
  png.forEach((share, band) => {
    expect(Math.abs(share - svg[band]), `band ${band}`).toBeLessThan(1.5);
  });
});

it('hands the picture to the host where the clipboard takes none', async () => {
  await fresh.view.send(...RUNNING.messages);
  await fresh.view.page.evaluate(() => {
    navigator.clipboard.write = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await fresh.view.posted();
  await fresh.view.send({ type: 'draw', drawing: drawingOf(RUNNING) });
  await expect.poll(() => fresh.view.text('.notice')).toBe('no picture in the clipboard: save it');
  const [message] = await fresh.view.posted();
  if (message?.type !== 'png') throw new Error(`not a picture: ${message?.type}`);
  expect(Buffer.from(message.data, 'base64').subarray(1, 4).toString()).toBe('PNG');
});

it('is well-formed for a strict reader, with hostile text as text', async () => {
  const page = await fresh.view.page.context().newPage();
  const parsed = await page.evaluate(
    text => {
      const document = new DOMParser().parseFromString(text, 'image/svg+xml');
      return {
        error: document.querySelector('parsererror')?.textContent ?? '',
        names: [...new Set([...document.querySelectorAll('*')].map(each => each.localName))].sort(),
        title: document.querySelector('title')?.textContent ?? '',
      };
    },
    svgOf(drawingOf(HOSTILE)),
  );
  expect(parsed.error).toBe('');
  expect(parsed.names).toEqual(['desc', 'rect', 'style', 'svg', 'text', 'title', 'tspan']);
  expect(parsed.title).toContain('<script>window.hacked=1</script>');
});
