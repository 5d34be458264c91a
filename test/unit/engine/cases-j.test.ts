import { describe, expect, test } from 'vitest';
import { backingPage } from '../../../extension/engine/address.ts';
import type { MachineConfig } from '../../../extension/engine/config.ts';
import { VCPU_STATE } from '../../../extension/engine/fields.ts';
import { write_apic_page } from '../../../extension/engine/guest/apicPage.ts';
import { hlt, leave_guest, write_eoi, write_icr, write_tpr } from '../../../extension/engine/guest/instructions.ts';
import { preempt, resume } from '../../../extension/engine/kvm/block.ts';
import { kvm_set_msi } from '../../../extension/engine/lapic/msi.ts';
import { APIC } from '../../../extension/engine/lapic/registers.ts';
import { C, D, GA_STATUS, IOMMU, V, VM } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import { SVM_EXIT } from '../../../extension/engine/svm/exits.ts';
import { svm_enable_irq_window } from '../../../extension/engine/svm/irqWindow.ts';
import { ENTRY } from '../../../extension/engine/svm/table.ts';
import { kvm_set_or_clear_apicv_inhibit } from '../../../extension/engine/vmx/apicv.ts';
import { avicLogical, avicPhysical, gaTag9 } from '../../../extension/formats/avic.ts';
import { decode, fieldValue } from '../../../extension/formats/format.ts';
import { irteAmdGuest } from '../../../extension/formats/irte.ts';
import { happened, interrupt, irte, machine, msiTo, nic, run, settle, taken, vcpu, word } from './devices.ts';

const RUNNING = [vcpu(0, 'running'), vcpu(1, 'running'), vcpu(2, 'running')];

function avic(more: Partial<MachineConfig> = {}): Machine {
  return machine({ vendor: 'amd', vtdPosting: false, x2avic: true, vcpus: RUNNING, devices: [], ...more });
}

function ipi(m: Machine, low: number, dest: number): string[] {
  return run(m, m.vcpuAgent(0), write_icr, 0, low, dest);
}

const fixed = (vector: number) => 0x4000 | vector;
const exitCode = (m: Machine, index: number) => word(m, index, 'exit_reason');
const entryOf = (m: Machine, index: number) =>
  [word(m, index, 'avic_hw_entry') >>> 0, m.words[m.vcpu(index) + V.avic_hw_entry + 1] >>> 0] as const;

