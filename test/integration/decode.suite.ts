import * as vscode from 'vscode';
import { assert } from './assert.ts';

/** A document that is not saved anywhere, shown, with the cursor where `^` stands. */
async function show(marked: string, language: string): Promise<{ editor: vscode.TextEditor; at: vscode.Position }> {
  const offset = marked.indexOf('^');
  const content = marked.replace('^', '');
  const document = await vscode.workspace.openTextDocument({ language, content });
  const editor = await vscode.window.showTextDocument(document);
  const at = document.positionAt(offset);
  editor.selection = new vscode.Selection(at, at);
  return { editor, at };
}

async function hovers(document: vscode.TextDocument, at: vscode.Position): Promise<vscode.MarkdownString[]> {
  const found = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, at);
  return found.flatMap(hover => hover.contents).filter(each => typeof each === 'object') as vscode.MarkdownString[];
}

describe('decoding', () => {
  it('says who receives a message and offers to send it', async () => {
    const { editor, at } = await show('u64 icr = 0x00000001^000000fd;', 'c');
    const [markdown] = await hovers(editor.document, at);
    assert.includes(markdown.value, 'vcpu 1');
    assert.includes(markdown.value, 'accepts');
    assert.includes(markdown.value, 'command:irqscope.sendInScenario?');
  });

  it('reads a patch, both sides of a changed line', async () => {
    const patch = '--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-\tv = POSTED_INTR_VECTOR;\n+\tv = POSTED_INTR_^WAKEUP_VECTOR;\n';
    const { editor, at } = await show(patch, 'diff');
    assert.includes((await hovers(editor.document, at))[0].value, 'this patch: POSTED');
  });

  it('explains a number without context only on demand', async () => {
    const { editor, at } = await show('x = 0x0000050^000F20002;', 'c');
    assert.equal((await hovers(editor.document, at)).length, 0);
    editor.selection = new vscode.Selection(0, 4, 0, 22);
    assert.includes((await hovers(editor.document, at))[0].value, 'preempted');
  });

  it('explains a kernel function and leads to the samples that pass through it', async () => {
    const { editor, at } = await show('\treturn vmx_deliver_posted^_interrupt(vcpu, vector);', 'c');
    let text = '';
    // The samples are run in the background; the first hovers come without links.
    for (let n = 0; n < 100 && !text.includes('irqscope.openSample'); n++) {
      text = (await hovers(editor.document, at))[0].value;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    assert.includes(text, 'sets PIR, then ON');
    assert.includes(text, 'irqscope.openSample');
    await vscode.commands.executeCommand('irqscope.openSample', '01-posted-to-running.irq', 3);
    assert.equal(vscode.window.activeTextEditor?.selection.active.line, 2);
  });

  it('opens a scenario that sends the message', async () => {
    await vscode.commands.executeCommand('irqscope.sendInScenario', 'machine intel\n  vcpus 2 x2apic\n');
    assert.equal(vscode.window.activeTextEditor?.document.languageId, 'irq');
  });

  it('copies the explanation at the cursor as text', async () => {
    await show('apic_write(APIC_ICR, APIC_DM_^NMI | APIC_DEST_ALLBUT);', 'c');
    await vscode.commands.executeCommand('irqscope.copyExplanation');
    assert.includes(await vscode.env.clipboard.readText(), 'NMI to all but itself');
  });

  it('gives inlay hints only when they are asked for', async () => {
    const { editor } = await show('u32 icr = 0x000c^4500;', 'c');
    const range = new vscode.Range(0, 0, 1, 0);
    const hints = () =>
      vscode.commands.executeCommand<vscode.InlayHint[]>('vscode.executeInlayHintProvider', editor.document.uri, range);
    assert.equal((await hints()).length, 0);
    const settings = vscode.workspace.getConfiguration('irqscope');
    await settings.update('decode.inlayHints', true, vscode.ConfigurationTarget.Global);
    try {
      assert.includes(String((await hints())[0]?.label), 'INIT to all but itself');
    } finally {
      await settings.update('decode.inlayHints', undefined, vscode.ConfigurationTarget.Global);
    }
  });
});
