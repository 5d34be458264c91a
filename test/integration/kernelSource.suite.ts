import * as vscode from 'vscode';
import { assert } from './assert.ts';

describe('kernel source', () => {
  it('opens the function of a frame in the tree that the setting names', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert(folder, 'a folder is open');
    const file = vscode.Uri.joinPath(folder.uri, 'tree/arch/x86/kvm/vmx/vmx.c');
    const text = 'static int vmx_sync(void);\n\nint vmx_sync(void)\n{\n\treturn 0;\n}\n';
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
    const settings = vscode.workspace.getConfiguration('irqscope');
    const tree = vscode.Uri.joinPath(folder.uri, 'tree');
    await settings.update('kernelTree', tree.fsPath, vscode.ConfigurationTarget.Global);
    try {
      await vscode.commands.executeCommand('irqscope.openKernelSource', {
        frameName: 'vmx_sync  (vmx/vmx.c, Linux 6.16)',
      });
      const editor = vscode.window.activeTextEditor;
      assert(editor, 'an editor is open');
      assert(editor.document.uri.path.endsWith('/vmx/vmx.c'), 'it shows the file');
      assert.equal(editor.selection.active.line, 2);
    } finally {
      await settings.update('kernelTree', undefined, vscode.ConfigurationTarget.Global);
      await vscode.workspace.fs.delete(tree, { recursive: true });
    }
  });
});