describe('J: AVIC', () => {
  test('J1: a Fixed edge IPI to a running vCPU: a doorbell and no exit', () => {
    const m = avic();
    const trail = ipi(m, fixed(0x41), 1);
    expect(trail).toContain('AVIC: IPI.doorbell');
    expect([taken(m, 1), happened(m, 0).exit, happened(m, 1).exit]).toEqual([[0x41], false, false]);
  });

  test('J2: a target that does not run: exit 0x401 with IRR set already, KVM wakes it', () => {
    const m = avic();
    run(m, m.vcpuAgent(1), hlt, 1);
    expect(word(m, 1, 'state')).toBe(VCPU_STATE.blocked);
    const trail = ipi(m, fixed(0x41), 1);
    expect(exitCode(m, 0)).toBe(SVM_EXIT.AVIC_INCOMPLETE_IPI);
    expect(trail.indexOf('AVIC: IPI.set_irr')).toBeLessThan(trail.indexOf('avic_incomplete_ipi_interception.trace'));
    expect(trail).not.toContain('__apic_accept_irq.accept');
    expect(happened(m, 1).wakeup).toBe(true);
    run(m, m.vcpuAgent(1), resume, 1, 1, VCPU_STATE.woken);
    expect(taken(m, 1)).toEqual([0x41]);
  });

  test('J3: a logical mask with an absent CPU: KVM sends the IPI', () => {
    const m = avic();
    const trail = ipi(m, 0x800 | fixed(0x41), 0x2e);
    expect(exitCode(m, 0)).toBe(SVM_EXIT.AVIC_INCOMPLETE_IPI);
    expect(m.words[m.vcpu(0) + V.exit_info_2 + 1]).toBe(2);
    expect(word(m, 0, 'exit_qualification')).toBe(0x4841);
    expect(word(m, 0, 'exit_info_1_high')).toBe(0x2e);
    expect(trail).toContain('svm_complete_interrupt_delivery.read_mode');
    expect([taken(m, 1), taken(m, 2)]).toEqual([[0x41], [0x41]]);
  });

  test('J4: an NMI is no accelerated type', () => {
    const m = avic();
    ipi(m, 0x4400, 1);
    expect(m.words[m.vcpu(0) + V.exit_info_2 + 1]).toBe(0);
    expect(happened(m, 1).exit).toBe(true);
  });

  test('J5: vector 8 is ignored', () => {
    const m = avic();
    const trail = ipi(m, fixed(8), 1);
    expect(m.words[m.vcpu(0) + V.exit_info_2 + 1]).toBe(4);
    expect(trail).toContain('avic_incomplete_ipi_interception.ignore');
    expect(taken(m, 1)).toEqual([]);
  });

  test('J6, J7: EOI of an edge interrupt never exits, of a level interrupt always', () => {
    const m = avic();
    ipi(m, fixed(0x41), 1);
    run(m, m.vcpuAgent(1), write_eoi, 1);
    expect([happened(m, 1).exit, m.test_bit(0x41, m.vcpu(1) + V.isr)]).toEqual([false, false]);
    run(m, 0, kvm_set_msi, 0xfee01000 | 0, 0, 0xc042, 1);
    expect(taken(m, 1)).toEqual([0x41, 0x42]);
    const trail = run(m, m.vcpuAgent(1), write_eoi, 1);
    expect(exitCode(m, 1)).toBe(SVM_EXIT.AVIC_UNACCELERATED_ACCESS);
    expect(trail).toContain('apic_set_eoi.clear_isr');
    expect(m.test_bit(0x42, m.vcpu(1) + V.isr)).toBe(false);
  });

  test('J8: an interrupt window inhibits AVIC, and KVM injects', () => {
    const m = avic();
    run(m, m.vcpuAgent(1), leave_guest, 1);
    run(m, m.vcpuAgent(1), svm_enable_irq_window, 1);
    expect(m.words[m.layout.vm + VM.apicv_inhibits]).toBe(1 << 8);
    m.clear_bit(3, m.vcpu(1) + V.controls);
    run(m, m.vcpuAgent(1), resume, 1, 1, VCPU_STATE.exited);
    expect([word(m, 1, 'apicv_active'), word(m, 1, 'int_ctl')]).toEqual([0, 0]);
    const trail = run(m, 0, kvm_set_msi, 0xfee01000 | 0, 0, 0x41, 1);
    expect(trail).toContain('kvm_cpu_get_interrupt.acknowledge');
    expect(taken(m, 1)).toEqual([0x41]);
  });

  test('J9: a blocked vCPU and a device: GA log, tag, wake-up', () => {
    const m = avic({ devices: [nic({ route: msiTo(1, 0x41), host: { cpu: 3, vector: 0x31 } })] });
    run(m, m.vcpuAgent(1), hlt, 1);
    const entry = irte(m);
    expect(decode(irteAmdGuest, entry).problems).toEqual([]);
    expect(['guest_mode', 'is_run', 'ga_log_intr'].map(name => fieldValue(irteAmdGuest, entry, name))).toEqual([
      1, 0, 1,
    ]);
    const tag = fieldValue(irteAmdGuest, entry, 'ga_tag');
    expect([fieldValue(gaTag9, [tag], 'vm'), fieldValue(gaTag9, [tag], 'vcpu')]).toEqual([1, 1]);
    const trail = interrupt(m);
    expect(trail).toContain('amd_iommu_int_thread_galog.poll');
    expect(m.words[m.layout.iommu + IOMMU.words]).toBe(tag);
    expect(happened(m, 1).wakeup).toBe(true);
    run(m, m.vcpuAgent(1), resume, 1, 1, VCPU_STATE.woken);
    expect(taken(m, 1)).toEqual([0x41]);
    expect(fieldValue(irteAmdGuest, irte(m), 'is_run')).toBe(1);
  });

  test.each([
    ['6.16', true],
    ['7.1', false],
  ] as const)('J10: a preempted vCPU and a device, Linux %s: GA log %s', (kernel, logged) => {
    const m = avic({ kernel, devices: [nic({ route: msiTo(1, 0x41), host: { cpu: 3, vector: 0x31 } })] });
    run(m, m.vcpuAgent(1), preempt, 1);
    interrupt(m);
    expect(m.words[m.layout.iommu + IOMMU.ga_tail]).toBe(logged ? 1 : 0);
    run(m, m.vcpuAgent(1), resume, 1, 1, VCPU_STATE.preempted);
    expect(taken(m, 1)).toEqual([0x41]);
  });

  test('J11: erratum 1235 under 7.1: hardware never sees IsRunning, every IPI exits', () => {
    const m = avic({ kernel: '7.1', erratum1235: true });
    expect(entryOf(m, 1)[1] & ENTRY.isRunning).toBe(0);
    expect(m.words[m.vcpu(1) + V.avic_physical_id_entry + 1] & ENTRY.isRunning).not.toBe(0);
    ipi(m, fixed(0x41), 1);
    expect(exitCode(m, 0)).toBe(SVM_EXIT.AVIC_INCOMPLETE_IPI);
    expect(m.words[m.vcpu(0) + V.exit_info_2 + 1]).toBe(1);
    expect(taken(m, 1)).toEqual([0x41]);
  });

  test('J12: an x2APIC guest without x2AVIC: MSRs are emulated, the doorbell stays', () => {
    const m = avic({ x2avic: false });
    const trail = ipi(m, fixed(0x41), 1);
    expect(exitCode(m, 0)).toBe(SVM_EXIT.MSR);
    expect(trail).toContain('avic_ring_doorbell.write');
    expect([taken(m, 1), happened(m, 1).exit]).toEqual([[0x41], false]);
  });

  test('J12: 5.15 inhibits AVIC for such a guest', () => {
    const m = avic({ x2avic: false, kernel: '5.15' });
    expect(word(m, 1, 'apicv_active')).toBe(0);
    ipi(m, fixed(0x41), 1);
    expect([taken(m, 1), happened(m, 1).exit]).toEqual([[0x41], true]);
  });
});

