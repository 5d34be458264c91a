/**
 * Where everything stands in a machine's memory. A block is a run of words; each name below is the offset of a field in it and the number
 * its size in words. 256-bit registers are eight words, word 0 holding vectors 31:0.
 */
import type { MachineConfig } from './config.ts';
import { MAX_LOCALS } from './operation.ts';

type Offsets<T> = { readonly [K in keyof T]: number } & { readonly words: number };

function block<T extends Record<string, number>>(sizes: T): Offsets<T> {
  const offsets: Record<string, number> = {};
  let next = 0;
  for (const [name, size] of Object.entries(sizes)) {
    offsets[name] = next;
    next += size;
  }
  offsets['words'] = next;
  return offsets as Offsets<T>;
}

/** The run as a whole. */
export const G = block({
  /** Index of the scenario statement that runs or runs next. */
  statement: 1,
  /** Agent that acts, plus one; 0 = nobody has anything left to do for this statement. */
  current: 1,
  /** Agent inside an uninterruptible operation, plus one. */
  holder: 1,
  failures: 1,
  /** 1: the last statement was an `expect`, so the next action starts counting events anew. */
  expected: 1,
});

/** One vCPU. Registers of the local APIC are the guest's view; with APICv they are the virtual-APIC page. */
export const V = block({
  mode: 1,
  state: 1,
  /** vcpu->cpu */
  cpu: 1,
  /** Bit numbers: `REQ`. */
  requests: 1,
  apicv_active: 1,
  /** struct pi_desc: words 0-7 PIR, word 8 ON SN NV, word 9 NDST, words 10-15 reserved. */
  pi_desc: 16,
  /** VMCS 0x810: RVI in bits 7:0, SVI in bits 15:8. */
  guest_intr_status: 1,
  eoi_exit_bitmap: 8,
  /** The processor has recognised a pending virtual interrupt. */
  recognized: 1,
  /** RFLAGS.IF */
  interrupts: 1,
  /** 0 active, 1 HLT (VMCS activity state). */
  activity: 1,
  /** The thread is on the wake-up list of its CPU. */
  on_wakeup_list: 1,
  /** What `pi_harvest_pir` took out of PIR: an array on KVM's stack. */
  pir_vals: 8,

  apicbase: 1,
  id: 1,
  ldr: 1,
  dfr: 1,
  svr: 1,
  tpr: 1,
  ppr: 1,
  icr: 1,
  icr2: 1,
  esr: 1,
  irr: 8,
  isr: 8,
  tmr: 8,
  arb_prio: 1,

  /** Events since the last `expect`; bit numbers: `EVENT`. */
  events: 1,
  /** Vectors that the guest took since the last `expect`. */
  taken: 8,
});

/** One physical CPU. */
export const C = block({
  /** Physical interrupts that wait in the local APIC. */
  irr: 8,
  /** Host RFLAGS.IF is clear. */
  irqs_off: 1,
  /** vCPU whose guest code runs, -1 = host. */
  vcpu: 1,
  /** vCPU whose thread owns the CPU (loaded), -1 = none. */
  loaded: 1,
});

/** One agent's stack. */
export const AGENT = block({ depth: 1, result: 1, frames: 0 });
/** A frame: operation << 16 | next step, then the locals. */
export const FRAME_WORDS = 1 + MAX_LOCALS;
/** Deep enough for ICR write, exit, fast path, delivery, acceptance, posting and notification. */
export const MAX_DEPTH = 14;
export const AGENT_WORDS = AGENT.words + MAX_DEPTH * FRAME_WORDS;

/** KVM requests as bits of `V.requests`; named as in the kernel without KVM_REQ_. */
export const REQ = {
  EVENT: 0,
  UNBLOCK: 1,
  NMI: 2,
  SMI: 3,
  SCAN_IOAPIC: 4,
  APICV_UPDATE: 5,
  LOAD_EOI_EXITMAP: 6,
} as const;

/** Events that an expectation may ask for, as bits of `V.events`. */
export const EVENT = { exit: 0, notification: 1, wakeup: 2 } as const;

/** Bits of word 8 of the posted-interrupt descriptor (posted-interrupt descriptor format, SDM vol. 3, table of its fields). */
export const PID_CONTROL = 8;
export const PID_NDST = 9;
export const POSTED_INTR_ON = 0;
export const POSTED_INTR_SN = 1;

/** First words of the blocks of one machine. */
export interface Layout {
  readonly vcpus: number;
  readonly cpus: number;
  readonly agents: number;
  readonly size: number;
}

export function layoutOf(config: MachineConfig, agentCount: number): Layout {
  const vcpus = G.words;
  const cpus = vcpus + config.vcpus.length * V.words;
  const agents = cpus + config.cpus.length * C.words;
  return { vcpus, cpus, agents, size: agents + agentCount * AGENT_WORDS };
}
