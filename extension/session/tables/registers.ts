/** Registers of vCPUs and CPUs that are not on their cards: local APIC, run state, VMCS or VMCB, L2. */
import { APICBASE } from '../../engine/lapic/apic.ts';
import { CTRL, V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { isListed, listOwner } from '../../engine/vmx/wakeup.ts';
import { icr, x2apicIcr } from '../../formats/icr.ts';
import { type Extra, fieldTable } from './fieldTable.ts';
import { decoded, hexOf, range, type Table } from './table.ts';

export function lapicRegisters(m: Machine): Table {
  const command: Extra = {
    name: 'ICR',
    doc: 'Interrupt command register, 64 bits',
    words: index => [m.vcpu(index) + V.icr, m.vcpu(index) + V.icr2, m.vcpu(index) + V.apicbase],
    cell: index => {
      const words = [m.words[m.vcpu(index) + V.icr] >>> 0, m.words[m.vcpu(index) + V.icr2] >>> 0];
      const x2apic = (m.words[m.vcpu(index) + V.apicbase] & APICBASE.extd) !== 0;
      return {
        text: hexOf(words),
        field: `vcpu ${index}.icr`,
        decode: decoded(m, x2apic ? x2apicIcr : icr, words),
      };
    },
  };
  return fieldTable(
    m,
    'vcpu',
    {
      key: 'lapic',
      title: 'Local APIC registers',
      note: 'Beside those on the cards of the vCPUs. kvm_lapic, lapic.c',
      columns: {
        APICBASE: 'apicbase',
        ID: 'apic_id',
        LDR: 'ldr',
        DFR: 'dfr',
        SPIV: 'svr',
        LINT0: 'lvt0',
        LINT1: 'lvt1',
        LVTPC: 'lvtpc',
        'IOAPIC vectors': 'ioapic_handled',
      },
    },
    [command],
  );
}

export function vcpuEvents(m: Machine): Table {
  return fieldTable(m, 'vcpu', {
    key: 'events',
    title: 'Events and run state',
    note: 'What else decides about running and waking a vCPU. struct kvm_vcpu_arch',
    columns: {
      mp_state: 'mp_state',
      INIT: 'init',
      SIPI: 'sipi',
      'SIPI vector': 'sipi_vector',
      IF: 'if',
      activity: 'activity',
      preempted: 'preempted',
      waiter: 'waiter',
      'wake-up list': 'wakeup_list',
      'NMI queued': 'nmi.queued',
      'NMI pending': 'nmi.pending',
      'NMI masked': 'nmi.masked',
      SMI: 'smi',
      SMM: 'smm',
      pv_unhalted: 'pv_unhalted',
      arb_prio: 'arb_prio',
    },
  });
}

/** `process posted interrupts, …` */
const controlNames = (value: number): string[] =>
  Object.entries(CTRL)
    .filter(([, bit]) => (value & (1 << bit)) !== 0)
    .map(([name]) => name.replaceAll('_', ' '));

const hasVmcb12 = (m: Machine): boolean => m.config.vcpus.some(({ vmcb12 }) => vmcb12 !== undefined);

const NESTED = [
  ['nested_int_ctl', 'vmcb12 int_ctl', 'svm->nested.ctl.int_ctl: of vmcb12 as KVM has cached it'],
  ['nested_int_vector', 'vmcb12 int_vector', 'svm->nested.ctl.int_vector: of vmcb12 as KVM has cached it'],
  ['int_vector', 'int_vector', 'VMCB int_vector, bits 7:0: the vector of V_IRQ'],
] as const;

/** What KVM keeps for L2 of an AMD machine. */
function nested(m: Machine, [word, name, doc]: (typeof NESTED)[number]): Extra {
  return {
    name,
    doc,
    words: index => [m.vcpu(index) + V[word]],
    cell: index => ({
      text: hex(m.words[m.vcpu(index) + V[word]], word === 'nested_int_ctl' ? 8 : 2),
      field: `vcpu ${index}.${word}`,
      decode: doc,
    }),
  };
}

export function vmcs(m: Machine): Table {
  const intel = m.config.vendor === 'intel';
  const controls: Extra = {
    name: 'controls',
    doc: 'VM-execution and VM-exit controls that matter for interrupts, how many are set',
    words: index => [m.vcpu(index) + V.controls],
    cell: index => {
      const names = controlNames(m.words[m.vcpu(index) + V.controls]);
      return {
        text: `${names.length} set`,
        field: `vcpu ${index}.controls`,
        decode: names.join('\n') || 'none is set',
      };
    },
  };
  const interruptControl: Extra = {
    name: 'int_ctl',
    doc: 'VMCB int_ctl: AVIC bit 31, x2AVIC bit 30, V_IRQ bit 8',
    words: index => [m.vcpu(index) + V.int_ctl],
    cell: index => {
      const value = m.words[m.vcpu(index) + V.int_ctl] >>> 0;
      const flag = (bit: number) => (value >>> bit) & 1;
      return {
        text: hex(value, 8),
        field: `vcpu ${index}.int_ctl`,
        decode: `AVIC ${flag(31)}, x2AVIC ${flag(30)}, V_IGN_TPR ${flag(20)}, V_INTR_PRIO ${(value >>> 16) & 0xf}, V_IRQ ${flag(8)}`,
      };
    },
  };
  const common = { apicv: 'apicv', recognized: 'recognized' };
  const exits = { 'exit reason': 'exit_reason', qualification: 'exit_qualification' };
  return fieldTable(
    m,
    'vcpu',
    intel
      ? {
          key: 'vmcs',
          title: 'VMCS',
          note: 'Fields of the VMCS beside RVI and SVI, and the last VM exit',
          columns: { ...common, 'PI vector': 'nv', 'EOI-exit': 'eoi_exit', 'TPR threshold': 'tpr_threshold', ...exits },
        }
      : {
          key: 'vmcb',
          title: 'VMCB',
          note: 'Fields of the VMCB beside the tables of AVIC, and the last VM exit',
          columns: {
            ...common,
            EXITCODE: 'exit_reason',
            EXITINFO1: 'exit_qualification',
            'EXITINFO1 high': 'exit_info_1_high',
            EXITINFO2: 'exit_info_2',
            'EXITINFO2 high': 'exit_info_2_high',
          },
        },
    intel ? [controls] : [interruptControl, ...(hasVmcb12(m) ? NESTED.map(register => nested(m, register)) : [])],
  );
}

export function l2(m: Machine): Table | undefined {
  if (m.config.vcpus.every(vcpu => vcpu.l2 === undefined)) {
    return undefined;
  }
  return fieldTable(m, 'vcpu', {
    key: 'l2',
    title: 'L2',
    note: 'vmcs02, its virtual-APIC page and L1’s descriptor for L2',
    featured: true,
    columns: {
      'runs L2': 'l2',
      pi_pending: 'pi_pending',
      ON: 'l2.pid.on',
      PIR: 'l2.pid.pir',
      VIRR: 'l2.irr',
      VISR: 'l2.isr',
      VTPR: 'l2.tpr',
      VPPR: 'l2.ppr',
      RVI: 'l2.rvi',
      SVI: 'l2.svi',
      'exit reason': 'l2.exit_reason',
      qualification: 'l2.exit_qualification',
    },
  });
}

/** Words up to which every CPU may depend on every vCPU. */
const FEW_WORDS = 8_192;

/** As many vCPUs as a question may name. */
const NAMED = 8;

/** The posted-interrupt wake-up list of a CPU, which stands in the vCPUs. */
function wakeupList(m: Machine): Extra {
  const vcpus = range(0, m.vcpuCount);
  const owner = listOwner(m);
  const list = owner === V.cpu ? 'wakeup_vcpus_on_cpu' : 'blocked_vcpu_on_cpu';
  return {
    name: 'wake-up list',
    doc: `${list}: vCPUs that POSTED_INTR_WAKEUP_VECTOR may wake here`,
    words: () => vcpus.flatMap(vcpu => [m.vcpu(vcpu) + V.on_wakeup_list, m.vcpu(vcpu) + owner]),
    cell: index => {
      const here = vcpus.filter(vcpu => m.words[m.vcpu(vcpu) + owner] === index);
      const asleep = here.filter(vcpu => isListed(m, vcpu, index));
      return {
        text: asleep.length === 0 ? 'empty' : asleep.map(vcpu => `vcpu ${vcpu}`).join(' '),
        field: here.slice(0, NAMED).map(vcpu => `vcpu ${vcpu}.wakeup_list`),
        decode: `${list}: pi_wakeup_handler looks here for vCPUs whose ON is set`,
      };
    },
  };
}

export function cpuRegisters(m: Machine): Table {
  const { vendor, apicv } = m.config;
  const wakes = vendor === 'intel' && apicv && m.profile.vmx.wakeupVector !== 'none';
  const hasList = wakes && m.vcpuCount * m.cpuCount * 2 <= FEW_WORDS;
  return fieldTable(
    m,
    'cpu',
    {
      key: 'cpus',
      title: 'CPU state',
      note: 'What decides when a physical CPU takes an interrupt',
      columns: { 'runs vCPU': 'vcpu', 'interrupts off': 'irqs_off', pending: 'pending', doorbell: 'doorbell' },
    },
    hasList ? [wakeupList(m)] : [],
  );
}
