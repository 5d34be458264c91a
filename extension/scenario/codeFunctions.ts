/** The functions of restated code that are statements, and all of them. */
import { VALUE_FUNCTIONS } from './codeExpression.ts';

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
