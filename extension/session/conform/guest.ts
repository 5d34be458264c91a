/**
 * KVM_RUN on one vCPU whose guest is the small program of the recordings: it works off a list of writes and reads, counts NMIs, and logs
 * the interrupts that it takes while its window is open.
 */
import { ioapic_mmio_read, ioapic_mmio_write } from '../../engine/ioapic/registers.ts';
import { kvm_apic_accept_events } from '../../engine/lapic/events.ts';
import { kvm_check_and_inject_events, NMI_INJECTED, SMI_INJECTED } from '../../engine/lapic/injection.ts';
import { apic_mmio_read, apic_mmio_write, kvm_x2apic_msr_read, kvm_x2apic_msr_write } from '../../engine/lapic/msr.ts';
import { APIC } from '../../engine/lapic/registers.ts';
import { kvm_lapic_reg_write } from '../../engine/lapic/registerWrite.ts';
import { kvm_check_requests } from '../../engine/lapic/requests.ts';
import { kvm_apic_set_base } from '../../engine/lapic/reset.ts';
import { MP_STATE, REQ, V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import type { Agent } from './agent.ts';

const LAPIC_PAGE = 0xfee00000;
const IOAPIC_PAGE = 0xfec00000;
const PAGE = 0x1000;
const IOAPIC_LENGTH = 0x100;
const MEMORY = 8 << 20;
const MSR_APICBASE = 0x1b;
const MSR_EOI = 0x80b;
const GP = 13;
const NMI = 2;
/** The guest gives up after so many interrupts. */
const STORM = 16;
const CS_FLAT = 8;

/** Why the guest stopped, and what user space finds. Fields as in the recording; absent = nothing of the kind. */
export interface RunAnswer {
  exit: string;
  vec?: number;
  sub?: number;
  addr?: string;
  write?: number;
  taken?: number[];
  nmi_taken?: number;
  smi_taken?: number;
  reads?: string[];
  eoi_exit?: number[];
}

/** Ends the run from wherever the guest is. */
class Stop {
  readonly answer: Partial<RunAnswer> & { readonly exit: string };

  constructor(answer: Partial<RunAnswer> & { readonly exit: string }) {
    this.answer = answer;
  }
}

function hex64(low: number, high: number): string {
  const digits = (low >>> 0).toString(16);
  return high === 0 ? `0x${digits}` : `0x${(high >>> 0).toString(16)}${digits.padStart(8, '0')}`;
}

export class Guest {
  private readonly m: Machine;
  private readonly vcpu: number;
  private readonly agent: Agent;
  /** User space has loaded flat segments; a reset or SIPI undoes that. */
  private prepared = false;
  private window = false;
  private eoiMode = 0;
  private taken: number[] = [];
  private nmis = 0;
  private smis = 0;
  private reads: string[] = [];
  private eoiExits: number[] = [];

  constructor(m: Machine, vcpu: number, agent: Agent) {
    this.m = m;
    this.vcpu = vcpu;
    this.agent = agent;
  }

  run(ops: readonly string[]): RunAnswer {
    this.prepare();
    this.taken = [];
    this.nmis = 0;
    this.smis = 0;
    this.reads = [];
    const wanted = ops.filter(op => /^[rR]/.test(op)).length;
    this.eoiExits = [];
    this.window = false;
    this.eoiMode = 0;
    let stop: Stop;
    try {
      this.enter();
      for (const op of ops) {
        this.execute(op);
      }
      stop = new Stop({ exit: 'done' });
    } catch (thrown) {
      if (!(thrown instanceof Stop)) {
        throw thrown;
      }
      stop = thrown;
    }
    // What was not reached reads as 0.
    while (this.reads.length < wanted) {
      this.reads.push('0x0');
    }
    return this.answer(stop);
  }

  private answer(stop: Stop): RunAnswer {
    return {
      ...stop.answer,
      ...(this.taken.length > 0 ? { taken: this.taken } : {}),
      ...(this.nmis > 0 ? { nmi_taken: this.nmis } : {}),
      ...(this.smis > 0 ? { smi_taken: this.smis } : {}),
      ...(this.reads.length > 0 ? { reads: this.reads } : {}),
      ...(this.eoiExits.length > 0 ? { eoi_exit: this.eoiExits } : {}),
    };
  }

  private word(offset: number): number {
    return this.m.words[this.m.vcpu(this.vcpu) + offset];
  }

  /** KVM_SET_SREGS the first time, KVM_SET_REGS each time. SREGS carry CR8, which is TPR without its low half. */
  private prepare(): void {
    const base = this.m.vcpu(this.vcpu);
    if (!this.prepared) {
      this.prepared = true;
      this.agent.run(kvm_lapic_reg_write, this.vcpu, APIC.TASKPRI, this.word(V.tpr) & 0xf0);
      this.m.store(base + V.cs, CS_FLAT);
    }
    this.m.store(base + V.interrupts, 0);
    this.m.set_bit(REQ.EVENT, base + V.requests);
  }

  /** From user space or from an exit until guest code executes again, with all that is injected on the way. */
  private enter(): void {
    for (;;) {
      this.waitUntilRunnable();
      if (this.agent.run(kvm_check_requests, this.vcpu) !== 0) {
        this.eoiExits.push(this.word(V.pending_ioapic_eoi));
        continue;
      }
      this.m.clear_bit(REQ.EVENT, this.m.vcpu(this.vcpu) + V.requests);
      this.agent.run(kvm_apic_accept_events, this.vcpu);
      if (this.word(V.mp_state) !== MP_STATE.RUNNABLE) {
        continue;
      }
      const event = this.agent.run(kvm_check_and_inject_events, this.vcpu);
      this.checkWhereItRuns();
      if (event < 0) {
        return;
      }
      this.handle(event);
    }
  }

  /** A vCPU that waits is given up after a while, unless something is there to wake it. */
  private waitUntilRunnable(): void {
    const state = this.word(V.mp_state);
    if (state === MP_STATE.RUNNABLE) {
      return;
    }
    const events = this.word(V.pending_events) !== 0 && this.word(V.smm) === 0;
    if (state === MP_STATE.UNINITIALIZED) {
      if (!events) {
        throw new Stop({ exit: 'timeout' });
      }
      this.agent.run(kvm_apic_accept_events, this.vcpu);
      throw new Stop({ exit: 'eagain' });
    }
    if (events) {
      this.agent.run(kvm_apic_accept_events, this.vcpu);
    }
    if (this.word(V.mp_state) === MP_STATE.HALTED && this.hasReasonToWake()) {
      this.m.store(this.m.vcpu(this.vcpu) + V.pv_unhalted, 0);
      this.m.store(this.m.vcpu(this.vcpu) + V.mp_state, MP_STATE.RUNNABLE);
    }
    if (this.word(V.mp_state) !== MP_STATE.RUNNABLE) {
      throw new Stop({ exit: 'timeout' });
    }
  }

  /** IF is 0, so interrupts do not wake it. */
  private hasReasonToWake(): boolean {
    const requested = (this.word(V.requests) & ((1 << REQ.NMI) | (1 << REQ.SMI))) !== 0;
    const nmi = this.word(V.nmi_pending) !== 0 && this.word(V.nmi_masked) === 0;
    return requested || nmi || this.word(V.smi_pending) !== 0 || this.word(V.pv_unhalted) !== 0;
  }

  /** After INIT the BSP fetches from nothing; after SIPI there are only zeros to execute, for ever. */
  private checkWhereItRuns(): void {
    const cs = this.word(V.cs);
    if (cs !== CS_FLAT) {
      throw new Stop(cs === 0xf000 ? { exit: 'reason17', sub: 1 } : { exit: 'timeout' });
    }
  }

  private handle(event: number): void {
    const base = this.m.vcpu(this.vcpu);
    if (event === SMI_INJECTED) {
      this.smis++;
      this.m.store(base + V.smm, 0);
      this.m.set_bit(REQ.EVENT, base + V.requests);
      return;
    }
    const vector = event === NMI_INJECTED ? NMI : event;
    const interrupts = this.word(V.interrupts);
    this.m.store(base + V.interrupts, 0);
    if (this.window) {
      this.take(vector);
    } else if (vector === NMI) {
      this.nmis++;
    } else {
      throw new Stop({ exit: 'exception', vec: vector });
    }
    this.m.store(base + V.interrupts, interrupts);
    if (vector === NMI) {
      this.m.store(base + V.nmi_masked, 0);
    }
    this.m.set_bit(REQ.EVENT, base + V.requests);
  }

  /** The handler in the open window: log, EOI, give up when there are too many. */
  private take(vector: number): void {
    this.taken.push(vector);
    if (this.eoiMode === 1) {
      this.write(LAPIC_PAGE + APIC.EOI, 0);
    } else if (this.eoiMode === 2) {
      this.writeMsr(MSR_EOI, 0, 0);
    }
    if (this.taken.length >= STORM) {
      this.window = false;
      throw new Stop({ exit: 'storm' });
    }
  }

  private execute(op: string): void {
    const [name, value = '0'] = op.split('=');
    if (name === 'sti') {
      this.window = true;
      this.m.store(this.m.vcpu(this.vcpu) + V.interrupts, 1);
      this.enter();
      this.m.store(this.m.vcpu(this.vcpu) + V.interrupts, 0);
      this.window = false;
      return;
    }
    if (name.startsWith('eoi')) {
      this.eoiMode = Number(name.slice(3));
      return;
    }
    const number = Number(name.slice(1));
    const wide = BigInt(value);
    const low = Number(BigInt.asIntN(32, wide));
    const high = Number(BigInt.asIntN(32, wide >> 32n));
    switch (name[0]) {
      case 'w':
        this.write(number, low);
        break;
      case 'm':
        this.writeMsr(number, low, high);
        break;
      case 'r':
        this.reads.push(hex64(this.read(number), 0));
        break;
      case 'R':
        this.readMsr(number);
        break;
      default:
        throw new Error(`'${op}' is nothing that the guest can do`);
    }
  }

  private write(address: number, value: number): void {
    if (address >= LAPIC_PAGE && address < LAPIC_PAGE + PAGE) {
      this.agent.run(apic_mmio_write, this.vcpu, address - LAPIC_PAGE, value);
    } else if (this.isIoapic(address)) {
      this.agent.run(ioapic_mmio_write, address - IOAPIC_PAGE, value);
    } else if (address >= MEMORY) {
      throw new Stop({ exit: 'mmio', addr: hex64(address, 0), write: 1 });
    } else {
      return;
    }
    this.enter();
  }

  private read(address: number): number {
    let value = 0;
    if (address >= LAPIC_PAGE && address < LAPIC_PAGE + PAGE) {
      value = apic_mmio_read(this.m, this.vcpu, address - LAPIC_PAGE);
    } else if (this.isIoapic(address)) {
      value = ioapic_mmio_read(this.m, address - IOAPIC_PAGE);
    } else if (address >= MEMORY) {
      throw new Stop({ exit: 'mmio', addr: hex64(address, 0), write: 0 });
    }
    this.enter();
    return value;
  }

  private isIoapic(address: number): boolean {
    return this.m.config.irqchip === 'kernel' && address >= IOAPIC_PAGE && address < IOAPIC_PAGE + IOAPIC_LENGTH;
  }

  private writeMsr(msr: number, low: number, high: number): void {
    let fault = 1;
    if (msr === MSR_APICBASE) {
      fault = high === 0 ? this.agent.run(kvm_apic_set_base, this.vcpu, low, 0) : 1;
    } else if (msr >= 0x800 && msr < 0x900) {
      fault = this.agent.run(kvm_x2apic_msr_write, this.vcpu, msr, low, high);
    }
    if (fault !== 0) {
      throw new Stop({ exit: 'exception', vec: GP });
    }
    this.enter();
  }

  private readMsr(msr: number): void {
    const value =
      msr === MSR_APICBASE
        ? ([this.word(V.apicbase), 0] as const)
        : msr >= 0x800 && msr < 0x900
          ? kvm_x2apic_msr_read(this.m, this.vcpu, msr)
          : undefined;
    if (value === undefined) {
      throw new Stop({ exit: 'exception', vec: GP });
    }
    this.reads.push(hex64(value[0], value[1]));
    this.enter();
  }
}
