import { describe, expect, test, vi } from 'vitest';
import type { KernelVersion } from '../../../../extension/engine/config.ts';
import { irqfd } from '../../../../extension/engine/ioapic/irqfd.ts';
import { IRQFD, V } from '../../../../extension/engine/layout.ts';
import { lastWriter } from '../../../../extension/session/lastWriter.ts';
import { cpuViews } from '../../../../extension/session/vcpuViews.ts';
import { machine, vcpu } from '../../engine/devices.ts';
import { line, vm, writeRegister, writeRte, x2apicVm } from '../../engine/irqchip.ts';
import { DEVICE, sessionOf } from '../scenarios.ts';
import { cell, changes, has, row, table, texts } from './rows.ts';

vi.setConfig({ testTimeout: 30_000 });

/** The machine after each step of a scenario, until `holds`. */
function until(text: string, holds: (session: ReturnType<typeof sessionOf>) => boolean) {
  const session = sessionOf(text);
  while (!session.finished) {
    session.move('stepInto');
    if (holds(session)) return session.runner.machine;
  }
  throw new Error('it never came to that');
}

describe('IOAPIC', () => {
  test('a pin as it was programmed, and whom it names', () => {
    const m = vm();
    writeRte(m, 4, 0xa931, 0x03000000);
    expect(texts(m, 'ioapic', 'pin 4')).toEqual({
      pin: '4',
      RTE: '0x030000000000a931',
      vector: '0x31',
      mode: 'LowPrio',
      dest: '0x03 vcpu 0, vcpu 1',
      'dest mode': 'logical',
      trigger: 'level',
      polarity: 'active low',
      mask: '0',
      'Remote IRR': '0',
      status: 'idle',
      line: 'low',
      IRR: '0',
      delivered: '0',
    });
    expect(row(m, 'ioapic', 'pin 4').idle).toBeUndefined();
    expect(row(m, 'ioapic', 'pin 5').idle).toBe(true);
    expect(table(m, 'ioapic')).toMatchObject({ count: 24, busy: 1, featured: true, whole: true });
    expect(cell(m, 'ioapic', 'pin 4', 'RTE').decode).toContain('is_level [15] = level: trigger mode');
  });

  test('an APIC that is disabled in IA32_APICBASE is nobody’s destination: kvm_apic_present', () => {
    const m = vm();
    writeRte(m, 4, 0xa931, 0x03000000);
    m.store(m.vcpu(1) + V.apicbase, m.words[m.vcpu(1) + V.apicbase] & ~(1 << 11));
    expect(cell(m, 'ioapic', 'pin 4', 'dest').text).toBe('0x03 vcpu 0');
  });

  test('a level interrupt: line, Remote IRR, EOI, and who wrote each', () => {
    const m = vm();
    writeRte(m, 4, 0x8031, 0x01000000);
    writeRegister(m, 1, 0xf0, 0x1ff);
    line(m, 4, 1);
    const state = () => ['line', 'IRR', 'Remote IRR'].map(name => cell(m, 'ioapic', 'pin 4', name).text);
    expect(state()).toEqual(['high: user space', '1', '1']);
    const sent = lastWriter(m, ['ioapic.redirtbl[4].irr']);
    m.seek(sent);
    expect(changes(m, 'ioapic')).toContain('pin 4.Remote IRR: 0 -> 1');
    m.seek(sent - 1);
    expect(cell(m, 'ioapic', 'pin 4', 'Remote IRR').text).toBe('0');
    m.seek(m.length);
    // A write to another pin is no write to this one.
    writeRte(m, 5, 0x10032);
    expect(lastWriter(m, ['ioapic.redirtbl[4].irr'])).toBe(sent);
  });

  test('only a machine that has the chips shows them', () => {
    const split = vm({ irqchip: 'split' });
    expect(['ioapic', 'ioapic registers', 'pic', 'routes'].filter(key => has(split, key))).toEqual([]);
    expect(['ioapic', 'pic', 'routes'].filter(key => has(vm(), key))).toEqual(['ioapic', 'pic', 'routes']);
    expect(
      ['irte', 'devices', 'iommu', 'pid table', 'avic physical', 'ga log', 'irq domains', 'irqfds', 'l2'].filter(key =>
        has(vm(), key),
      ),
    ).toEqual([]);
  });
});

