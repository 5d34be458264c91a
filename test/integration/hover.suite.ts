import * as vscode from 'vscode';
import { assert } from './assert.ts';
import { open, positionOf } from './documents.ts';

/** All that hovers say at `text`, as a user would read it. */
async function hoverAt(document: vscode.TextDocument, text: string): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    positionOf(document, text),
  );
  const contents = hovers.flatMap(hover => hover.contents);
  return contents.map(each => (typeof each === 'string' ? each : each.value)).join('\n');
}

describe('hover', () => {
  it('decodes an x2APIC ICR value in C', async () => {
    assert.includes(await hoverAt(await open('hover/ipi.c'), '0x00000001000000fdULL'), '0xfd');
  });

  it('decodes a macro expression', async () => {
    const text = await hoverAt(await open('hover/ipi.c'), 'APIC_DEST_ALLBUT | APIC_DM_NMI');
    assert.includes(text, 'NMI');
  });

  it('decodes an MSI address', async () => {
    assert.includes(await hoverAt(await open('hover/ipi.c'), '0xfeeff00c'), '0xff');
  });

  it('decodes the fields that a kernel log prints line by line', async () => {
    assert.includes(await hoverAt(await open('hover/kernel.log'), 'vector : 65'), '0x41');
  });

  it('says nothing where there is nothing to decode', async () => {
    assert.equal(await hoverAt(await open('hover/ipi.c'), 'reschedule_one'), '');
    assert.equal(await hoverAt(await open('hover/ipi.c'), '#include <asm/msr.h>'), '');
  });
});
