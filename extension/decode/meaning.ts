import { hex, setBits, toBig, type Words } from '../formats/bits.ts';
import { type Decoded, listVectors } from '../formats/format.ts';
import { deliveryModes } from '../formats/icr.ts';
import { registerName } from './registers.ts';
import { linuxVector, vectorText } from './vectors.ts';

/** One sentence about a decoded value, and what else is worth a line. */
export interface Meaning {
  readonly sentence: string;
  readonly notes: readonly string[];
}

type Get = (name: string) => number;

const shorthandNames = ['', 'to itself', 'to all including itself', 'to all but itself'];

/** `Fixed 0x41 (65)`, `NMI`, `SIPI, start at 0x8000`: what arrives. */
function message(mode: number, vector: number, modes: Readonly<Record<number, string>> = deliveryModes): string {
  if (mode === 0 || mode === 1) return `${modes[mode]} vector ${vectorText(vector)}`;
  if (mode === 6 && modes[6] === 'SIPI') {
    return `SIPI: start at 0x${(vector << 12).toString(16)} (CS selector 0x${(vector << 8).toString(16).padStart(4, '0')})`;
  }
  return modes[mode];
}

function physicalId(id: number, broadcast: number): string {
  return id === broadcast ? `all APICs (0x${id.toString(16)})` : `APIC ${id}${id > 9 ? ` (0x${id.toString(16)})` : ''}`;
}

function logicalIds(mask: number, base = 0): string {
  const ids = setBits([mask]).map(n => n + base);
  return ids.length === 0 ? 'nobody (empty mask)' : ids.join(', ');
}

function xapicTarget(logical: boolean, id: number): string {
  if (!logical) return `to ${physicalId(id, 0xff)}, physical`;
  if (id === 0xff) return 'to all APICs (logical 0xff)';
  return `to logical 0x${id.toString(16)}: flat bits ${logicalIds(id)}, or cluster ${id >>> 4} members ${logicalIds(id & 15)}`;
}

function x2apicTarget(logical: boolean, id: number): string {
  if (id === 0xffffffff) return 'to all APICs (0xffffffff)';
  if (!logical) return `to ${physicalId(id, 0xffffffff)}, physical`;
  return `to cluster ${id >>> 16}, x2APIC IDs ${logicalIds(id & 0xffff, (id >>> 16) * 16)}`;
}

function icrSentence(get: Get, target: string): string {
  const mode = get('delivery_mode');
  const to = shorthandNames[get('shorthand')] || target;
  const level = get('trigger') ? `level ${get('level') ? 'assert' : 'de-assert'}` : 'edge';
  return `${message(mode, get('vector'))}${mode === 6 ? ',' : ''} ${to}, ${level}`;
}

/** The text that `kvm_apic_ipi` prints for this ICR. */
export function traceText(get: Get, destination: number): string {
  const mode = get('delivery_mode');
  const names = ['Fixed', 'LowPrio', 'SMI', 'Res3', 'NMI', 'INIT', 'SIPI', 'ExtINT'];
  const words = [
    names[mode],
    get('dest_mode') ? 'logical' : 'physical',
    get('level') ? 'assert' : 'de-assert',
    get('trigger') ? 'level' : 'edge',
    ['dst', 'self', 'all', 'all-but-self'][get('shorthand')],
  ];
  return `dst ${destination.toString(16)} vec ${get('vector')} (${words.join('|')})`;
}

function vectorNote(vector: number): string[] {
  const name = linuxVector(vector);
  return name ? [`Linux uses 0x${vector.toString(16)} as ${name}`] : [];
}

function icrNotes(get: Get, destination?: number): string[] {
  const fixed = get('delivery_mode') <= 1;
  return [
    ...(destination === undefined ? [] : [`trace: ${traceText(get, destination)}`]),
    ...(fixed ? vectorNote(get('vector')) : []),
  ];
}

/** Destination of an MSI by what the reader knows of bits 11:5 and of the high half. */
function msiSentence(get: Get, id: number, withData: boolean): string {
  const logical = get('dest_mode_logical') === 1;
  const one = get('redirect_hint') === 1 ? ', one of them (RH)' : '';
  const target =
    id > 0xff ? (logical ? x2apicTarget(true, id) : `to ${physicalId(id, -1)}, physical`) : xapicTarget(logical, id);
  if (!withData) return `interrupt ${target}${logical ? one : ''}`;
  return `${message(get('delivery_mode'), get('vector'), msiModes)} ${target}${logical ? one : ''}, ${get('trigger') ? 'level' : 'edge'}`;
}

const msiModes = { ...deliveryModes, 7: 'ExtINT', 6: 'reserved mode 110' };

function handle(index0to14: number, index15: number): number {
  return index0to14 | (index15 << 15);
}

function hexNumber(value: number): string {
  return `0x${value.toString(16)}`;
}

function irHandle(get: Get): string {
  return `remappable: handle ${hexNumber(handle(get('dmar_index_0_14'), get('dmar_index_15')))}`;
}

