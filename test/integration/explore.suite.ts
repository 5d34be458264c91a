import * as vscode from 'vscode';
import { assert } from './assert.ts';
import { open, positionOf } from './documents.ts';

interface Explored {
  readonly by: string;
  readonly verdict: string;
  readonly order: readonly number[];
  readonly states: number;
}

/** A race that takes a second or two: every step touches what the others touch. */
const LONG = `machine intel
  vcpus 2 x2apic
shared x
operation f(n, k) {
  int i = 0
  while (i < n) {
    int v = x                    # load
    x = v * 2 + k                # store
    i = i + 1
  }
}
race
  a: f(3, 1)
  b: f(3, 5)
  c: f(2, 9)
finally (x != 1000000)
`;

async function explore(uri: vscode.Uri, variant?: string): Promise<Explored> {
  const explored = await vscode.commands.executeCommand<Explored | undefined>(
    'irqscope.explore',
    uri.toString(),
    variant,
  );
  assert(explored, 'there is a decision');
  return explored;
}

describe('exploring', () => {
  afterEach(() => vscode.debug.stopDebugging());

  it('finds in a worker how an interrupt is lost, and opens that order', async () => {
    const { uri } = await open('museum/r02-sn-hides-posts.irq');
    const started = new Promise<vscode.DebugSession>(resolve => {
      const listener = vscode.debug.onDidStartDebugSession(session => {
        listener.dispose();
        resolve(session);
      });
    });
    const { by, verdict, order } = await explore(uri, 'before');
    assert.equal(verdict, 'broken');
    assert.equal(by, 'worker');
    const { configuration } = await started;
    assert.equal(configuration.variant, 'before');
    assert.equal(JSON.stringify(configuration.order), JSON.stringify(order));
  });

  it('proves in a worker that the mended one loses nothing', async () => {
    const { uri } = await open('museum/r02-sn-hides-posts.irq');
    const { by, verdict } = await explore(uri, 'after');
    assert.equal(verdict, 'holds');
    assert.equal(by, 'worker');
  });

  it('leaves the host to its other work', async () => {
    const { uri } = await vscode.workspace.openTextDocument({ language: 'irq', content: LONG });
    const sample = await open('01-posted-to-running.irq');
    const ended: string[] = [];
    const explored = explore(uri).then(result => {
      ended.push('exploration');
      return result;
    });
    const at = positionOf(sample, 'apicv');
    await vscode.commands.executeCommand('vscode.executeHoverProvider', sample.uri, at);
    ended.push('hover');
    const { by, verdict } = await explored;
    assert.equal(by, 'worker');
    assert.equal(verdict, 'holds');
    assert.equal(ended.join(), 'hover,exploration');
  }).timeout(60_000);
});
