/** What names mean at one place of a formula. */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { simplify } from '../expr/simplify.ts';
import { evaluate } from '../expr/evaluate.ts';
import { freeVars, key, type Expr } from '../expr/expr.ts';
import type { OpName } from '../expr/ops.ts';
import type { ScalarType } from '../expr/types.ts';
import type { IrKernel } from '../ir/ir.ts';
import type { PythonNamer } from './names.ts';
import type { Value } from './value.ts';

/** One dimension of something that is read, in the order of its indices. */
export interface SourceDim {
  readonly extent: Expr;
  /** Absent: the value does not move along it. At: its element at the present step of a loop. Whole: a dimension. */
  readonly kind: 'absent' | 'at' | 'whole';
}
export interface Source {
  readonly text: string;
  readonly type: ScalarType;
  readonly dims: readonly SourceDim[];
}

export interface Scope {
  /** Axes that values may have, in order. */
  readonly axes: readonly string[];
  /** Axes whose position is a number, by the Python name of the loop's variable. */
  readonly at: ReadonlyMap<string, string>;
}

/** State of one translation: names are given and sources come to be while statements are written. */
export interface Machine {
  readonly kernel: IrKernel;
  readonly name: PythonNamer;
  readonly sources: Map<string, Source>;
  /** Axes whose positions are needed as a tensor. */
  readonly positions: Set<string>;
  /** A name for a condition that is long and comes again. */
  share(v: Value): Value;
  /** Python text of an expression over sizes and params. */
  scalar(e: Expr): Value;
}

export function extentOf(m: Machine, axis: string): Expr {
  const found = m.kernel.axes.find((a) => a.name === axis);
  if (!found) throw new CompilerBug('torch', `unknown axis ${axis}`);
  return found.extent;
}

export const extentText = (m: Machine, axis: string): string => m.scalar(extentOf(m, axis)).text;

export const isSameExtent = (a: Expr, b: Expr): boolean => key(simplify(a)) === key(simplify(b));

const GROWING: ReadonlySet<OpName> = new Set(['add', 'mul', 'min', 'max', 'idiv', 'cast']);

/** Whether an extent is 0 for some sizes that are not 0 themselves. */
export function mayBeZero(extent: Expr): boolean {
  const e = simplify(extent);
  const grows = (x: Expr): boolean => {
    if (x.kind === 'op')
      return GROWING.has(x.op) && x.args.every(grows) && (x.op !== 'idiv' || x.args[1]!.kind === 'const');
    return x.kind === 'var' || (x.kind === 'const' && x.value >= 0);
  };
  // Where nothing makes it smaller, it is least for sizes of 1.
  return !grows(e) || evaluate(e, new Map([...freeVars(e)].map((s) => [s, 1]))) < 1;
}

export const mayBeEmpty = (m: Machine, axis: string): boolean => mayBeZero(extentOf(m, axis));
