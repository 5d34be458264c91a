import * as vscode from 'vscode';
import { assert } from './assert.ts';
import { positionOf } from './documents.ts';

const SCHEME = 'irqscope-test';

/** A file system in memory: included files are read wherever scenarios are stored. */
class Memory implements vscode.FileSystemProvider {
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  readonly files = new Map<string, Uint8Array>();

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }
  stat({ path }: vscode.Uri): vscode.FileStat {
    const file = this.files.get(path);
    const folder = [...this.files.keys()].some(each => each.startsWith(`${path}/`));
    if (!file && !folder) throw vscode.FileSystemError.FileNotFound(path);
    const type = file ? vscode.FileType.File : vscode.FileType.Directory;
    return { type, ctime: 0, mtime: 0, size: file?.length ?? 0 };
  }
  readDirectory({ path }: vscode.Uri): [string, vscode.FileType][] {
    const prefix = path.endsWith('/') ? path : `${path}/`;
    const below = [...this.files.keys()].filter(each => each.startsWith(prefix));
    const names = below.map(each => each.slice(prefix.length).split('/'));
    const found = new Map(
      names.map(([name, more]) => [name, more === undefined ? vscode.FileType.File : vscode.FileType.Directory]),
    );
    return [...found];
  }
  readFile({ path }: vscode.Uri): Uint8Array {
    const file = this.files.get(path);
    if (!file) throw vscode.FileSystemError.FileNotFound(path);
    return file;
  }
  writeFile({ path }: vscode.Uri, content: Uint8Array): void {
    this.files.set(path, content);
  }
  createDirectory(): void {}
  delete({ path }: vscode.Uri): void {
    this.files.delete(path);
  }
  rename(): void {}
}

async function until<T>(what: string, read: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const found = await read();
    if (found) return found;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`did not happen: ${what}`);
}

const MACHINE = `machine intel
  vcpus 2 x2apic
  with apicv
let TARGET = 1
shared x

operation set(v) {
  x = v
}
`;
const MAIN = `include "machines/two.irq"
vcpu TARGET: exit
race
  a: set(TARGET)
finally (x == 1)
`;

const at = (path: string) => vscode.Uri.from({ scheme: SCHEME, path });
const codes = (uri: vscode.Uri) =>
  vscode.languages.getDiagnostics(uri).map(each => `${each.code} ${each.range.start.line}`);

