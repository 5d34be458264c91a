/** A Linux guest brings up its APICs, finds parents for IOAPIC and HPET, and composes an MSI; the VMM hands it to KVM. MSI and irq domains. */
import { kvm_set_msi } from '../lapic/msi.ts';
import { GUEST, PARENT } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import {
  type ApicSetup,
  apic_id_valid,
  DRIVERS,
  type Driver,
  maxApicId,
  type Platform,
  try_to_enable_x2apic,
} from './apicDriver.ts';
import { domainsOf, type Fwspec, type IrqDomain, WITHOUT_PARENT } from './domains.ts';
import { irq_msi_compose_msg, kvm_swizzle_msi_ext_dest_id } from './message.ts';

const DEVICES = ['ioapic', 'hpet'] as const;

function platformOf(m: Machine): Platform {
  return m.config.guest ?? { x2apic: true, remapping: 'none', hypervisor: true, msiExtDestId: false };
}

/** What the boot left in memory. */
function setupOf(m: Machine): ApicSetup {
  const base = m.layout.guest;
  const driver = Object.keys(DRIVERS)[m.load(base + GUEST.driver)] as Driver;
  const restricted = m.load(base + GUEST.x2apic_max_apicid);
  const virtExtDestId = m.load(base + GUEST.virt_ext_dest_id) !== 0;
  return { driver, maxApicId: restricted, virtExtDestId, because: '' };
}

function domains(m: Machine): readonly IrqDomain[] {
  const claims = (m.config.guest?.claims ?? []).map((kind): Fwspec => ({ kind, id: 0 }));
  return domainsOf(setupOf(m), platformOf(m).remapping, claims);
}

/** `try_to_enable_x2apic`, then every CPU of the machine whose ID is valid. */
export const guest_boot = operation({
  name: 'enable_IR_x2apic',
  actor: 'guest',
  source: 'arch/x86/kernel/apic/apic.c',
  locals: [],
  steps: {
    enable: step(
      m => {
        const setup = try_to_enable_x2apic(platformOf(m));
        return `${setup.because}; driver ${setup.driver}`;
      },
      m => {
        const setup = try_to_enable_x2apic(platformOf(m));
        const base = m.layout.guest;
        m.store(base + GUEST.booted, 1);
        m.store(base + GUEST.driver, DRIVERS[setup.driver]);
        m.store(base + GUEST.x2apic_max_apicid, setup.maxApicId);
        m.store(base + GUEST.virt_ext_dest_id, setup.virtExtDestId ? 1 : 0);
        return NEXT;
      },
      { via: ['try_to_enable_x2apic', 'x2apic_set_max_apicid'] },
    ),
    bring_up: step(
      m => {
        const ids = m.config.vcpus.map(({ id }) => id);
        const limit = maxApicId(setupOf(m));
        const left = ids.filter(id => !apic_id_valid(setupOf(m), id)).length;
        return left === 0
          ? `apic_id_valid: all ${ids.length} CPUs have an ID up to ${hex(limit, 1)}`
          : `apic_id_valid: ${left} of ${ids.length} CPUs have an ID above ${hex(limit, 1)} and stay offline`;
      },
      m => {
        const valid = m.config.vcpus.filter(({ id }) => apic_id_valid(setupOf(m), id)).length;
        m.store(m.layout.guest + GUEST.online, valid);
        return RETURN;
      },
      { via: ['apic_id_valid'] },
    ),
  },
});

/** `device`: 0 IOAPIC, 1 HPET. Each domain of the list is asked in a step of its own. */
export const guest_find_parent = operation({
  name: 'irq_find_matching_fwspec',
  actor: 'guest',
  source: 'kernel/irq/irqdomain.c',
  locals: ['device', 'index'],
  steps: {
    more: silent((m, _device, index) => (index < domains(m).length ? NEXT : 'none')),
    ask: step(
      (m, device, index) => {
        const domain = domains(m)[index];
        return `${domain.name}: ${domain.because({ kind: DEVICES[device], id: 0 })}`;
      },
      (m, device, index) => {
        const domain = domains(m)[index];
        m.local(1, index + 1);
        if (!domain.select({ kind: DEVICES[device], id: 0 })) {
          return 'more';
        }
        store(m, device, domain.name === 'IR' ? PARENT.IR : PARENT.x86_vector_domain);
        return RETURN;
      },
      { via: ['x86_vector_select'] },
    ),
    none: step(
      (_m, device) => `no domain accepts: ${WITHOUT_PARENT[DEVICES[device]]}`,
      (m, device) => {
        store(m, device, PARENT.none);
        return RETURN;
      },
    ),
  },
});

