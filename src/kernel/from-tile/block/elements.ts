/** Elements of arrays in workgroup memory. */
import { read, type Expr } from '../../../expr/expr.ts';

/** Truth values are held as 0 and 1. */
export const held = (e: Expr): Expr =>
  e.type === 'bool' ? { kind: 'op', type: 'u32', op: 'cast', args: [e] } : e;

export const element = (array: string, index: Expr): Expr => read(array, [index]);
