import { formatById } from '../formats/all.ts';
import { fromBig } from '../formats/bits.ts';
import type { Candidate } from './candidate.ts';
import { explainRegister } from './cExplain.ts';
import { type Explanation, explainWords } from './explanation.ts';
import { fittingFormat } from './fitting.ts';
import { registerFormat, registerName } from './registers.ts';
import { linuxVector, vectorText } from './vectors.ts';

const MODES = ['Fixed', 'LowPrio', 'SMI', 'Res3', 'NMI', 'INIT', 'SIPI', 'ExtINT'];
const SHORTHANDS = ['dst', 'self', 'all', 'all-but-self'];

function words(id: string, value: bigint, notes: readonly string[] = []): Explanation {
  const format = formatById(id)!;
  return explainWords(format, fromBig(value, format.width), { notes });
}

function sentence(title: string, meaning: string, notes: readonly string[] = []): Explanation {
  return { title, value: '', meaning, rows: [], problems: [], notes, source: 'kvm trace events' };
}

function named(vector: number): string {
  const name = linuxVector(vector);
  return `${vectorText(vector)}${name ? `, in Linux ${name}` : ''}`;
}

type Groups = readonly string[];
type Reader = readonly [pattern: RegExp, explain: (groups: Groups) => Explanation | undefined];

function icrFromTrace([, dst, vec, flags]: Groups): Explanation {
  const parts = flags.split('|');
  const low =
    Number(vec) |
    (Math.max(0, MODES.indexOf(parts[0])) << 8) |
    (parts[1] === 'logical' ? 0x800 : 0) |
    (parts[2] === 'assert' ? 0x4000 : 0) |
    (parts[3] === 'level' ? 0x8000 : 0) |
    (Math.max(0, SHORTHANDS.indexOf(parts[4])) << 18);
  const dest = BigInt(`0x${dst}`);
  const notes = [`dst ${dst} is hexadecimal, vec ${vec} decimal`];
  if (dst === 'ff' && parts[1] === 'physical') notes.push('0xff is the broadcast when the sender is in xAPIC mode');
  // The event does not say in which mode the sender is; the fields are those of either.
  const explanation = words('x2apic-icr', (dest << 32n) | BigInt(low), notes);
  return { ...explanation, title: 'IPI', value: '', source: 'kvm_apic_ipi trace event' };
}

function msiFromTrace([, dst, vec, flags]: Groups): Explanation {
  const parts = flags.split('|');
  const id = BigInt(`0x${dst}`);
  const low =
    0xfee00000n | ((id & 0xffn) << 12n) | (parts.includes('logical') ? 4n : 0n) | (parts.includes('rh') ? 8n : 0n);
  const data = BigInt(
    Number(vec) | (Math.max(0, MODES.indexOf(parts[0])) << 8) | (parts.includes('level') ? 0xc000 : 0),
  );
  return words('msi', (data << 64n) | ((id & 0xffffff00n) << 32n) | low, [
    `dst ${dst} is hexadecimal, vec ${vec} decimal (Linux 3.11 printed them the other way round)`,
    'also printed by route scans and posted-interrupt updates: not proof of an interrupt',
  ]);
}

function accepted(how: string): (groups: Groups) => Explanation {
  return ([, id, vec, flags]) =>
    sentence(how, `vCPU ${Number.parseInt(id, 16)}: ${flags.replace('|', ', ')}, vector ${named(Number(vec))}`, [
      `apicid ${id} is the vCPU ID in hexadecimal, vec ${vec} decimal`,
    ]);
}

function qualification([, reason, info1]: Groups): Explanation {
  const value = BigInt(`0x${info1}`);
  if (reason === 'EOI_INDUCED') return words('eoi-induced', value);
  const id = reason === 'APIC_WRITE' ? 'apic-write' : 'apic-access';
  return words(id, value);
}