describe('included files', () => {
  const memory = new Memory();
  const main = at('/folder/main.irq');
  const machine = at('/folder/machines/two.irq');
  let registered: vscode.Disposable;
  let document: vscode.TextDocument;

  before(async () => {
    registered = vscode.workspace.registerFileSystemProvider(SCHEME, memory);
    await vscode.workspace.fs.writeFile(main, new TextEncoder().encode(MAIN));
    await vscode.workspace.fs.writeFile(machine, new TextEncoder().encode(MACHINE));
    document = await vscode.workspace.openTextDocument(main);
    await vscode.window.showTextDocument(document);
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    registered.dispose();
  });

  const locations = async (command: string, text: string) => {
    const found = await vscode.commands.executeCommand<vscode.Location[]>(command, main, positionOf(document, text));
    return found.map(({ uri, range }) => `${uri.path}:${range.start.line}`);
  };

  it('are read from any file system; names lead to them', async () => {
    const definition = await until('a definition', async () => {
      const found = await locations('vscode.executeDefinitionProvider', 'TARGET');
      return found.length > 0 && found;
    });
    assert.equal(definition.join(), '/folder/machines/two.irq:3');
    assert.equal((await locations('vscode.executeDefinitionProvider', 'set(')).join(), '/folder/machines/two.irq:6');
    assert.equal((await locations('vscode.executeDefinitionProvider', 'two.irq')).join(), '/folder/machines/two.irq:0');
    assert.equal(
      (await locations('vscode.executeReferenceProvider', 'TARGET')).sort().join(),
      '/folder/machines/two.irq:3,/folder/main.irq:1,/folder/main.irq:3',
    );
    assert.equal(codes(main).join(), '');
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>('vscode.executeLinkProvider', main);
    assert.equal(links.map(({ target }) => target?.path).join(), '/folder/machines/two.irq');
  });

  it('have the machine on which a hover in C sends its message', async () => {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.closeEditorsInOtherGroups');
    const content = 'wrmsrl(0x830, 0x00000001000000fdULL);\n';
    const { uri } = await vscode.workspace.openTextDocument({ language: 'c', content });
    const position = new vscode.Position(0, content.indexOf('0x0000') + 2);
    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, position);
    const text = hover.contents.map(each => (typeof each === 'string' ? each : each.value)).join('\n');
    assert.includes(text, 'On the machine of main.irq');
    assert.includes(text, 'vcpu 1 accepts Fixed 0xfd');
  });

  it('are offered behind the quotation mark', async () => {
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      main,
      new vscode.Position(0, 'include "machines/'.length),
    );
    assert.includes(list.items.map(({ label }) => label).join(), 'two.irq');
  });

  it('have their problems where they stand, and a summary where they are included; what is unsaved counts', async () => {
    const other = await vscode.workspace.openTextDocument(machine);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(machine, new vscode.Position(9, 0), 'vcpu 0: eoi\n');
    await vscode.workspace.applyEdit(edit);
    await until('a summary', () => codes(main).join() === 'irq807 0');
    await until('a problem', () => codes(machine).join() === 'irq806 9');
    const undo = new vscode.WorkspaceEdit();
    undo.delete(machine, new vscode.Range(9, 0, 10, 0));
    await vscode.workspace.applyEdit(undo);
    await until('no problem', () => codes(main).length === 0 && codes(machine).length === 0);
    await other.save();
  });

  it('share their names: a rename changes both', async () => {
    const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>(
      'vscode.executeDocumentRenameProvider',
      main,
      positionOf(document, 'TARGET'),
      'GOAL',
    );
    await vscode.workspace.applyEdit(edit);
    const other = await vscode.workspace.openTextDocument(machine);
    assert.includes(other.getText(), 'let GOAL = 1');
    assert.includes(document.getText(), 'a: set(GOAL)');
    await other.save();
    await document.save();
    await until('no problem', () => codes(main).length === 0);
  });

  it('run, and say where they are missing', async () => {
    await vscode.workspace.fs.writeFile(
      at('/folder/lost.irq'),
      new TextEncoder().encode('include "machines/tow.irq"\nvcpu 0: eoi\n'),
    );
    const lost = await vscode.workspace.openTextDocument(at('/folder/lost.irq'));
    await until('a problem', () => codes(lost.uri).join() === 'irq802 0');
    const [problem] = vscode.languages.getDiagnostics(lost.uri);
    const fixes = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      lost.uri,
      problem.range,
    );
    assert.includes(fixes.map(({ title }) => title).join(), "Change to 'two.irq'");
    const stopped = new Promise<{ source?: { path?: string }; line: number }>((resolve, reject) => {
      const factory = vscode.debug.registerDebugAdapterTrackerFactory('irqscope', {
        createDebugAdapterTracker: session => ({
          onDidSendMessage: async (message: { type: string; event?: string }) => {
            if (message.type !== 'event' || message.event !== 'stopped') return;
            factory.dispose();
            const stack = session.customRequest('stackTrace', { threadId: 1 });
            stack.then(({ stackFrames }) => resolve(stackFrames[0]), reject);
          },
        }),
      });
    });
    await vscode.debug.startDebugging(undefined, {
      type: 'irqscope',
      request: 'launch',
      name: 'included',
      program: main.toString(),
    });
    const { source, line } = await stopped;
    assert.equal(`${source?.path}:${line}`, `${main.toString()}:2`);
    await vscode.debug.stopDebugging();
  });
});
