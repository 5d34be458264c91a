import * as vscode from 'vscode';
import { assert } from './assert.ts';
import { open } from './documents.ts';

describe('export', () => {
  it('writes the run of a scenario to one page that loads nothing', async () => {
    const document = await open('01-posted-to-running.irq');
    await vscode.window.showTextDocument(document);
    const target = vscode.Uri.joinPath(document.uri, '..', 'exported.html');
    await vscode.commands.executeCommand('irqscope.exportRun', target);
    const page = new TextDecoder().decode(await vscode.workspace.fs.readFile(target));
    await vscode.workspace.fs.delete(target);
    assert.includes(page, "default-src 'none'");
    assert.includes(page, 'vmx_deliver_posted_interrupt');
    assert.includes(page, '<title>01-posted-to-running.irq - IRQScope</title>');
  });
});
