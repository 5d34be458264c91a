import * as vscode from 'vscode';
import { assert } from './assert.ts';

declare const __HOST__: 'node' | 'worker';

describe('activation', () => {
  it('happens in the host under test', async () => {
    const extension = vscode.extensions.getExtension('irqscope.irqscope');
    assert(extension, 'the extension is known');
    await extension.activate();
    assert(extension.isActive, 'the extension is active');
    assert.equal(typeof process === 'object' && 'versions' in process ? 'node' : 'worker', __HOST__);
  });

  it('makes .irq files scenarios', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert(folder, 'a folder is open');
    const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder.uri, 'running.irq'));
    assert.equal(document.languageId, 'irq');
  });
});
