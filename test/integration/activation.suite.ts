import * as vscode from 'vscode';
import { assert } from './assert.ts';
import { open } from './documents.ts';

declare const __HOST__: 'node' | 'worker';

describe('activation', () => {
  const extension = vscode.extensions.getExtension('irqscope.irqscope');

  it('happens in the host under test', async () => {
    assert(extension, 'the extension is known');
    await extension.activate();
    assert(extension.isActive, 'the extension is active');
    assert.equal(typeof process === 'object' && 'versions' in process ? 'node' : 'worker', __HOST__);
  });

  it('provides every command that the manifest promises', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    const promised: readonly { readonly command: string }[] = extension?.packageJSON.contributes.commands;
    assert(promised.length > 0, 'there are commands');
    assert.equal(
      promised
        .filter(({ command }) => !known.has(command))
        .map(each => each.command)
        .join(),
      '',
    );
  });

  it('makes .irq files scenarios', async () => {
    assert.equal((await open('01-posted-to-running.irq')).languageId, 'irq');
  });
});
