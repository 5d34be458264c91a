import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernelFunctions } from '../../../extension/decode/functions.ts';
import { passagesOf } from '../../../extension/editor/samples.ts';
import { hoverAt, offered } from './at.ts';

describe('kernel functions', () => {
  it.each([
    ['\tr = vmx_deliver_posted^_interrupt(vcpu, vector);', 'c'],
    ['+\tvmx_deliver_posted^_interrupt(vcpu, vector);', 'diff'],
    ['[  12.3]  ? vmx_deliver_posted^_interrupt+0x1a/0x30 [kvm_intel]', 'log'],
    ['> what if vmx_deliver_posted^_interrupt() runs first?', 'plaintext'],
  ])('%s', (text, language) => {
    const e = hoverAt(text, language)?.explanation;
    expect(e?.meaning).toBe('sets PIR, then ON, and notifies only if neither was set; ignores SN');
    expect(e?.source).toBe('arch/x86/kvm/vmx/vmx.c, Linux 6.16');
  });

  it('are no part of other names', () => {
    expect(offered('my_vmx_deliver_posted_interrupt_x(vcpu);')).toEqual([]);
  });

  it('have one name each, and sentences without a full stop', () => {
    const all = kernelFunctions();
    expect(new Set(all.map(f => f.name)).size).toBe(all.length);
    expect(all.filter(f => !/^\w+$/.test(f.name) || f.does.endsWith('.') || f.does.length < 15)).toEqual([]);
  });
});

describe('samples that pass through a function', () => {
  const folder = path.resolve(import.meta.dirname, '../../../scenarios');
  const samples = readdirSync(folder)
    .filter(file => file.endsWith('.irq'))
    .map(file => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }));

  it('name the first line that does', () => {
    const text = 'machine intel\n  vcpus 2 x2apic\n  with apicv\n\nvcpu 0: tpr 0x10\nvcpu 0: icr 0x00000001000000fd\n';
    const found = passagesOf([{ file: 'a.irq', text }]);
    expect(found.get('__apic_accept_irq')).toEqual([{ file: 'a.irq', line: 6 }]);
  });

  it('ignore a text with errors', () => {
    expect(passagesOf([{ file: 'b.irq', text: 'machine toaster' }]).size).toBe(0);
  });

  it('exist for the heart of posted interrupts', () => {
    const found = passagesOf(samples);
    for (const name of ['vmx_deliver_posted_interrupt', '__apic_accept_irq', 'kvm_vcpu_trigger_posted_interrupt']) {
      expect(found.get(name)?.length, name).toBeGreaterThan(0);
    }
  });
});
