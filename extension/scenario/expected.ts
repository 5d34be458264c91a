import type { Token } from './tokens.ts';
import type { Words } from './words.ts';

/** What may stand at a place of a line, or what stands there: completion and hover ask the parser, so that they cannot disagree with it. */
export type Expected =
  /** One of these words. */
  | { readonly kind: 'word'; readonly words: Words }
  /** Number of a vCPU or CPU. */
  | { readonly kind: 'vcpu' | 'cpu' }
  /** Name of a device. */
  | { readonly kind: 'device' }
  | { readonly kind: 'vector' }
  /** Physical APIC ID. */
  | { readonly kind: 'id' }
  /** Any other number; `what` is a phrase such as "the value of the ICR". */
  | { readonly kind: 'number'; readonly what: string }
  | { readonly kind: 'kernel' }
  /** Name that a scenario gives to a value. */
  | { readonly kind: 'constant' }
  /** Name of a kernel function, or of a trace event. */
  | { readonly kind: 'function' | 'trace' }
  /** Path of a file that is included. */
  | { readonly kind: 'file' }
  /** Register of the local APIC by name or offset, or by MSR. */
  | { readonly kind: 'register' }
  /** Why APICv is inhibited. */
  | { readonly kind: 'inhibit' }
  /** `block` is `vcpu`, `cpu`, `device`, `iommu`, `guest` or `pin`. */
  | { readonly kind: 'field'; readonly block: string }
  /** `has`, `lacks`, `is`, or the value at once. */
  | { readonly kind: 'test'; readonly block: string; readonly field: string }
  | { readonly kind: 'value'; readonly block: string; readonly field: string };

/** Listens while one line is parsed. */
export class Listener {
  /** What could have followed the last word. */
  readonly next: Expected[] = [];
  /** What each word that the parser took stands for. */
  readonly roles = new Map<Token, Expected>();
}
