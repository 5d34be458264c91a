/** The VMCB and table entries of a vCPU, and AVIC switched on and off. svm/svm.c, svm/avic.c; VT-d and AVIC §B1, §B5. */
import { VCPU_STATE } from '../fields.ts';
import { CTRL, D, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { postTarget } from '../vfio/target.ts';
import { writeLogicalTable } from './exitHandlers.ts';
import { amd_ir_set_vcpu_affinity } from './irte.ts';
import { activatedIntCtl, INT_CTL } from './mode.ts';
import { initVmcb02 } from './nested.ts';
import { __avic_vcpu_load, __avic_vcpu_put } from './scheduling.ts';
import { ENTRY, hostIdMask, maxPhysicalId, newEntry } from './table.ts';

/** MSRs 0x800-0x83f: with x2AVIC none is intercepted, otherwise all. `svm_set_x2apic_msr_interception` */
function writeMsrBitmap(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  const intercepted = (m.words[base + V.int_ctl] & INT_CTL.x2avic) === 0 ? -1 : 0;
  for (const word of [V.msr_read, V.msr_read + 1, V.msr_write, V.msr_write + 1]) {
    m.store(base + word, intercepted);
  }
}

/** May AVIC be on for a guest in this APIC mode? 5.15 inhibits it for x2APIC; later kernels fall back to hybrid mode. */
export function avicAllowed(m: Machine, vcpu: number): boolean {
  const x2apic = (m.words[m.vcpu(vcpu) + V.apicbase] & (1 << 10)) !== 0;
  const served = !x2apic || m.config.x2avic === true || m.profile.avic.x2apicGuest === 'hybrid';
  return m.config.apicv && served && m.config.vcpus[vcpu].id <= maxPhysicalId(m);
}

/** How a vCPU begins: `init_vmcb`, `avic_init_vcpu`, and the load that its state implies. */
export function initVmcb(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  m.store(base + V.controls, (1 << CTRL.external_interrupt_exiting) | (1 << CTRL.hlt_exiting));
  const { vmcb12 } = m.config.vcpus[vcpu];
  const active = vmcb12 === undefined && m.config.vcpus.every((_, each) => avicAllowed(m, each));
  m.store(base + V.apicv_active, active ? 1 : 0);
  m.store(base + V.int_ctl, active ? activatedIntCtl(m, vcpu) : 0);
  writeMsrBitmap(m, vcpu);
  if (m.config.apicv && m.config.vcpus[vcpu].id <= maxPhysicalId(m)) {
    initEntry(m, vcpu, active);
    writeLogicalTable(m, vcpu);
  }
  if (vmcb12 !== undefined) {
    initVmcb02(m, vcpu, vmcb12.intCtl, vmcb12.intVector);
  }
}

function initEntry(m: Machine, vcpu: number, active: boolean): void {
  const base = m.vcpu(vcpu);
  const state = m.words[base + V.state];
  const { lo, hi } = newEntry(vcpu);
  const loaded = active && (state === VCPU_STATE.running || state === VCPU_STATE.exited);
  const apicId = m.config.cpus[m.words[base + V.cpu]].apicId & hostIdMask(m);
  const blocked = active && state === VCPU_STATE.blocked && m.profile.avic.gaLogIntr === 'while blocking';
  const hidden = m.config.erratum1235 === true && m.profile.avic.hidesIsRunning;
  m.store(base + V.avic_physical_id_entry, lo | apicId);
  m.store(base + V.avic_physical_id_entry + 1, hi | (loaded ? ENTRY.isRunning : 0) | (blocked ? ENTRY.gaLogIntr : 0));
  m.store(base + V.avic_hw_entry, lo | apicId);
  m.store(base + V.avic_hw_entry + 1, hi | (loaded && !hidden ? ENTRY.isRunning : 0));
}

const DEVICE = 1;

/** AVIC of the vCPU was activated or inhibited: VMCB, MSR intercepts, then table entry and IRTEs. */
export const avic_refresh_apicv_exec_ctrl = operation({
  name: 'avic_refresh_apicv_exec_ctrl',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'device'],
  steps: {
    vmcb: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.apicv_active] !== 0
          ? `VMCB of vcpu ${vcpu}: AVIC := 1${m.config.x2avic ? ', x2AVIC as the APIC mode asks' : ''}`
          : `VMCB of vcpu ${vcpu}: AVIC := 0, x2APIC MSRs are intercepted`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        m.store(base + V.int_ctl, m.load(base + V.apicv_active) !== 0 ? activatedIntCtl(m, vcpu) : 0);
        writeMsrBitmap(m, vcpu);
        writeLogicalTable(m, vcpu);
        return NEXT;
      },
      { via: ['avic_refresh_virtual_apic_mode', 'avic_activate_vmcb'] },
    ),
    toggle: silent((m, vcpu) =>
      m.words[m.vcpu(vcpu) + V.apicv_active] !== 0
        ? m.call(__avic_vcpu_load, vcpu, m.words[m.vcpu(vcpu) + V.cpu])
        : m.call(__avic_vcpu_put, vcpu, 0),
    ),
    next: silent((m, vcpu, device) => {
      for (let each = device; each < m.deviceCount; each++) {
        if (m.words[m.device(each) + D.bypass_vcpu] === vcpu) {
          m.local(DEVICE, each + 1);
          const active = m.words[m.vcpu(vcpu) + V.apicv_active] !== 0;
          const { vector } = postTarget(m, each);
          return m.call(amd_ir_set_vcpu_affinity, each, vcpu, active ? vcpu : -1, active ? vector : 0);
        }
      }
      return RETURN;
    }),
    again: silent(() => 'next'),
  },
});
