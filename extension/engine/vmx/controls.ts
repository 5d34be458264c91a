/** The VMCS controls and MSR bitmap that follow from APIC mode and APICv. vmx/vmx.c; posted interrupts §8. */
import { pidAddress } from '../address.ts';
import { HOST_VECTORS } from '../fields.ts';
import { CTRL, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { vmx_can_use_ipiv } from './pidTable.ts';

const EN = 1 << 11;
const EXTD = 1 << 10;

const bit = (name: keyof typeof CTRL) => 1 << CTRL[name];

const ALWAYS = bit('external_interrupt_exiting') | bit('acknowledge_interrupt_on_exit') | bit('use_tpr_shadow');
const APICV =
  bit('process_posted_interrupts') | bit('apic_register_virtualization') | bit('virtual_interrupt_delivery');

/** `vmx_refresh_apicv_exec_ctrl` and `vmx_set_virtual_apic_mode`: what the controls should be. Never both kinds of APIC virtualization. */
export function execControls(m: Machine, vcpu: number): number {
  const base = m.vcpu(vcpu);
  const mode = m.words[base + V.apicbase];
  let controls = ALWAYS | (m.config.haltInGuest === true ? 0 : bit('hlt_exiting'));
  if ((mode & EN) !== 0) {
    controls |= (mode & EXTD) !== 0 ? bit('virtualize_x2apic_mode') : bit('virtualize_apic_accesses');
  }
  if (m.words[base + V.apicv_active] !== 0) {
    controls |= APICV | (vmx_can_use_ipiv(m.config) ? bit('ipi_virtualization') : 0);
  }
  return controls;
}

/** Registers that exist as x2APIC MSRs, 0x800 + n, as two words; TMCCT (0x839) is always intercepted for reading. */
const READABLE = [0xffff_a50c | 0, 0x41fd_81ff | 0] as const;

/** `vmx_update_msr_bitmap_x2apic`: intercepted reads and writes of 0x800-0x83f. */
export function msrIntercepts(m: Machine, vcpu: number): { read: [number, number]; write: [number, number] } {
  const base = m.vcpu(vcpu);
  const read: [number, number] = [-1, -1];
  const write: [number, number] = [-1, -1];
  const pass = (bitmap: [number, number], msr: number) => {
    bitmap[(msr >>> 5) & 1] &= ~(1 << (msr & 31));
  };
  if ((m.words[base + V.apicbase] & (EN | EXTD)) === (EN | EXTD)) {
    pass(read, 0x808);
    pass(write, 0x808);
    if (m.words[base + V.apicv_active] !== 0) {
      read[0] &= ~READABLE[0];
      read[1] &= ~READABLE[1];
      pass(write, 0x80b);
      pass(write, 0x83f);
      if (vmx_can_use_ipiv(m.config)) {
        pass(write, 0x830);
      }
    }
  }
  return { read, write };
}

/** Writes controls and bitmap without a step: how a vCPU begins, and the body of the steps below. */
export function writeControls(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  const window = m.words[base + V.controls] & bit('interrupt_window_exiting');
  m.store(base + V.controls, execControls(m, vcpu) | window);
}

export function writeMsrBitmap(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  const { read, write } = msrIntercepts(m, vcpu);
  m.store(base + V.msr_read, read[0]);
  m.store(base + V.msr_read + 1, read[1]);
  m.store(base + V.msr_write, write[0]);
  m.store(base + V.msr_write + 1, write[1]);
}

/** What `init_vmcs` writes for interrupts. */
export function initVmcs(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  const { hi, lo } = pidAddress(vcpu);
  m.store(base + V.posted_intr_nv, HOST_VECTORS.POSTED_INTR_VECTOR);
  m.store(base + V.posted_intr_desc_addr, lo);
  m.store(base + V.posted_intr_desc_addr + 1, hi);
  writeControls(m, vcpu);
  writeMsrBitmap(m, vcpu);
}

/** APICv was activated or inhibited: the processor's controls follow. While L2 runs vmcs01 is written all the same here. */
export const vmx_refresh_apicv_exec_ctrl = operation({
  name: 'vmx_refresh_apicv_exec_ctrl',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu'],
  steps: {
    controls: step(
      (m, vcpu) => {
        const active = m.words[m.vcpu(vcpu) + V.apicv_active] !== 0;
        const ipiv = vmx_can_use_ipiv(m.config) ? ', IPI virtualization' : '';
        return `vcpu ${vcpu}: process posted interrupts, APIC-register virtualization, virtual-interrupt delivery${ipiv} := ${active ? 1 : 0}`;
      },
      (m, vcpu) => {
        writeControls(m, vcpu);
        return NEXT;
      },
    ),
    x2apic: silent((m, vcpu) => ((m.words[m.vcpu(vcpu) + V.apicbase] & EXTD) !== 0 ? NEXT : RETURN)),
    msr_bitmap: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.apicv_active] !== 0
          ? `MSR bitmap of vcpu ${vcpu}: TPR, EOI and self-IPI${vmx_can_use_ipiv(m.config) ? ' and ICR' : ''} pass through`
          : `MSR bitmap of vcpu ${vcpu}: only TPR passes through`,
      (m, vcpu) => {
        writeMsrBitmap(m, vcpu);
        return RETURN;
      },
      { via: ['vmx_update_msr_bitmap_x2apic'] },
    ),
  },
});

/** The guest changed the mode of its APIC. */
export const vmx_set_virtual_apic_mode = operation({
  name: 'vmx_set_virtual_apic_mode',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu'],
  steps: {
    controls: step(
      (m, vcpu) => {
        const mode = m.words[m.vcpu(vcpu) + V.apicbase];
        const kind = (mode & EN) === 0 ? 'neither' : (mode & EXTD) !== 0 ? 'x2APIC mode' : 'APIC accesses';
        return `virtualize APIC accesses or x2APIC mode: ${kind}, for vcpu ${vcpu}`;
      },
      (m, vcpu) => {
        writeControls(m, vcpu);
        writeMsrBitmap(m, vcpu);
        return RETURN;
      },
    ),
  },
});
