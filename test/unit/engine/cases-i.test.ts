import { describe, expect, test } from 'vitest';
import { vcpuOfPid } from '../../../extension/engine/address.ts';
import { VCPU_STATE } from '../../../extension/engine/fields.ts';
import { hlt, write_eoi } from '../../../extension/engine/guest/instructions.ts';
import { device_interrupt } from '../../../extension/engine/iommu/device.ts';
import { intel_ir_set_vcpu_affinity } from '../../../extension/engine/iommu/vcpuAffinity.ts';
import { resume } from '../../../extension/engine/kvm/block.ts';
import { C, D, IOMMU, PID_CONTROL, V } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import { assign_device, set_route, unbind_device } from '../../../extension/engine/vfio/bypass.ts';
import { device_line } from '../../../extension/engine/vfio/intx.ts';
import { decode, fieldValue } from '../../../extension/formats/format.ts';
import { irte as irteFormat, irtePosted } from '../../../extension/formats/irte.ts';
import { happened, interrupt, iommu, irte, machine, msiTo, nic, run, settle, taken, vcpu } from './devices.ts';

const RUNNING = [vcpu(0, 'running'), vcpu(1, 'running'), vcpu(2, 'running'), vcpu(3, 'running')];
const ON = 1;
const SN = 2;

function posted(more = {}): Machine {
  return machine({
    vcpus: RUNNING,
    devices: [nic({ route: msiTo(2, 0x41), host: { cpu: 4, vector: 0x31 }, ...more })],
  });
}

/** Sets ON and SN of vCPU 2, and URG of the entry, before the device's interrupt; its vCPU is kept from taking the notification. */
function postWith(control: number, urgent = 0): { m: Machine; trail: string[] } {
  const m = posted();
  const pid = m.vcpu(2) + V.pi_desc + PID_CONTROL;
  m.store(pid, m.words[pid] | control);
  m.store(m.device(0) + D.irte, m.words[m.device(0) + D.irte] | (urgent << 14));
  m.store(m.cpu(2) + C.irqs_off, 1);
  m.start(m.deviceAgent(0), device_interrupt, 0, 0xfee000b8 | 0, 0);
  const trail: string[] = [];
  for (const agent of [m.deviceAgent(0), m.iommuAgent]) {
    while (m.ready(agent)) {
      m.step(agent);
      m.close();
      trail.push([...(m.codeOf(m.position)?.operation.labels ?? [])][0]?.[0] ?? '');
    }
  }
  return { m, trail };
}

function control(m: Machine): number {
  return m.words[m.vcpu(2) + V.pi_desc + PID_CONTROL] & 3;
}

function pirHas(m: Machine, index: number, vector: number): boolean {
  return m.test_bit(vector, m.vcpu(index) + V.pi_desc);
}

const notified = (m: Machine) => m.test_bit(0xf2, m.cpu(2) + C.irr);

