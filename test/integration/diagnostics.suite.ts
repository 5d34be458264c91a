import * as vscode from 'vscode';
import { assert } from './assert.ts';
import { open } from './documents.ts';

/** The problems of a document once there are some. */
async function problemsOf(document: vscode.TextDocument): Promise<readonly vscode.Diagnostic[]> {
  for (;;) {
    const problems = vscode.languages.getDiagnostics(document.uri);
    if (problems.length) return problems;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

describe('problems of a scenario', () => {
  it('appear at the word that is wrong, with a code', async () => {
    const content = 'machine intel\n  kernel 6.16\n  vcpus 2 x2apic\n  with apicv\n\nvcpu 0: frobnicate 3\n';
    const document = await vscode.workspace.openTextDocument({ language: 'irq', content });
    const [problem] = await problemsOf(document);
    assert.equal(problem.range.start.line, 5);
    assert(problem.code, 'the problem has a code');
    assert.equal(document.getText(problem.range), 'frobnicate');
  });

  it('are none in the samples', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert(folder, 'a folder is open');
    const names = (await vscode.workspace.fs.readDirectory(folder.uri)).map(([name]) => name);
    const samples = await Promise.all(names.filter(name => name.endsWith('.irq')).map(open));
    assert(samples.length >= 4, 'there are at least four samples');
    // Opened after the samples and checked after them: when its problem is there, theirs would be.
    await problemsOf(await vscode.workspace.openTextDocument({ language: 'irq', content: 'frobnicate\n' }));
    const problems = samples.flatMap(({ uri }) =>
      vscode.languages.getDiagnostics(uri).map(each => `${uri.path}: ${each.message}`),
    );
    assert.equal(problems.join('\n'), '');
  });
});