function store(m: Machine, device: number, parent: number): void {
  m.store(m.layout.guest + (device === 0 ? GUEST.ioapic_parent : GUEST.hpet_parent), parent);
}

/** The guest composes the message for a CPU; its write of the device's MSI registers exits to the VMM, which makes a route of it. */
export const guest_compose = operation({
  name: 'x86_vector_msi_compose_msg',
  actor: 'guest',
  source: 'arch/x86/kernel/apic/apic.c',
  locals: ['dest', 'vector'],
  steps: {
    compose: step(
      (m, dest, vector) => {
        const { lo, data, truncated } = composed(m, dest, vector);
        const warning = truncated
          ? `; WARN: ${hex(dest, 1)} has more than 8 bits, the message goes to ${hex(dest & 0xff)}`
          : '';
        return `MSI for APIC ID ${hex(dest, 1)}, vector ${hex(vector)}: ${hex(lo, 8)} / ${hex(data, 4)}${warning}`;
      },
      (m, dest, vector) => {
        const message = composed(m, dest, vector);
        const base = m.layout.guest;
        m.store(base + GUEST.msi_address, message.lo | 0);
        m.store(base + GUEST.msi_address + 1, message.hi | 0);
        m.store(base + GUEST.msi_data, message.data);
        m.store(base + GUEST.msi_truncated, message.truncated ? 1 : 0);
        return NEXT;
      },
      { via: ['__irq_msi_compose_msg'] },
    ),
    swizzle: silent(m => m.call(kvm_swizzle)),
  },
});

function composed(m: Machine, dest: number, vector: number) {
  return irq_msi_compose_msg(dest, vector, { dmar: false, virtExtDestId: setupOf(m).virtExtDestId });
}

/** QEMU moves bits 11:5 of the address to 46:40, where KVM with 32-bit IDs looks. */
const kvm_swizzle = operation({
  name: 'kvm_swizzle_msi_ext_dest_id',
  actor: 'vmm',
  source: 'QEMU target/i386/kvm/kvm.c',
  locals: [],
  steps: {
    swizzle: step(
      m => {
        const { before, after } = swizzled(m);
        return before.lo === after.lo && before.hi === after.hi
          ? `${hex(before.lo, 8)}: nothing to move`
          : `${hex(before.lo, 8)} becomes ${hex(after.hi, 8)}_${hex(after.lo, 8).slice(2)}: bits 11:5 go to 46:40`;
      },
      m => {
        const { after } = swizzled(m);
        m.store(m.layout.guest + GUEST.route_address, after.lo | 0);
        m.store(m.layout.guest + GUEST.route_address + 1, after.hi | 0);
        return RETURN;
      },
    ),
  },
});

function swizzled(m: Machine) {
  const base = m.layout.guest;
  const before = {
    lo: m.load(base + GUEST.msi_address) >>> 0,
    hi: m.load(base + GUEST.msi_address + 1) >>> 0,
    data: m.load(base + GUEST.msi_data),
  };
  return { before, after: kvm_swizzle_msi_ext_dest_id(before, platformOf(m).msiExtDestId) };
}

/** The device raises the interrupt: the VMM passes the message on. */
export const guest_signal = operation({
  name: 'KVM_SIGNAL_MSI',
  actor: 'vmm',
  source: 'user space',
  locals: [],
  steps: {
    signal: silent(m => {
      const base = m.layout.guest;
      return m.call(
        kvm_set_msi,
        m.words[base + GUEST.route_address],
        m.words[base + GUEST.route_address + 1],
        m.words[base + GUEST.msi_data],
        1,
      );
    }),
  },
});
