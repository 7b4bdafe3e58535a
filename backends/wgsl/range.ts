/** Bounds on float expressions that are plain from their form; used to leave out guards that cannot act. */
import type { Expr } from '../../src/expr/expr.ts';

export interface Range {
  readonly low: number;
  readonly high: number;
}

const ALL: Range = { low: -Infinity, high: Infinity };
const range = (low: number, high: number): Range => ({ low, high });

/** An interval that holds every finite value the expression can take. */
export function rangeOf(e: Expr): Range {
  if (e.kind === 'const') return range(e.value, e.value);
  if (e.kind !== 'op') return ALL;
  const [a, b, c] = e.args.map(rangeOf);
  switch (e.op) {
    case 'neg':
      return range(-a!.high, -a!.low);
    case 'abs':
      return range(0, Math.max(Math.abs(a!.low), Math.abs(a!.high)));
    case 'min':
      return range(Math.min(a!.low, b!.low), Math.min(a!.high, b!.high));
    case 'max':
      return range(Math.max(a!.low, b!.low), Math.max(a!.high, b!.high));
    case 'select':
      return range(Math.min(b!.low, c!.low), Math.max(b!.high, c!.high));
    case 'exp':
    case 'exp2':
    case 'sqrt':
    case 'rsqrt':
      return range(0, Infinity);
    case 'tanh':
    case 'erf':
    case 'sin':
    case 'cos':
      return range(-1, 1);
    case 'mul':
      return product(e.args[0]!, e.args[1]!, a!, b!);
    case 'cast':
      return e.args[0]!.type === 'bool' ? range(0, 1) : ALL;
    default:
      return ALL;
  }
}

function product(x: Expr, y: Expr, a: Range, b: Range): Range {
  if (x.kind === 'var' && y.kind === 'var' && x.name === y.name) return range(0, Infinity);
  if (a.low >= 0 && b.low >= 0) return range(0, Infinity);
  if ((a.low >= 0 && b.high <= 0) || (a.high <= 0 && b.low >= 0)) return range(-Infinity, 0);
  return ALL;
}