describe('routes and irqfds', () => {
  test('an MSI route is decoded, a pin is named', () => {
    const m = vm({ routes: [{ gsi: 30, lo: 0xfee01000, hi: 0, data: 0x41 }], irqfds: [{ gsi: 30, resample: false }] });
    expect(texts(m, 'routes', 'route 0')).toEqual({ GSI: '30', to: 'MSI', 'pin or message': '0xfee01000 / 0x0041' });
    expect(cell(m, 'routes', 'route 0', 'pin or message').decode).toMatch(/^MSI\n[\s\S]*vector .* = 0x41/);
    expect(texts(m, 'irqfds', 'irqfd 0')).toEqual({ irqfd: '0', GSI: '30', resample: '0', work: '0', resampled: '0' });
    m.store(irqfd(m, 0) + IRQFD.gsi, -1);
    m.closeAs(0, 0);
    expect(changes(m, 'irqfds')).toEqual(['irqfd 0.GSI: 30 -> none']);
  });

  test('the routes of KVM_CREATE_IRQCHIP are idle', () => {
    expect(table(vm(), 'routes')).toMatchObject({ count: 40, busy: 0, featured: false });
    expect(texts(vm(), 'routes', 'route 24')).toEqual({ GSI: '0', to: 'PIC', 'pin or message': 'pin 0' });
  });
});

describe('APIC map', () => {
  const map = (m: ReturnType<typeof vm>) =>
    table(m, 'apic map').rows.map(({ cells }) => cells.map(({ text }) => text).join(' '));

  test('flat: a bit for each vCPU', () => {
    expect(map(vm())).toEqual([
      'physical 0x00 vcpu 0',
      'physical 0x01 vcpu 1',
      'physical 0x02 vcpu 2',
      'physical 0x03 vcpu 3',
      'logical bit 0 vcpu 0',
      'logical bit 1 vcpu 1',
      'logical bit 2 vcpu 2',
      'logical bit 3 vcpu 3',
    ]);
    expect(cell(vm(), 'vm', 'apic_map->logical_mode', 'value').text).toBe('XAPIC_FLAT');
  });

  test('cluster: cluster and bit', () => {
    const m = vm({ vcpus: [{ ldr: 0x11000000 }, { ldr: 0x24000000 }], each: { dfr: 0x0fffffff } });
    expect(map(m).slice(2)).toEqual(['logical cluster 1 bit 0 vcpu 0', 'logical cluster 2 bit 2 vcpu 1']);
  });

  test('flat and cluster in one map: nobody looks, and a slot is just a slot', () => {
    const m = vm({ vcpus: [{ ldr: 0x01000000 }, { ldr: 0x12000000, dfr: 0x0fffffff }] });
    expect(cell(m, 'vm', 'apic_map->logical_mode', 'value').text).toBe('MAP_DISABLED');
    expect(map(m).slice(2)).toEqual(['logical slot 0 vcpu 0']);
  });

  test('x2APIC: phys_map serves both', () => {
    expect(map(x2apicVm(2))).toEqual(['physical 0x00 vcpu 0', 'physical 0x01 vcpu 1']);
    expect(cell(x2apicVm(2), 'vm', 'apic_map->logical_mode', 'value').text).toBe('X2APIC');
  });
});

