/** What the fields of a vCPU's card mean, with their present value: the text that hovering and the keyboard show. */

import { decode, type Format } from '../extension/formats/format.ts';
import { ppr as pprFormat, tpr as tprFormat } from '../extension/formats/lapicRegisters.ts';
import { piControl } from '../extension/formats/piDesc.ts';
import { guestIntrStatus } from '../extension/formats/vmx.ts';
import type { VcpuView } from '../extension/session/protocol.ts';
import { t } from './l10n.ts';
import { hex8, hex32, type RegisterName, register, vectorRuns } from './vectors.ts';

type Pid = NonNullable<VcpuView['pid']>;

/** The 64-bit `control` word at byte 32, low word first: ON bit 0, SN bit 1, NV bits 23:16, NDST bits 63:32. */
export function controlWords({ on, sn = false, nv = 0, ndst = 0 }: Pid): readonly [lo: number, hi: number] {
  return [(Number(on) | (Number(sn) << 1) | (nv << 16)) >>> 0, ndst];
}

/** One field of a format, as a line. */
function fieldOf(format: Format, words: readonly number[], name: string): string {
  const found = decode(format, words).fields.find(({ field }) => field.name === name);
  return found === undefined ? '' : `${name} = ${found.text}: ${found.field.doc}`;
}

function problemsOf(format: Format, words: readonly number[]): string[] {
  return decode(format, words).problems.map(({ severity, text }) => `${severity}: ${text}`);
}

const MODES: Readonly<Record<string, string>> = {
  OUTSIDE_GUEST_MODE: 'the thread is not in guest mode: a kick is not needed, a post waits for the next entry',
  IN_GUEST_MODE: 'guest code runs, or is about to: who posts sends the notification',
  EXITING_GUEST_MODE: 'somebody has kicked it: it leaves guest mode before it enters again',
  READING_SHADOW_PAGE_TABLES: 'KVM walks shadow page tables with interrupts off',
};

const STATES: Readonly<Record<string, string>> = {
  running: 'guest code runs on its CPU',
  exited: 'its thread is in KVM, on its CPU',
  preempted: 'runnable, but scheduled out: with posted interrupts SN may be 1',
  blocked: 'halted: its thread sleeps in kvm_vcpu_block',
  woken: 'runnable again after a block, not yet on a CPU',
  offline: 'created, but never run: mp_state UNINITIALIZED',
  userspace: 'KVM_RUN has returned to the VMM',
};

const REQUESTS: Readonly<Record<string, string>> = {
  EVENT: 'look for interrupts and NMIs to inject before the next entry',
  UNBLOCK: 'leave kvm_vcpu_block, whatever there is to do',
  NMI: 'process_nmi: an NMI was queued',
  SMI: 'process_smi: an SMI was queued',
  SCAN_IOAPIC: 'look through the redirection table or the routes: whose EOI matters',
  APICV_UPDATE: 'switch APICv on or off for this vCPU',
  LOAD_EOI_EXITMAP: 'write the EOI-exit bitmap into the VMCS',
  IOAPIC_EOI_EXIT: 'leave to user space: its IOAPIC wants to see an EOI',
};

const REGISTERS: Readonly<Record<RegisterName, string>> = {
  pir: 'PIR: posted-interrupt requests, bits 255:0 of the descriptor',
  irr: 'IRR: interrupt requests; VIRR with APICv',
  isr: 'ISR: in service; VISR with APICv',
  tmr: 'TMR: trigger mode of the last acceptance, 1 = level',
};

function vectorsText(vcpu: VcpuView, name: RegisterName): string {
  const runs = vectorRuns(register(vcpu, name) ?? []).map(([first, last]) =>
    first === last ? hex8(first) : `${hex8(first)}–${hex8(last)}`,
  );
  return [REGISTERS[name], runs.length === 0 ? t('empty') : runs.join(' ')].join('\n');
}

function descriptorText(pid: Pid, name: 'ON' | 'SN' | 'NV' | 'NDST'): string {
  const words = controlWords(pid);
  const cpu = pid.ndstCpu ?? -1;
  const there = name === 'NDST' ? [cpu >= 0 ? t('names cpu {0}', cpu) : t('names no CPU of the host')] : [];
  return [fieldOf(piControl, words, name), ...there, ...problemsOf(piControl, words)].join('\n');
}

/** Every field of the control word. */
function descriptorLines(pid: Pid): string[] {
  const words = controlWords(pid);
  return [...['ON', 'SN', 'NV', 'NDST'].map(name => fieldOf(piControl, words, name)), ...problemsOf(piControl, words)];
}

function priorityText(format: Format, value: number): string {
  return [
    `${format.title}: ${hex8(value)}`,
    fieldOf(format, [value], 'class'),
    fieldOf(format, [value], 'subclass'),
  ].join('\n');
}

/** @param path as in `VcpuView.changed` */
export function meaningOf(vcpu: VcpuView, path: string): string {
  const { pid, mode, state, cpu, rvi = 0, svi = 0, requests, apicMode, id } = vcpu;
  switch (path) {
    case 'mode':
      return `vcpu->mode = ${mode}: ${MODES[mode] ?? ''}`;
    case 'state':
      return `${state}: ${STATES[state] ?? ''}`;
    case 'cpu':
      return `vcpu->cpu = ${cpu}: the physical CPU it runs on, or ran on last`;
    case 'apicbase':
      return `IA32_APICBASE: ${apicMode}, vcpu_id ${id} (${hex32(id)})`;
    case 'pid':
      return pid ? descriptorLines(pid).join('\n') : '';
    case 'pid.on':
      return pid ? descriptorText(pid, 'ON') : '';
    case 'pid.sn':
      return pid ? descriptorText(pid, 'SN') : '';
    case 'pid.nv':
      return pid ? descriptorText(pid, 'NV') : '';
    case 'pid.ndst':
      return pid ? descriptorText(pid, 'NDST') : '';
    case 'pid.pir':
      return vectorsText(vcpu, 'pir');
    case 'irr':
    case 'isr':
    case 'tmr':
      return vectorsText(vcpu, path);
    case 'tpr':
      return priorityText(tprFormat, vcpu.tpr);
    case 'ppr':
      return priorityText(pprFormat, vcpu.ppr);
    case 'rvi':
      return fieldOf(guestIntrStatus, [rvi | (svi << 8)], 'RVI');
    case 'svi':
      return fieldOf(guestIntrStatus, [rvi | (svi << 8)], 'SVI');
    case 'requests':
      return ['vcpu->requests', ...requests.map(name => `KVM_REQ_${name}: ${REQUESTS[name] ?? ''}`)].join('\n');
    default:
      return '';
  }
}