describe('AVIC tables', () => {
  test('entries read as the formats say', () => {
    const m = avic();
    const entry = entryOf(m, 1);
    expect(decode(avicPhysical, entry).problems).toEqual([]);
    expect(fieldValue(avicPhysical, entry, 'valid')).toBe(1);
    expect(fieldValue(avicPhysical, entry, 'is_running')).toBe(1);
    expect(fieldValue(avicPhysical, entry, 'host_physical_id')).toBe(1);
    expect((fieldValue(avicPhysical, entry, 'backing_page') << 12) >>> 0).toBe(backingPage(1).lo);
  });

  test('a write of LDR traps and writes the logical table', () => {
    const vcpus = [0, 1].map(id => vcpu(id, 'running', id, { apic: 'xapic' }));
    const m = avic({ vcpus });
    run(m, m.vcpuAgent(1), write_apic_page, 1, APIC.LDR, 0x02000000);
    expect(exitCode(m, 1)).toBe(SVM_EXIT.AVIC_UNACCELERATED_ACCESS);
    const entry = m.words[m.layout.avicLogical + 1] >>> 0;
    expect([fieldValue(avicLogical, [entry], 'valid'), fieldValue(avicLogical, [entry], 'guest_physical_id')]).toEqual([
      1, 1,
    ]);
    m.store(m.vcpu(0) + V.events, 0);
    run(m, m.vcpuAgent(0), write_icr, 0, 0x800 | fixed(0x41), 0x02000000);
    expect([taken(m, 1), happened(m, 0).exit]).toEqual([[0x41], false]);
  });

  test('a broadcast takes the valid entries, without the sender where the shorthand says so', () => {
    const m = avic();
    ipi(m, 0xc0000 | fixed(0x41), 0);
    expect([taken(m, 0), taken(m, 1), taken(m, 2)]).toEqual([[], [0x41], [0x41]]);
    expect(happened(m, 0).exit).toBe(false);
  });

  test('a self IPI is delivered without an exit', () => {
    const m = avic();
    ipi(m, 0x40000 | fixed(0x41), 0);
    expect([taken(m, 0), happened(m, 0).exit]).toEqual([[0x41], false]);
  });

  test('TPR is the guest’s own: what waits is delivered when it falls', () => {
    const m = avic();
    run(m, m.vcpuAgent(1), write_tpr, 1, 0x50);
    ipi(m, fixed(0x41), 1);
    expect(taken(m, 1)).toEqual([]);
    run(m, m.vcpuAgent(1), write_tpr, 1, 0);
    expect([taken(m, 1), happened(m, 1).exit]).toEqual([[0x41], false]);
  });
});

