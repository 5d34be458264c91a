import type { Expression } from '../engine/restated/code.ts';

export const number = (value: number): Expression => ({ kind: 'number', value });

/** Constants are calculated at once, so that a test of a variant leaves no trace. */
export function folded(expression: Extract<Expression, { kind: 'unary' | 'binary' }>): Expression {
  if (expression.kind === 'unary') {
    if (expression.of.kind !== 'number') return expression;
    const { value } = expression.of;
    return number(
      expression.operator === '!' ? Number(value === 0) : expression.operator === '-' ? -value | 0 : ~value,
    );
  }
  const { operator, left, right } = expression;
  if (operator === '&&' && left.kind === 'number') return left.value === 0 ? left : right;
  if (operator === '||' && left.kind === 'number') return left.value !== 0 ? left : right;
  if (operator === '&&' && right.kind === 'number' && right.value !== 0) return left;
  if (operator === '||' && right.kind === 'number' && right.value === 0) return left;
  return expression;
}
