/** The pins of KVM's IOAPIC, and its registers. */

import { destMode, rte, SOURCE } from '../../engine/ioapic/state.ts';
import { kvm_apic_hw_enabled } from '../../engine/lapic/apic.ts';
import { kvm_apic_match_dest, NO_SOURCE } from '../../engine/lapic/destination.ts';
import { IO, IOAPIC_NUM_PINS, V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { fieldValue } from '../../formats/format.ts';
import { ioapicRte } from '../../formats/ioapicRte.ts';
import { messageModes } from '../../formats/msi.ts';
import { type Cell, decoded, flagText, hexOf, type Row, range, type Table, wordsAt } from './table.ts';

/** vCPUs up to which the recipients of a pin are looked for. */
const FEW = 64;

const RESET_LOW = 1 << 16;

/** Words that decide whether a vCPU is meant. */
const IDENTITY = [V.apicbase, V.id, V.ldr, V.dfr] as const;

const identities = (m: Machine): number[] =>
  m.vcpuCount > FEW ? [] : m.config.vcpus.flatMap((_, vcpu) => IDENTITY.map(word => m.vcpu(vcpu) + word));

/** `vcpu 1, vcpu 2`: whom the destination of an entry names; the delivery mode may choose one of them. */
function recipients(m: Machine, low: number, dest: number): string {
  const named = m.config.vcpus
    .map((_, vcpu) => vcpu)
    .filter(vcpu => kvm_apic_hw_enabled(m, vcpu) && kvm_apic_match_dest(m, vcpu, NO_SOURCE, destMode(low), dest))
    .map(vcpu => `vcpu ${vcpu}`);
  return named.length === 0 ? 'nobody' : named.join(', ');
}

function line(states: number): string {
  const sources = [
    [SOURCE.userspace, 'user space'],
    [SOURCE.resample, 'irqfd'],
  ] as const;
  const up = sources.filter(([bit]) => (states & (1 << bit)) !== 0).map(([, name]) => name);
  return up.length === 0 ? 'low' : `high: ${up.join(', ')}`;
}

function pinRow(m: Machine, pin: number): Row {
  const base = m.layout.ioapic;
  const entry = rte(m, pin);
  const states = base + IO.irq_states + pin;
  const few = m.vcpuCount <= FEW;
  return {
    key: `pin ${pin}`,
    words: [entry, entry + 1, states, base + IO.irr, base + IO.irr_delivered, ...identities(m)],
    idle: () => m.words[entry] === RESET_LOW && m.words[entry + 1] === 0 && m.words[states] === 0,
    cells: () => {
      const words = wordsAt(m, entry, 2);
      const value = (name: string) => fieldValue(ioapicRte, words, name);
      const text = (name: string) => ioapicRte.fields.find(each => each.name === name)?.values?.[value(name)] ?? '';
      const part = (name: string, shown: string): Cell => ({
        text: shown,
        field: `ioapic.redirtbl[${pin}].${name}`,
        decode: `${name}: ${ioapicRte.fields.find(each => each.name === name)?.doc} = ${value(name)}`,
      });
      const bit = (name: 'irr' | 'irr_delivered', doc: string): Cell => ({
        text: flagText((m.words[base + IO[name]] & (1 << pin)) !== 0),
        field: `ioapic.${name}[${pin}]`,
        decode: doc,
      });
      const dest = value('destid_0_7');
      const to = few ? recipients(m, words[0], dest) : '';
      return [
        { text: String(pin) },
        part('vector', hex(value('vector'))),
        part('delivery_mode', messageModes[value('delivery_mode') as keyof typeof messageModes]),
        {
          ...part('destid_0_7', few && value('masked') === 0 ? `${hex(dest)} ${to}` : hex(dest)),
          decode: `destination APIC ID ${hex(dest)}, ${text('dest_mode_logical')}${few ? `: names ${to}` : ''}`,
        },
        part('dest_mode_logical', text('dest_mode_logical')),
        part('is_level', text('is_level')),
        part('active_low', text('active_low')),
        part('masked', flagText(value('masked') === 1)),
        part('irr', flagText(value('irr') === 1)),
        part('delivery_status', text('delivery_status')),
        {
          text: line(m.words[states]),
          field: `ioapic.irq_states[${pin}]`,
          decode: `ioapic->irq_states = ${hex(m.words[states])}: a bit for each source ID, 0 user space, 1 irqfds with a resampler`,
        },
        bit('irr', 'ioapic->irr: the line is requested'),
        bit('irr_delivered', 'ioapic->irr_delivered: an edge was delivered and its line is still up'),
        { text: hexOf(words), field: `ioapic.redirtbl[${pin}]`, decode: decoded(m, ioapicRte, words) },
      ];
    },
  };
}

export function ioapicPins(m: Machine): Table | undefined {
  if (m.config.irqchip !== 'kernel') {
    return undefined;
  }
  return {
    key: 'ioapic',
    title: 'IOAPIC pins',
    note: 'The redirection table of KVM’s IOAPIC, and the lines. struct kvm_ioapic, ioapic.c',
    featured: true,
    columns: [
      ['pin', 'Input of the IOAPIC'],
      ['vector', 'Bits 7:0'],
      ['mode', 'Delivery mode, bits 10:8'],
      ['dest', 'Destination APIC ID, bits 63:56, and whom it names'],
      ['dest mode', 'Bit 11'],
      ['trigger', 'Bit 15'],
      ['polarity', 'Bit 13; KVM does not use it'],
      ['mask', 'Bit 16'],
      ['Remote IRR', 'Bit 14: a level interrupt was sent and not ended'],
      ['status', 'Delivery status, bit 12'],
      ['line', 'Who holds the line up'],
      ['IRR', 'ioapic->irr'],
      ['delivered', 'ioapic->irr_delivered'],
      ['RTE', 'Redirection table entry, 64 bits'],
    ],
    rows: range(0, IOAPIC_NUM_PINS).map(pin => pinRow(m, pin)),
  };
}

const REGISTERS: readonly (readonly [name: keyof typeof IO, doc: string])[] = [
  ['ioregsel', 'IOREGSEL: the register that IOWIN accesses'],
  ['id', 'IOAPICID, register 0'],
  ['rtc_pending_eoi', 'rtc_status.pending_eoi: vCPUs that owe the EOI of the RTC interrupt'],
  ['eoi_inject', 'eoi_inject is scheduled: a pin is served again after a storm of EOIs'],
  ['notifiers', 'Pins with an ack notifier, a bit each'],
];

export function ioapicRegisters(m: Machine): Table | undefined {
  if (m.config.irqchip !== 'kernel') {
    return undefined;
  }
  return {
    key: 'ioapic registers',
    title: 'IOAPIC registers',
    note: 'struct kvm_ioapic, ioapic.c',
    columns: [
      ['register', 'Name in struct kvm_ioapic'],
      ['value', ''],
    ],
    rows: REGISTERS.map(([name, doc]) => {
      const address = m.layout.ioapic + IO[name];
      return {
        key: name,
        words: [address],
        idle: () => m.words[address] === 0,
        cells: () => [{ text: name }, { text: hex(m.words[address], 1), field: `ioapic.${name}`, decode: doc }],
      };
    }),
  };
}