function pidControl(get: Get): Meaning {
  const [on, sn, nv, ndst] = ['ON', 'SN', 'NV', 'NDST'].map(get);
  const state =
    nv === 0xf1
      ? on
        ? 'blocked, notified'
        : 'blocked'
      : sn
        ? 'preempted'
        : nv === 0xf2
          ? on
            ? 'running or loaded, notification outstanding'
            : 'running or loaded'
          : on
            ? 'notification outstanding'
            : 'no notification outstanding';
  const id =
    ndst !== 0 && (ndst & 0xff) === 0 && ndst <= 0xff00 ? `; on an xAPIC host that is APIC ID ${ndst >>> 8}` : '';
  return {
    sentence: `${state}: ON=${on} SN=${sn} NV=${hexNumber(nv)} NDST=${hexNumber(ndst)}`,
    notes: id ? [`NDST ${hexNumber(ndst)}${id}`] : [],
  };
}

function apicBaseMode(get: Get): string {
  if (!get('EN')) return get('EXTD') ? 'invalid mode: EXTD without EN' : 'APIC disabled';
  return get('EXTD') ? 'x2APIC mode' : 'xAPIC mode';
}

function irteTarget(get: Get): string {
  const dst = get('DST');
  const xapic = dst !== 0 && (dst & 0xff) === 0 && dst <= 0xff00;
  return `${get('DM') ? 'logical' : 'physical'} destination ${hexNumber(dst)}${xapic ? ` (with EIME = 0: ID ${dst >>> 8})` : ''}`;
}

function backing(words: Words): string {
  return hex(words.length > 1 ? [(words[0] << 12) >>> 0, ((words[1] << 12) | (words[0] >>> 20)) >>> 0] : words);
}

function lvtSentence(get: Get, what: string): string {
  return `${what}${get('masked') ? ', masked' : ''}`;
}