describe('VT-d', () => {
  test('a posted entry: raw words, vector and whose descriptor', () => {
    const m = sessionOf(DEVICE).runner.machine;
    expect(texts(m, 'irte', 'IRTE 0x5 nic')).toMatchObject({
      P: '1',
      mode: 'posted',
      vector: '0x41',
      to: 'vcpu 1',
      SID: '0x0100',
      cache: 'none',
      IRTE: '0x00000001000401002345004000418001',
    });
    expect(cell(m, 'irte', 'IRTE 0x5 nic', 'IRTE').decode?.split('\n')).toEqual([
      'IRTE, posted',
      'P [0] = present: present',
      'FPD [1] = faults logged: fault processing disable',
      'AVAIL [11:8] = 0x0: available to software',
      'URG [14] = not urgent: urgent: notify even when SN = 1; Linux never sets it',
      'IM [15] = posted: mode',
      'VV [23:16] = 0x41 (65): virtual vector, the PIR bit',
      'PDA_l [63:38] = 0x23450040: descriptor address bits 31:6',
      'SID [79:64] = 0x100: source (requester) ID',
      'SQ [81:80] = all 16 bits: source-ID qualifier',
      'SVT [83:82] = compare SID with SQ: source validation',
      'PDA_h [127:96] = 0x100000000: descriptor address bits 63:32',
    ]);
  });

  test('a remapped entry: the CPU and its vector', () => {
    const m = sessionOf(DEVICE.replace('posted to vcpu 1 vector 0x41 ', '')).runner.machine;
    expect(texts(m, 'irte', 'IRTE 0x5 nic')).toMatchObject({ mode: 'remapped', vector: '0x31', to: 'cpu 1', URG: '–' });
  });

  test('the cache keeps an entry that was changed in memory: stale', () => {
    const m = until(DEVICE, ({ runner }) => runner.machine.position > 0 && changes(runner.machine, 'irte').length > 0);
    expect(changes(m, 'irte')).toEqual(['IRTE 0x5 nic.cache: none -> same']);
    m.store(m.device(0), m.words[m.device(0)] ^ 2);
    m.closeAs(0, 0);
    expect(changes(m, 'irte').at(0)).toBe('IRTE 0x5 nic.cache: same -> stale');
  });

  test('a request that waits, and its remappable format', () => {
    const m = until(DEVICE, ({ runner }) => changes(runner.machine, 'devices').length > 0);
    expect(changes(m, 'devices')).toEqual(['nic.request: none -> 0xfee000b8 / 0x0000']);
    expect(cell(m, 'devices', 'nic', 'request').decode).toMatch(/^MSI, remappable\n/);
    expect(texts(m, 'iommu', 'EIME').value).toBe('1');
  });
});

const AMD = `machine amd
  kernel  6.16
  vcpus   2 x2apic
  with    avic x2avic

device nic  irte 5 posted to vcpu 1 vector 0x41 host cpu 1 vector 0x31
vcpu 1:  block
device nic:  interrupt
`;

describe('AMD', () => {
  test('a guest-mode entry, the physical table, and what a block changes in both', () => {
    const m = sessionOf(AMD).runner.machine;
    expect(texts(m, 'irte', 'IRTE 0x5 nic')).toMatchObject({
      valid: '1',
      mode: 'guest',
      vector: '0x41',
      to: 'vcpu 1',
      is_run: '1',
      doorbell: 'cpu 1',
      GATag: '0x00000201 vcpu 1',
    });
    expect(texts(m, 'avic physical', 'ID 1')).toMatchObject({
      entry: '0xc000000130001001',
      valid: '1',
      IsRunning: '1',
      'host ID': '0x1 cpu 1',
      page: 'vcpu 1',
      'KVM’s copy': 'same',
    });
    const session = sessionOf(AMD);
    const seen: string[] = [];
    while (!session.finished) {
      session.move('stepInto');
      seen.push(...changes(session.runner.machine, 'irte'), ...changes(session.runner.machine, 'avic physical'));
    }
    expect(seen).toEqual(
      expect.arrayContaining(['IRTE 0x5 nic.is_run: 1 -> 0', 'ID 1.IsRunning: 1 -> 0', 'ID 1.lock: 0 -> 1']),
    );
  });

  test('the GA log: an entry is written, read, and the pointers go on', () => {
    const session = sessionOf(AMD);
    const seen: string[] = [];
    while (!session.finished) {
      session.move('stepInto');
      seen.push(...changes(session.runner.machine, 'ga log'));
    }
    expect(seen).toEqual(
      expect.arrayContaining([
        'entry 0.pointer: head, tail -> head',
        'entry 0.state: empty -> unread',
        'entry 0.GATag: – -> 0x00000201 vcpu 1',
        'entry 0.device: – -> nic',
        'entry 1.pointer: – -> tail',
        'entry 0.state: unread -> read',
      ]),
    );
    expect(table(session.runner.machine, 'ga log')).toMatchObject({ count: 2, featured: true });
  });

  test('the logical table in xAPIC mode', () => {
    const xapic = { apic: 'xapic', ldr: 0x02000000 } as const;
    const m = machine({
      vendor: 'amd',
      devices: [],
      vcpus: [vcpu(0, 'running', 0, { ...xapic, ldr: 0x01000000 }), vcpu(1, 'running', 1, xapic)],
    });
    expect(texts(m, 'avic logical', 'index 1')).toEqual({
      index: '1',
      entry: '0x80000001',
      valid: '1',
      'guest ID': '0x1 vcpu 1',
    });
    expect(row(m, 'avic logical', 'index 9').idle).toBe(true);
  });
});

