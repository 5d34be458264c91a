/**
 * Races that hold, and what becomes of them when one barrier, lock, test or order is taken away. The names are those of the table of
 * ordering rules that each exhibit comes from: P posted interrupts, K requests and kicks, B blocking, A AVIC, O other data.
 */
export interface Mutant {
  readonly name: string;
  /** Text that is replaced, and by what. */
  readonly change: readonly (readonly [from: string, to: string])[];
  /** `loses`: in some order of the code · `loses with store buffers`: only then · `same`: no difference on x86. */
  readonly verdict: 'loses' | 'loses with store buffers' | 'same';
}

export interface Exhibit {
  readonly name: string;
  readonly text: string;
  readonly mutants: readonly Mutant[];
}

export const MACHINE = 'machine intel\n  vcpus 2 x2apic\n  with apicv\nvcpu 1 exited on cpu 1\n';
