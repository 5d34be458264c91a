import * as vscode from 'vscode';
import { assert } from './assert.ts';

const BROKEN = 'machine intel\n  vcpus 2\nvcpu 0: oei\nvcpu 5: eoi\n';

/** Waits for a state that only events announce. */
async function until<T>(what: string, read: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const found = await read();
    if (found) return found;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`did not happen: ${what}`);
}

const open = (content: string) => vscode.workspace.openTextDocument({ language: 'irq', content });

const codes = (uri: vscode.Uri) =>
  vscode.languages.getDiagnostics(uri).map(each => `${each.code} ${each.range.start.line}`);

describe('scenario language', () => {
  it('shows problems, follows typing, and forgets a closed document', async () => {
    const document = await open(BROKEN);
    const editor = await vscode.window.showTextDocument(document);
    await until('two problems', () => codes(document.uri).join() === 'irq205 2,irq310 3');
    await editor.edit(edit => edit.replace(new vscode.Range(2, 8, 2, 11), 'eoi'));
    await until('one problem', () => codes(document.uri).join() === 'irq310 3');
    await vscode.languages.setTextDocumentLanguage(document, 'plaintext');
    await until('no problem', () => codes(document.uri).length === 0);
  });

  it('fixes, completes, explains, outlines, folds and formats', async () => {
    const document = await open(BROKEN);
    const { uri } = document;
    await vscode.window.showTextDocument(document);
    await until('problems', () => codes(uri).length === 2);
    const place = new vscode.Position(2, 8);

    const fixes = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      uri,
      new vscode.Range(place, place.translate(0, 3)),
    );
    assert.includes(fixes.map(each => each.title).join(), "Change to 'eoi'");

    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      uri,
      place,
    );
    assert.includes(list.items.map(each => each.label).join(), 'icr,ipi,enter,exit,block');

    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      uri,
      new vscode.Position(0, 9),
    );
    assert.includes(
      hovers.flatMap(each => each.contents.map(text => (text as vscode.MarkdownString).value)).join(),
      'Intel VMX',
    );

    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      uri,
    );
    assert.equal(symbols.map(each => each.name).join(), 'machine intel,vcpu 0: oei,vcpu 5: eoi');

    const ranges = await vscode.commands.executeCommand<vscode.FoldingRange[]>(
      'vscode.executeFoldingRangeProvider',
      uri,
    );
    assert.equal(ranges.map(({ start, end }) => `${start}-${end}`).join(), '0-1');

    const edits = await vscode.commands.executeCommand<vscode.TextEdit[]>('vscode.executeFormatDocumentProvider', uri, {
      tabSize: 2,
      insertSpaces: true,
    });
    const workspaceEdit = new vscode.WorkspaceEdit();
    workspaceEdit.set(uri, edits);
    await vscode.workspace.applyEdit(workspaceEdit);
    assert.equal(document.getText(), 'machine intel\n  vcpus  2\nvcpu 0:  oei\nvcpu 5:  eoi\n');

    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri);
    assert.includes(lenses.map(each => each.command?.title).join(), 'Run,Debug');
  });

  it('finds what is said about a vCPU', async () => {
    const content =
      'machine intel\n  vcpus 2\nvcpu 1 preempted\nvcpu 0: ipi fixed 0x41 to 1\nexpect vcpu 1 takes nothing\n';
    const document = await open(content);
    await vscode.window.showTextDocument(document);
    const place = new vscode.Position(4, 12);
    const found = await until('references', async () => {
      const references = await vscode.commands.executeCommand<vscode.Location[]>(
        'vscode.executeReferenceProvider',
        document.uri,
        place,
      );
      return references.length > 0 && references;
    });
    assert.equal(found.map(each => each.range.start.line).join(), '2,4');
    const [definition] = await vscode.commands.executeCommand<vscode.Location[]>(
      'vscode.executeDefinitionProvider',
      document.uri,
      place,
    );
    assert.equal(definition.range.start.line, 2);
  });

  it('knows the names that a scenario gives', async () => {
    const document = await open('machine intel\n  vcpus 2\nlet V = 0x41\nsection one\nvcpu 0: ipi fixed V to 1\n');
    await vscode.window.showTextDocument(document);
    const { uri } = document;
    const place = new vscode.Position(4, 18);
    const edit = await until('an edit', async () => {
      const found = await vscode.commands.executeCommand<vscode.WorkspaceEdit>(
        'vscode.executeDocumentRenameProvider',
        uri,
        place,
        'VECTOR',
      );
      return found.size > 0 && found;
    });
    await vscode.workspace.applyEdit(edit);
    assert.equal(document.lineAt(2).text, 'let VECTOR = 0x41');
    assert.equal(document.lineAt(4).text, 'vcpu 0: ipi fixed VECTOR to 1');
    const help = await vscode.commands.executeCommand<vscode.SignatureHelp>(
      'vscode.executeSignatureHelpProvider',
      uri,
      place,
    );
    assert.equal(help.signatures[help.activeSignature].label, 'ipi MODE VECTOR to DESTINATION');
    assert.equal(help.activeParameter, 1);
    const tokens = await vscode.commands.executeCommand<vscode.SemanticTokens>(
      'vscode.provideDocumentRangeSemanticTokens',
      uri,
      new vscode.Range(2, 0, 4, 0),
    );
    // The name behind `let`, and the title.
    assert.equal([...tokens.data].filter((_, i) => i % 5 < 3).join(), '2,4,6,1,8,3,1,18,6');
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri);
    const ofSection = lenses.filter(({ range }) => range.start.line === 3).map(({ command }) => command?.title);
    assert.equal(ofSection.join(), 'Run,Debug');
  });

  it('refuses what is no text, or too much of it', async () => {
    for (const [content, expected] of [
      [`machine intel\n${'x'.repeat(100)}\0`, 'irq104 0'],
      [`${'x'.repeat(999)}\n`.repeat(5_001), 'irq101 0'],
    ]) {
      const document = await open(content);
      await until(`only ${expected}`, () => codes(document.uri).join() === expected);
    }
  });
});