describe('I: VT-d and bypass', () => {
  test.each([
    ['I1', 0, 0, ON, true],
    ['I2', SN, 0, SN, false],
    ['I3', SN, 1, SN | ON, true],
    ['I4', ON, 0, ON, false],
  ])('%s: control %i, URG %i', (_id, before, urgent, after, sent) => {
    const { m } = postWith(before, urgent);
    expect(pirHas(m, 2, 0x41)).toBe(true);
    expect(control(m)).toBe(after);
    expect(notified(m)).toBe(sent);
  });

  test('I1: a running vCPU takes it without an exit', () => {
    const m = posted();
    const trail = interrupt(m);
    expect(trail.filter(step => step.startsWith('interrupt request'))).toEqual([
      'interrupt request.take',
      'interrupt request.check_request',
      'interrupt request.fetch',
      'interrupt request.post',
      'interrupt request.notify',
    ]);
    expect(taken(m, 2)).toEqual([0x41]);
    expect(happened(m, 2)).toEqual({ exit: false, notification: true, wakeup: false });
  });

  test('I5: compatibility format with EIME = 1 is blocked', () => {
    const m = posted();
    run(m, m.deviceAgent(0), device_interrupt, 0, 0xfee02000 | 0, 0x41);
    expect([iommu(m, 'fault_reason'), iommu(m, 'faults')]).toEqual([0x25, 1]);
    expect(RUNNING.flatMap((_, index) => taken(m, index))).toEqual([]);
  });

  test.each([
    ['remapping is off', 0, true],
    ['CFIS = 1 and EIME = 0', 3, true],
    ['CFIS = 1 but EIME = 1', 7, false],
    ['CFIS = 0', 1, false],
  ])('compatibility format when %s', (_name, flags, passes) => {
    const m = posted();
    m.store(m.layout.iommu + IOMMU.flags, flags);
    m.store(m.cpu(4) + C.irqs_off, 1);
    run(m, m.deviceAgent(0), device_interrupt, 0, 0xfee04000 | 0, 0x55);
    expect(m.test_bit(0x55, m.cpu(4) + C.irr)).toBe(passes);
    expect(iommu(m, 'fault_reason')).toBe(passes ? 0 : 0x25);
  });

  test('a write that is not to 0xfeexxxxx is no interrupt', () => {
    const m = posted();
    expect(run(m, m.deviceAgent(0), device_interrupt, 0, 0x12345678, 0x55)).toEqual(['interrupt of a device.write']);
  });

  test('I6: an entry that is not present, FPD 0 and 1', () => {
    for (const fpd of [0, 2]) {
      const m = posted();
      m.store(m.device(0) + D.irte, (m.words[m.device(0) + D.irte] & ~1) | fpd);
      interrupt(m);
      expect([iommu(m, 'fault_reason'), iommu(m, 'faults')]).toEqual(fpd ? [0, 0] : [0x22, 1]);
      expect(taken(m, 2)).toEqual([]);
    }
  });

  test.each([
    ['20h: reserved bits of the request', 0xfee000b8, 0x10000, 0x20],
    ['21h: index beyond the table', 0xfeeffffc, 0xffff, 0x21],
    ['22h: nobody has this index', 0xfee000d8, 0, 0x22],
  ])('fault %s', (_name, address, data, fault) => {
    const m = posted();
    run(m, m.deviceAgent(0), device_interrupt, 0, address | 0, data | 0);
    expect(iommu(m, 'fault_reason')).toBe(fault);
  });

  test('faults 24h, 26h, 27h, 28h', () => {
    const faultAfter = (change: (m: Machine) => void) => {
      const m = posted();
      change(m);
      interrupt(m);
      return iommu(m, 'fault_reason');
    };
    expect(faultAfter(m => m.store(m.device(0) + D.irte, m.words[m.device(0) + D.irte] | 4))).toBe(0x24);
    expect(faultAfter(m => m.store(m.device(0) + D.irte + 2, 0x40200))).toBe(0x26);
    expect(faultAfter(m => m.store(m.device(0) + D.irte + 3, 7))).toBe(0x27);
    expect(faultAfter(m => m.store(m.vcpu(2) + V.pi_desc + 12, 1))).toBe(0x28);
  });

  test('I7: a Fixed MSI to one vCPU is posted to its descriptor, and the format decodes the entry so', () => {
    const m = posted();
    const entry = irte(m);
    expect(decode(irtePosted, entry).problems).toEqual([]);
    expect([fieldValue(irtePosted, entry, 'VV'), fieldValue(irtePosted, entry, 'URG')]).toEqual([0x41, 0]);
    const lo = (fieldValue(irtePosted, entry, 'PDA_l') << 6) >>> 0;
    expect(vcpuOfPid({ hi: fieldValue(irtePosted, entry, 'PDA_h'), lo }, 4)).toBe(2);
  });

  test('I8: two targets, Fixed: remapped, and the eventfd path delivers', () => {
    const m = machine({
      vcpus: RUNNING,
      devices: [nic({ route: { lo: 0xfee03004, hi: 0, data: 0x41 }, host: { cpu: 4, vector: 0x31 } })],
    });
    const entry = irte(m);
    expect(decode(irteFormat, entry).problems).toEqual([]);
    expect([fieldValue(irteFormat, entry, 'V'), fieldValue(irteFormat, entry, 'DST')]).toEqual([0x31, 4]);
    const trail = interrupt(m);
    expect(trail).toContain('vfio_msihandler.signal');
    expect([taken(m, 0), taken(m, 1), taken(m, 2)]).toEqual([[0x41], [0x41], []]);
  });

  test('I9: two targets, lowest priority with vector hashing: posted to the hashed vCPU', () => {
    const m = machine({
      vcpus: RUNNING,
      devices: [nic({ route: { lo: 0xfee03004, hi: 0, data: 0x141 }, host: { cpu: 4, vector: 0x31 } })],
    });
    expect(m.words[m.device(0) + D.bypass_vcpu]).toBe(1);
    interrupt(m);
    expect([taken(m, 0), taken(m, 1)]).toEqual([[], [0x41]]);
  });

  test('I10: NMI cannot be posted', () => {
    const m = machine({ vcpus: RUNNING, devices: [nic({ route: { lo: 0xfee02000, hi: 0, data: 0x400 } })] });
    expect(fieldValue(irteFormat, irte(m), 'IM')).toBe(0);
  });

  test('I11: the entry of a vCPU that blocks stays posted; NV becomes the wake-up vector', () => {
    const m = posted();
    const before = irte(m);
    run(m, m.vcpuAgent(2), hlt, 2);
    expect(irte(m)).toEqual(before);
    expect((m.words[m.vcpu(2) + V.pi_desc + PID_CONTROL] >>> 16) & 0xff).toBe(0xf1);
    const trail = interrupt(m);
    expect(trail).toContain('pi_wakeup_handler.test_on');
    expect(trail).not.toContain('vfio_msihandler.signal');
    expect(happened(m, 2).wakeup).toBe(true);
    run(m, m.vcpuAgent(2), resume, 2, 2, VCPU_STATE.woken);
    expect(taken(m, 2)).toEqual([0x41]);
  });

  test('I11: what the mail of 2015 expected instead', () => {
    const m = machine({
      vcpus: RUNNING,
      devices: [nic({ route: msiTo(2, 0x41), host: { cpu: 4, vector: 0x31 } })],
      choices: { blockedIrte: 'remapped' },
    });
    run(m, m.vcpuAgent(2), hlt, 2);
    expect(fieldValue(irteFormat, irte(m), 'IM')).toBe(0);
    const trail = interrupt(m);
    expect(trail).toContain('vfio_msihandler.signal');
    expect(trail).not.toContain('pi_wakeup_handler.test_on');
    expect(happened(m, 2).wakeup).toBe(true);
    run(m, m.vcpuAgent(2), resume, 2, 2, VCPU_STATE.woken);
    expect(taken(m, 2)).toEqual([0x41]);
    expect(fieldValue(irteFormat, irte(m), 'IM')).toBe(1);
  });

  test.each([
    ['6.1', false],
    ['6.16', false],
    ['7.1', true],
  ] as const)(
    'Linux %s prints the trace event for a posted route that cannot be posted any more: %s',
    (kernel, prints) => {
      const m = machine({ kernel, vcpus: RUNNING, devices: [nic({ route: msiTo(2, 0x41) })] });
      const trail = run(m, 0, set_route, 0, 0xfee02000 | 0, 0, 0x400);
      expect(trail).toContain('pi_update_irte.decide');
      expect(trail.includes('pi_update_irte.remember')).toBe(prints);
      expect(m.words[m.device(0) + D.bypass_vcpu]).toBe(-1);
    },
  );

  test('I12: another route, another descriptor; 7.1 skips a route that is the same', () => {
    for (const kernel of ['6.16', '7.1'] as const) {
      const m = machine({ kernel, vcpus: RUNNING, devices: [nic({ route: msiTo(2, 0x41) })] });
      const same = run(m, 0, set_route, 0, 0xfee02000 | 0, 0, 0x41);
      expect(same.includes('intel_ir_set_vcpu_affinity.modify')).toBe(kernel === '6.16');
      run(m, 0, set_route, 0, 0xfee03000 | 0, 0, 0x42);
      interrupt(m);
      expect([taken(m, 2), taken(m, 3)]).toEqual([[], [0x42]]);
    }
  });

  test('I13: unbinding remaps first, then frees the host interrupt', () => {
    const m = posted();
    const trail = run(m, 0, unbind_device, 0);
    expect(trail.indexOf('intel_ir_set_vcpu_affinity.modify')).toBeLessThan(
      trail.findIndex(step => step.endsWith('.free_irq')),
    );
    expect(fieldValue(irteFormat, irte(m), 'IM')).toBe(0);
    expect([m.words[m.device(0) + D.vfio], m.words[m.device(0) + D.bypass]]).toEqual([0, 0]);
    interrupt(m);
    expect(taken(m, 2)).toEqual([]);
  });

  test('what is not assigned is the host’s, until it is connected', () => {
    const m = posted({ assigned: false });
    expect(fieldValue(irteFormat, irte(m), 'IM')).toBe(0);
    run(m, 0, assign_device, 0);
    expect(fieldValue(irteFormat, irte(m), 'IM')).toBe(1);
    expect(m.words[m.device(0) + D.bypass_vcpu]).toBe(2);
  });

  test('I14: INTx: no bypass; masked until the guest’s EOI, unmasked by the resamplefd', () => {
    const LEVEL = 0x8000;
    const m = machine({
      vcpus: [vcpu(0, 'running', 0, { apic: 'xapic' })],
      hostApic: 'xapic',
      devices: [nic({ intx: { irqfd: 0 }, host: { cpu: 1, vector: 0x31 } })],
      irqfds: [{ gsi: 11, resample: true }],
      rtes: [{ pin: 11, lo: LEVEL | 0x77, hi: 0 }],
    });
    expect(fieldValue(irteFormat, irte(m), 'IM')).toBe(0);
    const up = run(m, m.deviceAgent(0), device_line, 0, 1);
    expect(up.indexOf('vfio_intx_handler.mask')).toBeLessThan(up.indexOf('irqfd_inject.begin'));
    expect([taken(m, 0), m.words[m.device(0) + D.masked]]).toEqual([[0x77], 1]);

    // The line is still up at EOI: unmasked, and there it is again.
    const first = run(m, m.vcpuAgent(0), write_eoi, 0);
    expect(first).toContain('vfio_pci_intx_unmask.unmask');
    expect([m.words[m.device(0) + D.host_interrupts], m.words[m.device(0) + D.masked]]).toEqual([2, 1]);

    run(m, m.deviceAgent(0), device_line, 0, 0);
    run(m, m.vcpuAgent(0), write_eoi, 0);
    expect([m.words[m.device(0) + D.host_interrupts], m.words[m.device(0) + D.masked]]).toEqual([2, 0]);
  });

  test('R05: a device is connected while its vCPU sleeps: the vCPU puts itself on the wake-up list', () => {
    const m = machine({
      vtdPosting: false,
      vcpus: RUNNING,
      devices: [nic({ assigned: false, route: msiTo(2, 0x41), host: { cpu: 4, vector: 0x31 } })],
    });
    run(m, m.vcpuAgent(2), hlt, 2);
    expect(m.words[m.vcpu(2) + V.on_wakeup_list]).toBe(0);
    run(m, 0, assign_device, 0);
    expect(m.words[m.vcpu(2) + V.state]).toBe(VCPU_STATE.woken);
    run(m, m.vcpuAgent(2), resume, 2, 2, VCPU_STATE.woken);
    if (m.words[m.vcpu(2) + V.state] === VCPU_STATE.running) {
      run(m, m.vcpuAgent(2), hlt, 2);
    }
    expect(m.words[m.vcpu(2) + V.on_wakeup_list]).toBe(1);
    interrupt(m);
    run(m, m.vcpuAgent(2), resume, 2, 2, VCPU_STATE.woken);
    expect(taken(m, 2)).toEqual([0x41]);
  });

  test('the order in which producer and consumer are connected', () => {
    const m = posted({ assigned: false });
    const kicked =
      /^(kvm_make|kvm_vcpu|posted-interrupt|VM |vcpu_|external|host interrupt|kvm_apic|vmx_sync|evaluation|PPR)/;
    const trail = run(m, 0, assign_device, 0).filter(step => !kicked.test(step));
    expect(trail.map(step => step.slice(step.lastIndexOf('.') + 1))).toEqual([
      'request_irq',
      'register_producer',
      'irqfd',
      'register_consumer',
      'stop',
      'add_producer',
      'count',
      'decide',
      'modify',
      'flush',
      'remember',
      'start',
    ]);
  });

  test('B28 with a device: a broadcast needs the work item', () => {
    const m = machine({
      vcpus: RUNNING,
      devices: [nic({ route: { lo: 0xfeeff000, hi: 0, data: 0x41 }, host: { cpu: 4, vector: 0x31 } })],
    });
    const trail = interrupt(m);
    expect(trail).toContain('vfio_msihandler.schedule_work');
    expect(trail).toContain('irqfd_inject.begin');
    expect(RUNNING.map((_, index) => taken(m, index))).toEqual([[0x41], [0x41], [0x41], [0x41]]);
  });

  test('between the store of an entry and the flush the cached copy still counts', () => {
    const m = posted();
    interrupt(m);
    m.start(0, intel_ir_set_vcpu_affinity, 0, 3, 0x42);
    m.step(0);
    m.close();
    m.start(m.deviceAgent(0), device_interrupt, 0, 0xfee000b8 | 0, 0);
    while (m.ready(m.deviceAgent(0)) || m.ready(m.iommuAgent)) {
      m.step(m.ready(m.deviceAgent(0)) ? m.deviceAgent(0) : m.iommuAgent);
      m.close();
    }
    expect([pirHas(m, 2, 0x41), pirHas(m, 3, 0x42)]).toEqual([true, false]);
    settle(m);
    interrupt(m);
    expect(taken(m, 3)).toEqual([0x42]);
  });
});
