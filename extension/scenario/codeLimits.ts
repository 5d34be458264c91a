/** Constants in restated code that name what is not there. Numbers that vary are looked at when their step is taken (engine/restated). */
import { bitsOf, type Expression, type Place } from '../engine/restated/code.ts';
import { hex } from '../engine/text.ts';
import { CodeProblem } from './codeProblem.ts';
import type { Scope } from './codeScope.ts';
import type { Code } from './diagnostics.ts';
import type { Range } from './program.ts';

/** Throws when a constant is not from 0 to `count - 1`; `remedy` says what there is. */
export function refuseOutside(
  value: Expression,
  count: number,
  range: Range,
  remedy: string,
  code: Code = 'irq304',
): void {
  if (value.kind === 'number' && !(value.value >= 0 && value.value < count)) {
    throw new CodeProblem(code, range, `\`${value.value}\` is out of range. ${remedy}`);
  }
}

/** Throws when the machine has no vCPU or CPU with this constant number. */
export function refuseIndex({ count }: Scope, block: 'vcpu' | 'cpu', index: Expression, range: Range): void {
  const name = block === 'vcpu' ? 'vCPU' : 'CPU';
  const all = count[block] === 1 ? `${name} 0` : `${name}s 0 to ${count[block] - 1}`;
  const code = block === 'vcpu' ? 'irq310' : 'irq311';
  refuseOutside(index, count[block], range, `The machine has ${all}.`, code);
}

/** Throws when a constant has more bits than the place that it is stored to: the engine would store less than what is written. */
export function refuseTooWide(value: Expression, place: Place, range: Range): void {
  const bits = bitsOf(place);
  if (bits === 32 || value.kind !== 'number' || (value.value >= 0 && value.value < 2 ** bits)) return;
  const most = bits === 1 ? '0 or 1' : `a number from 0 to ${hex(2 ** bits - 1)}`;
  throw new CodeProblem(
    'irq407',
    range,
    `\`${value.value}\` has more than the ${bits === 1 ? 'one bit' : `${bits} bits`} of this place. Write ${most}.`,
  );
}