describe('accesses', () => {
  test('a write that AVIC does not know is emulated: exit 0x402, fault-like', () => {
    const m = avic({ vcpus: [0, 1].map(id => vcpu(id, 'running', id, { apic: 'xapic' })) });
    const trail = run(m, m.vcpuAgent(1), write_apic_page, 1, APIC.LVR, 0);
    expect(exitCode(m, 1)).toBe(SVM_EXIT.AVIC_UNACCELERATED_ACCESS);
    expect(trail).toContain('avic_unaccelerated_access_interception.trace');
    expect(trail).not.toContain('AVIC: write of a register.trap');
  });

  test.each([
    [APIC.SPIV, 0x1ff],
    [APIC.LVTT, 0x10041],
    [APIC.DFR, 0x0fffffff],
  ])('offset %i: written, then the exit, then KVM', (offset, value) => {
    const m = avic({ vcpus: [0, 1].map(id => vcpu(id, 'running', id, { apic: 'xapic' })) });
    const trail = run(m, m.vcpuAgent(1), write_apic_page, 1, offset, value);
    expect(trail.indexOf('AVIC: write of a register.trap')).toBeGreaterThan(
      trail.indexOf('write of the APIC page.write'),
    );
    expect(trail.indexOf('VM exit.leave')).toBeGreaterThan(trail.indexOf('AVIC: write of a register.trap'));
  });

  test('without AVIC the page is not there: exit 0x400', () => {
    const m = avic({ apicv: false, vcpus: [0, 1].map(id => vcpu(id, 'running', id, { apic: 'xapic' })) });
    run(m, m.vcpuAgent(0), write_icr, 0, fixed(0x41), 0x01000000);
    expect([exitCode(m, 0), taken(m, 1)]).toEqual([SVM_EXIT.NPF, [0x41]]);
  });
});

describe('AVIC off and on', () => {
  test('entries of the vCPU leave guest mode and come back', () => {
    const m = avic({ devices: [nic({ route: msiTo(1, 0x41), host: { cpu: 3, vector: 0x31 } })] });
    const mode = () => fieldValue(irteAmdGuest, irte(m), 'guest_mode');
    expect(mode()).toBe(1);
    run(m, 0, kvm_set_or_clear_apicv_inhibit, 1, 1);
    expect([word(m, 1, 'apicv_active'), mode(), entryOf(m, 1)[1] & ENTRY.isRunning]).toEqual([0, 0, 0]);
    const trail = interrupt(m);
    expect(trail).toContain('vfio_msihandler.signal');
    expect(taken(m, 1)).toEqual([0x41]);
    run(m, 0, kvm_set_or_clear_apicv_inhibit, 1, 0);
    expect([word(m, 1, 'apicv_active'), mode(), fieldValue(irteAmdGuest, irte(m), 'is_run')]).toEqual([1, 1, 1]);
    run(m, m.vcpuAgent(1), write_eoi, 1);
    expect(interrupt(m)).toContain('AVIC: doorbell.take');
    expect(m.test_bit(0x41, m.vcpu(1) + V.isr)).toBe(true);
  });

  test('a vCPU ID above the limit: 7.1 inhibits AVIC for all', () => {
    const vcpus = [vcpu(0, 'running'), { ...vcpu(600, 'running'), cpu: 1 }];
    const m = avic({ kernel: '7.1', vcpus });
    expect([word(m, 0, 'apicv_active'), word(m, 1, 'apicv_active')]).toEqual([0, 0]);
  });
});