describe('wake-up list of a CPU', () => {
  /** vCPU 1 fell asleep on CPU 1, and its thread is loaded on CPU 2 before pi_post_block. */
  const moved = (kernel: KernelVersion) => {
    const m = machine({ kernel, vcpus: [vcpu(0, 'running'), vcpu(1, 'blocked')] });
    m.store(m.vcpu(1) + V.on_wakeup_list, 1);
    m.store(m.vcpu(1) + V.cpu, 2);
    return m;
  };

  test('until 5.15 it is that of pre_pcpu, which stays while the thread moves', () => {
    const m = moved('5.15');
    expect(cell(m, 'cpus', 'cpu 1', 'wake-up list')).toMatchObject({
      text: 'vcpu 1',
      decode: expect.stringContaining('blocked_vcpu_on_cpu'),
    });
    expect(cell(m, 'cpus', 'cpu 2', 'wake-up list').text).toBe('empty');
    expect(cpuViews(m).map(({ wakeupList }) => wakeupList)).toEqual([[], [1], []]);
  });

  test('later that of vcpu->cpu; in 2013 there is none', () => {
    const m = moved('6.16');
    expect(cell(m, 'cpus', 'cpu 2', 'wake-up list')).toMatchObject({
      text: 'vcpu 1',
      decode: expect.stringContaining('wakeup_vcpus_on_cpu'),
    });
    expect(cpuViews(m).map(({ wakeupList }) => wakeupList)).toEqual([[], [], [1]]);
    const columns = table(moved('2013'), 'cpus').columns.map(({ name }) => name);
    expect(columns).not.toContain('wake-up list');
  });
});

test('the last exit of AMD stands in EXITCODE and EXITINFO', () => {
  const columns = table(sessionOf(AMD).runner.machine, 'vmcb').columns.map(({ name }) => name);
  expect(columns).toEqual(expect.arrayContaining(['EXITCODE', 'EXITINFO1', 'EXITINFO1 high', 'EXITINFO2']));
  expect(columns).not.toContain('qualification');
});

test('PID-pointer table: an entry for each vcpu_id', () => {
  const m = sessionOf('machine intel\n  kernel 6.16\n  vcpus 3 x2apic\n  with apicv ipiv\n').runner.machine;
  expect(table(m, 'pid table').rows.map(({ key }) => key)).toEqual(['entry 0', 'entry 1', 'entry 2']);
  expect(texts(m, 'pid table', 'entry 2')).toEqual({
    ID: '0x2',
    entry: '0x0000000123450081',
    valid: '1',
    'descriptor of': 'vcpu 2',
  });
});

const GUEST = `machine intel
  kernel  6.16
  vcpus   300 x2apic
  with    apicv 32bit-ids
  guest   ext-dest-id

guest:   boot
guest:   find ioapic
guest:   compose 0x31 to 0x105
`;

test('irq domains: who became the parent, and the way of the message', () => {
  const session = sessionOf(GUEST);
  const m = session.runner.machine;
  const is = (name: string) => cell(m, 'irq domains', name, 'is').text;
  expect([is('APIC driver'), is('IOAPIC'), is('composed MSI')]).toEqual([
    'not booted',
    'IO-APIC (no parent looked for yet)',
    '–',
  ]);
  session.seek(1_000);
  expect(table(m, 'irq domains').rows.map(({ key }) => [key, is(key)])).toEqual([
    ['APIC driver', 'physical x2apic'],
    ['x2apic_max_apicid', '32767'],
    ['virt_ext_dest_id', '1'],
    ['CPUs online', '300 of 300'],
    ['IOAPIC', 'IO-APIC → x86_vector_domain'],
    ['HPET', 'HPET-MSI (no parent looked for yet)'],
    ['composed MSI', '0xfee05020 / 0x0031: vector 0x31 to APIC ID 261'],
    ['route in KVM', '0x00000100_fee05000: APIC ID 261 with 32-bit IDs'],
  ]);
});

test('8259s: lines that are up', () => {
  const m = vm();
  line(m, 3, 1);
  expect(texts(m, 'pic', 'master')).toMatchObject({ IRR: '0x08', IMR: '0xff' });
  expect(cell(m, 'pic', 'master', 'IRR').decode).toBe('IRR: Lines that request, a bit each: lines 3');
  expect(row(m, 'pic', 'slave').idle).toBe(true);
});
