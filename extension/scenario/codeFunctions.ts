/** The functions of restated code: those that give a value, those that are statements, and all of them. */
import type { LockedOperator } from '../engine/restated/code.ts';

/** Functions on a bit: `test_and_set_bit(vcpu->pid.on)`, or with the bit's number in front as in the kernel. */
export const BIT_FUNCTIONS: Readonly<Record<string, LockedOperator | 'test'>> = {
  test_and_set_bit: 'test_and_set_bit',
  test_and_clear_bit: 'test_and_clear_bit',
  set_bit: 'set_bit',
  clear_bit: 'clear_bit',
  test_bit: 'test',
};

/** Functions on a whole place, with so many values behind it. */
export const WORD_FUNCTIONS: Readonly<Record<string, readonly [operator: LockedOperator, values: number]>> = {
  xchg: ['xchg', 1],
  smp_store_mb: ['xchg', 1],
  cmpxchg: ['cmpxchg', 2],
  fetch_add: ['fetch_add', 1],
  fetch_or: ['fetch_or', 1],
  fetch_and: ['fetch_and', 1],
};

export const REQUEST_FUNCTIONS: Readonly<Record<string, LockedOperator | 'test'>> = {
  kvm_make_request: 'set_bit',
  kvm_check_request: 'test_and_clear_bit',
  kvm_clear_request: 'clear_bit',
  kvm_test_request: 'test',
};

export const LIST_FUNCTIONS: Readonly<
  Record<string, readonly [operator: 'has' | 'length' | 'entry' | 'pop', values: number]>
> = {
  list_has: ['has', 1],
  list_length: ['length', 0],
  list_entry: ['entry', 1],
  list_pop: ['pop', 0],
};

/** Names of all functions that give a value. */
export const VALUE_FUNCTIONS: readonly string[] = [
  ...Object.keys(BIT_FUNCTIONS),
  ...Object.keys(WORD_FUNCTIONS),
  ...Object.keys(REQUEST_FUNCTIONS),
  ...Object.keys(LIST_FUNCTIONS),
  'READ_ONCE',
  'atomic_read',
  'likely',
  'unlikely',
  'smp_load_acquire',
  'try_cmpxchg',
  'atomic_inc',
  'atomic_dec',
  'atomic_inc_return',
  'atomic_dec_and_test',
  'list_empty',
  'kvm_request_pending',
  'highest',
  'done',
];

/** Compiler barriers, and barriers that are nothing on x86 because a locked operation stands beside them. Memory order §1. */
export const NOTHING_ON_X86: readonly string[] = [
  'barrier',
  'cpu_relax',
  'smp_rmb',
  'smp_wmb',
  'smp_mb__before_atomic',
  'smp_mb__after_atomic',
];

/** Functions that are statements. */
export const STATEMENT_FUNCTIONS: readonly string[] = [
  ...NOTHING_ON_X86,
  'smp_mb',
  'WRITE_ONCE',
  'atomic_set',
  'smp_store_release',
  '__set_bit',
  '__clear_bit',
  'list_add',
  'list_del',
  'wait_until',
  'spin_lock',
  'raw_spin_lock',
  'spin_unlock',
  'raw_spin_unlock',
  'mutex_lock',
  'mutex_unlock',
  'local_irq_disable',
  'local_irq_enable',
  'send_ipi',
  'assert',
  'WARN_ON',
  'WARN_ON_ONCE',
  'BUG_ON',
];

/** Every function of the language. */
export const FUNCTIONS: readonly string[] = [...VALUE_FUNCTIONS, ...STATEMENT_FUNCTIONS];
