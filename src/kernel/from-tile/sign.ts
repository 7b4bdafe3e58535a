/** Integers that cannot be negative: machine division then agrees with division that rounds down. */
import type { Expr } from '../../expr/expr.ts';

export function isNonNegative(e: Expr, variables: (name: string) => boolean): boolean {
  const go = (x: Expr): boolean => isNonNegative(x, variables);
  if (e.type === 'u32' || e.type === 'bool') return true;
  if (e.type !== 'i32') return false;
  if (e.kind === 'const') return e.value >= 0;
  if (e.kind === 'var') return variables(e.name);
  if (e.kind !== 'op') return false;
  const [a, b, c] = e.args;
  switch (e.op) {
    case 'add':
    case 'mul':
    case 'min':
    case 'quot':
    case 'idiv':
    case 'bitor':
    case 'bitxor':
      return go(a!) && go(b!);
    case 'rem':
    case 'shr':
      return go(a!);
    case 'max':
    case 'bitand':
      return go(a!) || go(b!);
    case 'mod':
      return go(b!);
    case 'select':
      return go(b!) && go(c!);
    case 'cast':
      return a!.type === 'bool';
    case 'abs':
      return true;
    default:
      return false;
  }
}