/** Sentence by format; formats without one print the names of their set fields. */
function sentenceOf(decoded: Decoded, get: Get, wide: (name: string) => Words): Meaning | string {
  switch (decoded.format.id) {
    case 'icr-low':
      return { sentence: icrSentence(get, 'to the destination in ICR2'), notes: icrNotes(get) };
    case 'icr':
      return {
        sentence: icrSentence(get, xapicTarget(get('dest_mode') === 1, get('destination'))),
        notes: [
          ...icrNotes(get, get('destination')),
          ...(get('destination') && !get('shorthand')
            ? [`in x2APIC mode the destination would be 0x${get('destination').toString(16)}000000`]
            : []),
        ],
      };
    case 'x2apic-icr':
      return {
        sentence: icrSentence(get, x2apicTarget(get('dest_mode') === 1, get('destination'))),
        notes: icrNotes(get, get('destination')),
      };
    case 'icr-high': {
      const stored = get('destination') * 0x1000000;
      return `destination ${physicalId(get('destination'), 0xff)}; KVM stores ${hex([stored], 32)}`;
    }
    case 'msi-address':
      return msiSentence(get, get('destid_0_7'), false);
    case 'msi-address-ext':
      return msiSentence(get, get('destid_0_7') | (get('virt_destid_8_14') << 8), false);
    case 'msi-address-ir':
      return irHandle(get);
    case 'msi-data':
      return `${message(get('delivery_mode'), get('vector'), msiModes)}, ${get('trigger') ? 'level' : 'edge'}`;
    case 'msi':
      return {
        sentence: msiSentence(get, (get('destid_0_7') | (get('destid_8_31') << 8)) >>> 0, true),
        notes: vectorNote(get('vector')),
      };
    case 'msi-ext':
      return msiSentence(get, get('destid_0_7') | (get('virt_destid_8_14') << 8), true);
    case 'msi-data-ir':
      return `sub-handle ${get('dmar_subhandle')}`;
    case 'msi-ir': {
      const base = handle(get('dmar_index_0_14'), get('dmar_index_15'));
      const sub = get('dmar_subhandle_valid') ? get('dmar_subhandle') : 0;
      return `${irHandle(get)}${get('dmar_subhandle_valid') ? `, sub-handle ${sub}` : ''}: IRTE index ${hexNumber(base + sub)}`;
    }
    case 'rte': {
      const target = xapicTarget(get('dest_mode_logical') === 1, get('destid_0_7'));
      return lvtSentence(
        get,
        `${message(get('delivery_mode'), get('vector'), msiModes)} ${target}, ${get('is_level') ? 'level' : 'edge'}`,
      );
    }
    case 'rte-ir':
      return lvtSentence(get, `remappable: handle ${hexNumber(handle(get('ir_index_0_14'), get('ir_index_15')))}`);
    case 'irte':
      return `${get('P') ? '' : 'not present; '}remapped: ${message(get('DLM'), get('V'), msiModes)} to ${irteTarget(get)}`;
    case 'irte-posted': {
      const pda = hex([(get('PDA_l') << 6) >>> 0, get('PDA_h')]);
      return `${get('P') ? '' : 'not present; '}posted: vector ${vectorText(get('VV'))} into the descriptor at ${pda}${get('URG') ? ', urgent' : ''}`;
    }
    case 'irte-amd':
      return `${get('valid') ? '' : 'not valid; '}remapped: ${message(get('int_type'), get('vector'), msiModes)} to ${get('dm') ? 'logical' : 'physical'} destination ${hexNumber(get('destination_lo') + get('destination_hi') * 0x1000000)}`;
    case 'irte-amd-guest':
      return `${get('valid') ? '' : 'not valid; '}guest vAPIC: vector ${vectorText(get('vector'))}, backing page ${backing(wide('ga_root_ptr'))}, vCPU ${get('is_run') ? 'running' : 'not running'}${get('ga_log_intr') ? ', logged' : ''}`;
    case 'pid':
    case 'pid-control':
      return pidControl(get);
    case 'pir':
    case 'vectors': {
      const set = setBits(wide(decoded.format.fields[0].name));
      return set.length === 0 ? 'no vector' : `vector${set.length > 1 ? 's' : ''} ${listVectors(set)}`;
    }
    case 'pid-pointer':
      return `${get('valid') ? 'valid' : 'not valid'}: descriptor at 0x${((toBig(wide('address')) << 6n) as bigint).toString(16)}`;
    case 'guest-intr-status':
      return `RVI ${vectorText(get('RVI'))}, SVI ${vectorText(get('SVI'))}`;
    case 'intr-info':
      return get('valid')
        ? `${decoded.fields.find(f => f.field.name === 'type')!.text}, vector ${vectorText(get('vector'))}`
        : 'no event (not valid)';
    case 'x2apic-msr': {
      const { field, text } = decoded.fields[0];
      return field.values?.[get('msr')] ? text : field.doc;
    }
    case 'apic-write':
      return `write of ${registerName(get('offset')) ?? 'no register'} (offset ${hexNumber(get('offset'))}), done in the virtual-APIC page`;
    case 'apic-access':
      return `${decoded.fields.find(f => f.field.name === 'type')!.text} of ${registerName(get('offset') & 0xff0) ?? 'no register'} (offset ${hexNumber(get('offset'))})`;
    case 'eoi-induced':
      return `EOI of vector ${vectorText(get('vector'))}`;
    case 'avic-physical':
      return `${get('valid') ? 'valid' : 'not valid'}, ${get('is_running') ? 'running' : 'not running'}, host APIC ID ${hexNumber(get('host_physical_id'))}, backing page ${backing(wide('backing_page'))}`;
    case 'avic-logical':
      return `${get('valid') ? 'valid' : 'not valid'}, guest physical APIC ID ${get('guest_physical_id')}`;
    case 'lvt-timer':
      return lvtSentence(
        get,
        `vector ${vectorText(get('vector'))}, ${decoded.fields.find(f => f.field.name === 'mode')!.text}`,
      );
    case 'lvt-error':
      return lvtSentence(get, `vector ${vectorText(get('vector'))}`);
    case 'lvt':
    case 'lvt-lint':
      return lvtSentence(get, message(get('delivery_mode'), get('vector'), msiModes));
    case 'spiv':
      return `APIC software-${get('enable') ? 'enabled' : 'disabled'}, spurious vector ${vectorText(get('vector'))}`;
    case 'apicbase':
      return `${get('BSP') ? 'BSP, ' : ''}${apicBaseMode(get)}, base ${backing(wide('base'))}`;
    case 'tpr':
    case 'ppr':
      return `class ${get('class')}: vectors up to 0x${get('class').toString(16)}f are held back`;
    case 'dfr':
      return decoded.fields[0].field.values?.[get('model')] ?? 'neither flat nor cluster';
    case 'ldr':
      return `logical ID ${hexNumber(get('logical_id'))}: flat bits ${logicalIds(get('logical_id'))}`;
    case 'ldr-x2apic':
      return `cluster ${get('cluster')}, IDs ${logicalIds(get('mask'), get('cluster') * 16)}`;
    case 'ga-tag':
    case 'ga-tag-8':
    case 'ga-tag-12':
      return `VM ${get('vm')}, vCPU ${get('vcpu')}`;
    default: {
      const named = decoded.fields.filter(f => !f.field.reserved && f.words.some(word => word !== 0));
      return (
        named.map(f => (f.field.hi === f.field.lo ? f.field.name : `${f.field.name} ${f.text}`)).join(', ') ||
        'nothing set'
      );
    }
  }
}

/** What a decoded value does, in one sentence. */
export function meaningOf(decoded: Decoded): Meaning {
  const words = new Map(decoded.fields.map(f => [f.field.name, f.words]));
  const wide = (name: string) => words.get(name) ?? [0];
  const meaning = sentenceOf(decoded, name => wide(name)[0], wide);
  return typeof meaning === 'string' ? { sentence: meaning, notes: [] } : meaning;
}