describe('order of entry and IRTEs', () => {
  test.each([
    ['put', preempt, ['lock', 'update_ga', 'entry']],
    ['blocking', hlt, ['lock', 'update_ga', 'entry']],
  ] as const)('%s: IRTEs first, then the entry', (_name, action, order) => {
    const m = avic({ devices: [nic({ route: msiTo(1, 0x41) })] });
    const trail = run(m, m.vcpuAgent(1), action, 1);
    const labels = trail.filter(step => step.startsWith('__avic_vcpu_put')).map(step => step.split('.')[1]);
    expect(labels).toEqual(order);
  });

  test('load: the entry first, then the IRTEs', () => {
    const m = avic({ devices: [nic({ route: msiTo(1, 0x41) })] });
    run(m, m.vcpuAgent(1), preempt, 1);
    const trail = run(m, m.vcpuAgent(1), resume, 1, 3, VCPU_STATE.preempted);
    const labels = trail.filter(step => step.startsWith('__avic_vcpu_load')).map(step => step.split('.')[1]);
    expect(labels).toEqual(['lock', 'entry', 'update_ga', 'unlock']);
    expect(entryOf(m, 1)[0] & 0xfff).toBe(3);
    interrupt(m);
    expect(taken(m, 1)).toEqual([0x41]);
  });
});

describe('R19, R20, R22', () => {
  /** The sender's hardware reads IsRunning, then the target blocks, then IRR becomes visible. */
  function blockInside(m: Machine, label: string): void {
    m.start(m.vcpuAgent(0), write_icr, 0, fixed(0x41), 1);
    for (let count = 0; count < 50; count++) {
      const frame = m.nextFrame(m.vcpuAgent(0));
      if (
        frame?.operation.labels.get(label) === frame?.operation.steps.indexOf(frame.step) &&
        frame?.operation.name === 'AVIC: IPI'
      ) {
        break;
      }
      m.step(m.vcpuAgent(0));
      m.close();
    }
    m.start(m.vcpuAgent(1), hlt, 1);
    while (m.ready(m.vcpuAgent(1))) {
      m.step(m.vcpuAgent(1));
      m.close();
    }
    settle(m);
  }

  test('erratum 1235: the vCPU sleeps with IRR set, and no exit on the sender', () => {
    const m = avic({ erratum1235: true });
    blockInside(m, 'late_irr');
    expect(word(m, 1, 'state')).toBe(VCPU_STATE.blocked);
    expect(m.test_bit(0x41, m.vcpu(1) + V.irr)).toBe(true);
    expect(happened(m, 0).exit).toBe(false);
  });

  test('ordered hardware: the check before sleeping finds IRR, or the sender exits', () => {
    for (const label of ['set_irr', 'is_running', 'doorbell']) {
      const m = avic();
      blockInside(m, label);
      expect(word(m, 1, 'state')).not.toBe(VCPU_STATE.blocked);
    }
  });

  test.each([
    ['6.1', true],
    ['6.12', false],
  ] as const)('GA log overflow, Linux %s: stays off %s', (kernel, off) => {
    const devices = [5, 6].map(index =>
      nic({
        name: `nic${index}`,
        irte: index,
        route: msiTo(index - 4, 0x40 + index),
        host: { cpu: 3, vector: 0x30 + index },
      }),
    );
    const m = avic({ kernel, devices, gaLogEntries: 2 });
    run(m, m.vcpuAgent(1), hlt, 1);
    run(m, m.vcpuAgent(2), hlt, 2);
    // Both before the host looks.
    for (const index of [0, 1]) {
      m.store(m.device(index) + D.request_data, 5 + index);
      m.store(m.device(index) + D.request, 1);
    }
    while (m.ready(m.iommuAgent)) {
      m.step(m.iommuAgent);
      m.close();
    }
    settle(m);
    expect([happened(m, 1).wakeup, happened(m, 2).wakeup]).toEqual([true, false]);
    expect((m.words[m.layout.iommu + IOMMU.ga_status] >>> GA_STATUS.GALogRun) & 1).toBe(off ? 0 : 1);
    interrupt(m, 1);
    expect(happened(m, 2).wakeup).toBe(!off);
  });

  test('a doorbell for a CPU in the host does nothing', () => {
    const m = avic();
    run(m, m.vcpuAgent(1), leave_guest, 1);
    m.store(m.cpu(1) + C.doorbell, 1);
    expect(settle(m)).toEqual(['AVIC: doorbell.take']);
    expect(m.words[m.cpu(1) + C.doorbell]).toBe(0);
  });
});