/** Registers whose value says something when it is read: all but the ICR, which holds what was sent last. */
function registerHolds(id: string): boolean {
  return !id.endsWith('icr') && !id.startsWith('icr');
}

/** Write to MSR 0x800 to 0x83f or to IA32_APICBASE. */
function msrWrite([, msr, text]: Groups): Explanation | undefined {
  const at = Number.parseInt(msr, 16);
  if (at === 0x1b) return words('apicbase', BigInt(`0x${text}`));
  if (at < 0x800 || at > 0x83f) return undefined;
  const id = registerFormat((at - 0x800) << 4, true);
  return id ? words(id, BigInt(`0x${text}`)) : words('x2apic-msr', BigInt(at));
}

/** Write to the page of the local APIC. */
function mmioWrite([, offset, text]: Groups): Explanation {
  const at = Number.parseInt(offset, 16);
  const id = registerFormat(at);
  return id ? words(id, BigInt(`0x${text}`)) : explainRegister(at);
}

function apicRegister([, what, name, text]: Groups): Explanation {
  const value = BigInt(`0x${text}`);
  const offset = [...Array(64).keys()].map(n => n * 16).find(n => registerName(n) === name);
  const wide = value >> 32n !== 0n;
  const id = offset === undefined ? undefined : registerFormat(offset, wide);
  if (id && (what === 'write' || registerHolds(id))) return words(fittingFormat(id, value), value);
  return offset === undefined ? sentence(`kvm_apic ${what}`, `${name} = 0x${text}`) : explainRegister(offset);
}

const INHIBITS = 'numbers hold for Linux 6.3 to 6.16; 5.15 and 7.1 have other tables';

