import * as vscode from 'vscode';
import { assert } from './assert.ts';
import { open } from './documents.ts';

interface Stack {
  readonly stackFrames: readonly { readonly name: string; readonly line: number }[];
}

/** Messages of the adapter to VS Code, as a tracker sees them. */
class Stops implements vscode.DebugAdapterTracker {
  #waiting: ((body: { readonly reason: string; readonly threadId: number }) => void) | undefined;
  #missed: { readonly reason: string; readonly threadId: number }[] = [];

  onDidSendMessage(message: { type: string; event?: string; body: { reason: string; threadId: number } }): void {
    if (message.type !== 'event' || message.event !== 'stopped') return;
    if (this.#waiting) this.#waiting(message.body);
    else this.#missed.push(message.body);
    this.#waiting = undefined;
  }

  next(): Promise<{ readonly reason: string; readonly threadId: number }> {
    const missed = this.#missed.shift();
    return missed ? Promise.resolve(missed) : new Promise(resolve => (this.#waiting = resolve));
  }
}

describe('debugging', () => {
  const stops = new Stops();
  const factory = vscode.debug.registerDebugAdapterTrackerFactory('irqscope', {
    createDebugAdapterTracker: () => stops,
  });
  after(() => factory.dispose());
  afterEach(() => vscode.debug.stopDebugging());

  async function launch(file: string): Promise<vscode.DebugSession> {
    const { uri } = await open(file);
    // A path where the file system is the host's own, else a URI: what F5 puts there too.
    const program = uri.scheme === 'file' ? uri.fsPath : uri.toString();
    // Not activeDebugSession: it may still be the previous one, on its way out.
    const session = new Promise<vscode.DebugSession>(resolve => {
      const listener = vscode.debug.onDidStartDebugSession(started => {
        listener.dispose();
        resolve(started);
      });
    });
    const started = await vscode.debug.startDebugging(undefined, {
      type: 'irqscope',
      request: 'launch',
      name: file,
      program,
    });
    assert(started, 'the session starts');
    return session;
  }

  it('steps into a post, and back out of it exactly', async () => {
    const session = await launch('01-posted-to-running.irq');
    assert.equal((await stops.next()).reason, 'entry');
    const pir = async () => (await session.customRequest('evaluate', { expression: 'vcpu 1.pid.pir' })).result;
    assert.equal(await pir(), '{}');
    let threadId = 1;
    for (let i = 0; i < 60 && (await pir()) === '{}'; i++) {
      await session.customRequest('stepIn', { threadId });
      ({ threadId } = await stops.next());
    }
    assert.equal(await pir(), '{0x41}');
    const { stackFrames }: Stack = await session.customRequest('stackTrace', { threadId });
    assert.includes(stackFrames.map(({ name }) => name).join('\n'), 'vmx_deliver_posted_interrupt');
    await session.customRequest('stepBack', { threadId });
    await stops.next();
    assert.equal(await pir(), '{}');
  });

  it('runs over a line and stops on the next one', async () => {
    const session = await launch('01-posted-to-running.irq');
    await stops.next();
    const at = async () => (await session.customRequest('stackTrace', { threadId: 1 })).stackFrames[0].line;
    const first = await at();
    await session.customRequest('next', { threadId: 1 });
    await stops.next();
    assert.equal(await at(), first + 1);
    assert.equal((await session.customRequest('evaluate', { expression: 'vcpu 1.isr' })).result, '{0x41}');
  });

  it('keeps every sample’s promises', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert(folder, 'a folder is open');
    const names = (await vscode.workspace.fs.readDirectory(folder.uri)).map(([name]) => name);
    for (const name of names.filter(each => each.endsWith('.irq'))) {
      const session = await launch(name);
      await stops.next();
      await session.customRequest('continue', { threadId: 1 });
      assert.equal((await stops.next()).reason, 'step');
      await vscode.debug.stopDebugging();
    }
  });
});
