import { describe, expect, test } from 'vitest';
import { operations } from '../../../../extension/engine/operation.ts';
import { createMachine } from '../../../../extension/engine/x86.ts';
import { machineConfig } from '../world.ts';

// What Intel's manual numbers, or writes as pseudo-code, against the steps of the engine: a reader can tick each rule off, and neither
// side has anything that the other lacks. Rules in our own words. `*` marks a step that only passes control on (a call).

type Rule = readonly [rule: string, label: string];

const MANUAL: Readonly<Record<string, readonly Rule[]>> = {
  'posted-interrupt processing': [
    ['1 the local APIC is acknowledged; that gives the physical vector', 'acknowledge'],
    ['2 another vector than the notification vector: VM exit', 'compare_nv'],
    ['3 ON is cleared, atomically', 'clear_on'],
    ['4 EOI is written to the local APIC', 'eoi'],
    ['5 PIR is moved into VIRR, with no access of others in between', 'move_pir'],
    ['6 RVI becomes the highest of RVI and PIR', 'raise_rvi'],
    ['7 pending virtual interrupts are evaluated', '*evaluate'],
    ['MWAIT ends with the notification, HLT does not', 'wake'],
    ['2 … the exit', '*exit'],
  ],
  'PPR virtualization': [['VPPR from VTPR and SVI by class', 'update']],
  'evaluation of pending virtual interrupts': [
    ['interrupt-window exiting 0 and RVI above VPPR by class: recognised, else not', 'evaluate'],
  ],
  'virtual-interrupt delivery': [
    ['the vector is RVI; VISR gets its bit', 'set_visr'],
    ['SVI becomes the vector', 'set_svi'],
    ['VPPR becomes the class of the vector', 'set_vppr'],
    ['VIRR loses the bit', 'clear_virr'],
    ['RVI becomes the highest in VIRR, or 0', 'set_rvi'],
    ['delivery through the IDT; recognition ceases', 'deliver'],
  ],
  'EOI virtualization': [
    ['the vector is SVI; VISR loses its bit', 'clear_visr'],
    ['SVI becomes the highest in VISR, or 0', 'set_svi'],
    ['PPR virtualization', '*ppr'],
    ['EOI-exit bitmap: VM exit with the vector', 'test_bitmap'],
    ['otherwise evaluation', '*evaluate'],
  ],
  'TPR virtualization': [
    ['without virtual-interrupt delivery: VM exit if VTPR is below the threshold', 'threshold'],
    ['with it: PPR virtualization', '*ppr'],
    ['then evaluation', '*evaluate'],
  ],
  'self-IPI virtualization': [
    ['VIRR gets the bit', 'set_virr'],
    ['RVI becomes the higher of RVI and the vector', 'raise_rvi'],
    ['evaluation', '*evaluate'],
  ],
  'APIC-write emulation': [
    ['080H: bytes 3:1 are cleared, TPR virtualization', 'tpr'],
    ['0B0H: VEOI is cleared, EOI virtualization', 'eoi_virtualization'],
    ['300H: a Fixed edge self-IPI with a legal vector: self-IPI virtualization', 'test_self_ipi'],
    ['300H: step 0 of IPI virtualization', 'test_ipi'],
    ['any other offset: APIC-write exit', '*other'],
    ['310H: bytes 2:0 are cleared, nothing else', 'icr2'],
  ],
  'virtualization of WRMSR': [
    ['808H: TPR virtualization', '*tpr'],
    ['80BH: EOI virtualization', '*eoi'],
    ['83FH: vector below 16: APIC-write exit, else self-IPI virtualization', 'self_ipi'],
    ['830H: step 0 of IPI virtualization, else APIC-write exit', 'icr'],
  ],
  'IPI virtualization': [
    ['1 vector below 16: exit', 'test_vector'],
    ['2 destination above the last index: exit', 'test_index'],
    ['3 entry not valid or reserved bits set: exit', 'read_entry'],
    ['4 PIR gets the bit', 'set_pir'],
    ['5 ON is set if ON and SN are clear', 'set_on'],
    ['6 the notification goes to NDST with NV', 'notify'],
    ['6 … an NDST that names no CPU: not in the manual, assumed', 'nobody'],
  ],
  'VM entry': [
    ['checks on the controls of posted interrupts', 'check'],
    ['guest state is loaded', 'enter'],
    ['PPR virtualization', '*ppr'],
    ['evaluation', '*evaluate'],
  ],
};

describe('the manual, rule by rule', () => {
  createMachine(machineConfig());

  test.each(Object.keys(MANUAL))('%s', name => {
    const found = operations.filter(operation => operation.name === name);
    expect(found, name).toHaveLength(1);
    const [operation] = found;
    const rules = MANUAL[name];
    const labels = [...operation.labels.keys()];
    const places = rules.map(([, label]) => labels.indexOf(label.replace('*', '')));
    // Every rule has its step, in the manual's order.
    expect(places.includes(-1), JSON.stringify(rules)).toBe(false);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    // A step of its own is marked as one; only calls are silent.
    for (const [, label] of rules) {
      expect([label, operation.steps[labels.indexOf(label.replace('*', ''))].silent]).toEqual([
        label,
        label.startsWith('*'),
      ]);
    }
    // Every step has its rule.
    const told = new Set(rules.map(([, label]) => label));
    expect(labels.filter((label, i) => !operation.steps[i].silent && !told.has(label))).toEqual([]);
  });

  test('what is uninterruptible', () => {
    const held = operations
      .filter(({ uninterruptible, actor }) => uninterruptible && actor === 'cpu')
      .map(({ name }) => name);
    expect(held).toEqual(
      expect.arrayContaining([
        'posted-interrupt processing',
        'virtual-interrupt delivery',
        'EOI virtualization',
        'TPR virtualization',
      ]),
    );
    // Two locked operations that others may come between, unlike the IOMMU's one.
    expect(held).not.toContain('IPI virtualization');
  });
});