const readers: readonly Reader[] = [
  [/kvm_apic_ipi:\s+dst ([\da-f]+) vec (\d+) \(([^)]*)\)/, icrFromTrace],
  [/kvm_msi_set_irq:\s+dst ([\da-f]+) vec (\d+) \(([^)]*)\)/, msiFromTrace],
  [
    /kvm_apic_accept_irq:\s+apicid ([\da-f]+) vec (\d+) \(([^)]*)\)/,
    accepted('Message reached a local APIC (it may still be dropped)'),
  ],
  [/kvm_apicv_accept_irq:\s+apicid ([\da-f]+) vec (\d+) \(([^)]*)\)/, accepted('Delivered with APIC virtualization')],
  [
    /kvm_ioapic_set_irq:\s+pin (\d+) dst ([\da-f]+) vec[ =](\d+) \(([^)]*)\)( \(coalesced\))?/,
    ([, pin, dst, vec, flags, coalesced]) =>
      sentence(
        'IOAPIC pin changed',
        `pin ${pin}: ${flags.replaceAll('|', ', ')} to 0x${dst}, vector ${named(Number(vec))}${coalesced ? '; coalesced' : ''}`,
        ['printed for lowering and for masked pins too'],
      ),
  ],
  [
    /kvm_eoi:\s+apicid ([\da-f]+) vector (-?\d+)/,
    ([, id, vec]) =>
      sentence(
        'EOI seen by KVM',
        vec === '-1'
          ? 'EOI without an interrupt in service'
          : `vCPU ${Number.parseInt(id, 16)}: vector ${named(Number(vec))}`,
      ),
  ],
  [
    /kvm_inj_virq:\s+(?:IRQ 0x|Soft\/INTn 0x)([\da-f]+)/,
    ([, vec]) =>
      sentence('Injected at VM entry', `vector ${named(Number.parseInt(vec, 16))}`, [
        'virtual-interrupt delivery is not traced',
      ]),
  ],
  [/kvm_inj_virq:\s+irq (\d+)/, ([, vec]) => sentence('Injected at VM entry', `vector ${named(Number(vec))}`)],
  [/kvm_exit:.{0,200}?reason (APIC_WRITE|EOI_INDUCED|APIC_ACCESS)\b.{0,200}?\binfo1? (?:0x)?([\da-f]+)/, qualification],
  [
    /kvm_avic_unaccelerated_access:\s+vcpu=(\d+), offset=0x[\da-f]+\((\w+)\), (trap|fault), (write|read), vec=0x([\da-f]+)/,
    ([, vcpu, register, how, access, vec]) =>
      sentence(
        'AVIC access that the hardware does not complete',
        `vCPU ${vcpu}: ${access} of ${register}, ${how === 'trap' ? 'already done' : 'to be emulated'}${register === 'APIC_EOI' ? `, vector ${named(Number.parseInt(vec, 16))}` : ''}`,
        register === 'APIC_EOI' ? ['the EOI of an edge interrupt does not exit; this one is level-triggered'] : [],
      ),
  ],
  [/kvm_(?:entry|exit):.{0,400}?\bintr_info 0x(8[\da-f]{7})/, ([, info]) => words('intr-info', BigInt(`0x${info}`))],
  [/kvm_msr:\s+msr_write (1b|8[0-3][\da-f]) = 0x([\da-f]{1,16})\b/, msrWrite],
  [/kvm_mmio:\s+mmio write len \d+ gpa 0xfee00([\da-f]{3}) val 0x([\da-f]{1,8})\b/, mmioWrite],
  [
    /kvm_apicv_update_request:\s+(activate|deactivate) bit=(\d+)/,
    ([, how, bit]) => {
      const reason = formatById('apicv-inhibits-5.15')!.fields.find(f => f.lo === Number(bit) && !f.reserved)?.name;
      return sentence(
        'APICv update (Linux 5.15)',
        `${how === 'activate' ? 'clears' : 'sets'} the inhibit reason ${reason ?? `bit ${bit}`}`,
      );
    },
  ],
  [/kvm_apic:\s+apic_(write|read) (APIC_\w+) = 0x([\da-f]+)/, apicRegister],
  [
    /kvm_pi_irte_update:\s+.{0,40}?\b(enabled and being updated|disabled) for irq (\d+), vcpu (-?\d+), gsi: 0x([\da-f]+), gvec: 0x([\da-f]+)/,
    ([, how, irq, vcpu, gsi, gvec]) =>
      sentence(
        'IRTE update',
        how === 'disabled'
          ? `host IRQ ${irq} back to remapped mode`
          : `host IRQ ${irq} (GSI ${Number.parseInt(gsi, 16)}) posts vector ${vectorText(Number.parseInt(gvec, 16))} to vCPU ${vcpu}`,
      ),
  ],
  [
    /kvm_apicv_inhibit_changed:\s+(?:set|cleared) reason=\d+, inhibits=0x([\da-f]+)/,
    ([, mask]) => words('apicv-inhibits', BigInt(`0x${mask}`), [INHIBITS]),
  ],
  [
    /kvm_avic_incomplete_ipi:\s+vcpu=\d+, icrh:icrl=0x([\da-f]+):([\da-f]+), id=(\d+)/,
    ([, high, low, id]) => {
      const reason = formatById('avic-ipi')!.fields.find(f => f.name === 'id')!.values?.[Number(id)];
      const value = (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
      return words(fittingFormat('icr', value || 0n) === 'icr-low' ? 'icr' : fittingFormat('icr', value), value, [
        `not completed: ${reason ?? `id ${id}`}`,
      ]);
    },
  ],
];

/** A `kvm:*` trace line, decoded as one message. Number bases are those of the event, not of the reader. */
export function findTraceEvent(text: string): Candidate[] {
  if (!text.includes('kvm_')) return [];
  for (const [pattern, explain] of readers) {
    const match = pattern.exec(text);
    const explanation = match ? explain(match) : undefined;
    if (!match || !explanation) continue;
    const event = /^kvm_\w+/.exec(match[0])![0];
    const end = match.index + match[0].length;
    return [{ start: match.index, end, text: match[0], as: event, explain: () => explanation }];
  }
  return [];
}
