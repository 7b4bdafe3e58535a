/** Values of reductions once their carriers are complete, and how a row knows that it kept nothing. */
import { f32, op, read, type Expr } from '../expr/expr.ts';
import type { ScalarType } from '../expr/types.ts';
import type { FoldOp } from './tile.ts';

/** Stands for −∞ in a running maximum: targets need not have infinities, and differences of two such values stay finite in f32. */
export const LOWEST = -1.5e38;
export const HIGHEST = 1.5e38;

interface Noted {
  readonly pass: number;
  readonly keep: string;
  readonly op: FoldOp;
  readonly type: ScalarType;
  readonly carrier: string;
}

export class Finals {
  private readonly noted: Noted[] = [];

  note(pass: number, keep: string, fold: FoldOp, type: ScalarType, carrier: string): void {
    this.noted.push({ pass, keep, op: fold, type, carrier });
  }

  /** Whether the row kept an element, from a carrier that tells; undefined when no carrier does. */
  nonempty(pass: number, keep: string): Expr | undefined {
    const here = this.noted.filter((n) => n.pass === pass && n.keep === keep);
    const max = here.find((n) => n.op === 'max' && n.type === 'f32');
    if (max) return op('gt', read(max.carrier, []), f32(LOWEST));
    const min = here.find((n) => n.op === 'min' && n.type === 'f32');
    if (min) return op('lt', read(min.carrier, []), f32(HIGHEST));
    const any = here.find((n) => n.op === 'any');
    return any && read(any.carrier, [], 'bool');
  }

  /** The value of the definition from the combined carriers. */
  value(fold: FoldOp, type: ScalarType, combined: Expr, nonempty: Expr | undefined): Expr {
    if (!nonempty) return combined;
    if (fold === 'sum') return op('select', nonempty, combined, f32(0));
    if (type === 'f32' && fold === 'max') return op('select', nonempty, combined, f32(-Infinity));
    if (type === 'f32' && fold === 'min') return op('select', nonempty, combined, f32(Infinity));
    return combined;
  }
}

/** The identity of a fold; argmax and argmin start from "no index". */
export function identity(fold: FoldOp, type: ScalarType): number {
  switch (fold) {
    case 'sum':
    case 'any':
      return 0;
    case 'argmax':
    case 'argmin':
      return -1;
    case 'max':
      return type === 'f32' ? LOWEST : type === 'i32' ? -2147483648 : 0;
    case 'min':
      return type === 'f32' ? HIGHEST : type === 'i32' ? 2147483647 : 4294967295;
  }
}
