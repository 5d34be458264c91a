/** The messages that every benchmark sends: the same in `delivery.c`, from the same generator. */
import type { MachineConfig } from '../../extension/engine/config.ts';
import { IRQ, MODE } from '../../extension/engine/lapic/message.ts';

export const VCPUS = 64;
const SEED = 0x12345678;

/** 64 x2APIC vCPUs outside guest mode, Linux 6.16, 32-bit IDs, quirk disabled. */
export const MACHINE: MachineConfig = {
  vendor: 'intel',
  kernel: '6.16',
  hostApic: 'x2apic',
  apicv: false,
  ipiv: false,
  vtdPosting: false,
  irqchip: 'kernel',
  x2apicApi: 3,
  vectorHashing: true,
  vcpus: Array.from({ length: VCPUS }, (_, id) => ({
    id,
    apic: 'x2apic' as const,
    state: 'exited' as const,
    cpu: id,
    bsp: id === 0,
    interruptsEnabled: false,
  })),
  cpus: Array.from({ length: VCPUS }, (_, apicId) => ({ apicId })),
};

/** Marsaglia's xorshift, 32 bits. */
function xorshift(): () => number {
  let x = SEED;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** So many different messages; longer runs send them again. */
export const MESSAGES = 1 << 16;

/**
 * Message and destination, one after the other. Of 100 messages: 70 Fixed to one vCPU, 12 Fixed to some of a cluster, 10 to the lowest
 * priority of a cluster, 5 level-triggered, 2 NMIs and one broadcast.
 */
export function messages(): Int32Array {
  const random = xorshift();
  const list = new Int32Array(2 * MESSAGES);
  for (let i = 0; i < MESSAGES; i++) {
    const kind = random() % 100;
    const where = random();
    const vector = 0x20 + (random() % 0xe0);
    const id = where % VCPUS;
    const logical = kind >= 70 && kind < 92;
    const mode = kind >= 82 && kind < 92 ? MODE.LOWEST : kind === 97 || kind === 98 ? MODE.NMI : MODE.FIXED;
    const level = kind >= 92 && kind < 97 ? IRQ.level : 0;
    list[2 * i] = vector | IRQ.assert | mode | level | (logical ? IRQ.logical : 0);
    list[2 * i + 1] = kind === 99 ? -1 : logical ? ((id >>> 4) << 16) | ((where >>> 8) & 0xffff) : id;
  }
  return list;
}
