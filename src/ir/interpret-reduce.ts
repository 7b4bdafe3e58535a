/** Reductions of the interpreter: the list of elements that exist, then one loop over it. */
import type { Evaluator } from '../expr/evaluate.ts';
import { freeVars, type Expr, type ReduceExpr } from '../expr/expr.ts';
import { emptyValue } from '../expr/empty.ts';
import { wrap } from '../expr/scalar.ts';
import type { ScalarType } from '../expr/types.ts';
import { selector } from './interpret-select.ts';

/** The names in scope at one place of an expression, and what its innermost reduction may do before its loop. */
export interface Scope {
  readonly slots: ReadonlyMap<string, number>;
  /** Axes bound by the innermost reduction: they change from element to element. */
  readonly moving: ReadonlySet<string>;
  /** Run once before that reduction's loop. */
  readonly before: (() => void)[];
}

/** What reductions need of the interpreter. */
export interface Machine {
  readonly frame: Float64Array;
  extent(axis: string): number;
  /** A place in the frame for one binding of a variable; bindings never share one, so nothing has to be saved. */
  newSlot(): number;
  compile(e: Expr, scope: Scope): Evaluator;
}

/** Elements that exist, as one column of indices per axis, in row-major order. */
interface Domain {
  readonly columns: readonly Int32Array[];
  /** Brings the columns up to date for the present values of the outer variables and returns their length. */
  readonly refresh: () => number;
}

function fullColumns(extents: readonly number[]): Int32Array[] {
  const count = extents.reduce((a, b) => a * b, 1);
  const columns = extents.map(() => new Int32Array(count));
  const at = extents.map(() => 0);
  for (let n = 0; n < count; n++) {
    columns.forEach((c, k) => (c[n] = at[k]!));
    for (let k = at.length - 1; k >= 0 && ++at[k]! === extents[k]; k--) at[k] = 0;
  }
  return columns;
}

/** All elements, or those that `where` keeps; the list is kept while the variables that it depends on stay the same. */
function domainOf(
  machine: Machine,
  e: ReduceExpr,
  slots: readonly number[],
  inner: ReadonlyMap<string, number>,
): Domain {
  const full = fullColumns(e.axes.map((a) => machine.extent(a)));
  const count = full[0]?.length ?? 1;
  if (!e.where) return { columns: full, refresh: () => count };
  const { frame } = machine;
  const scope: Scope = { slots: inner, moving: new Set(e.axes), before: [] };
  const where = machine.compile(e.where, scope);
  const columns = full.map(() => new Int32Array(count));
  const outer = [...freeVars(e.where)].filter((a) => !e.axes.includes(a)).map((a) => inner.get(a)!);
  const last = new Float64Array(outer.length).fill(NaN);
  let kept = -1;
  const isCurrent = (): boolean => {
    for (let n = 0; n < outer.length; n++) if (frame[outer[n]!] !== last[n]) return false;
    return kept >= 0;
  };
  const refresh = (): number => {
    if (isCurrent()) return kept;
    kept = -1;
    for (let n = 0; n < scope.before.length; n++) scope.before[n]!();
    let found = 0;
    for (let n = 0; n < count; n++) {
      for (let k = 0; k < slots.length; k++) frame[slots[k]!] = full[k]![n]!;
      if (where() === 0) continue;
      for (let k = 0; k < slots.length; k++) columns[k]![found] = full[k]![n]!;
      found++;
    }
    for (let n = 0; n < outer.length; n++) last[n] = frame[outer[n]!]!;
    kept = found;
    return found;
  };
  return { columns, refresh };
}

/** Compiles a reduction; axes are bound to places of their own in the frame. */
export function reducer(machine: Machine, e: ReduceExpr, scope: Scope): Evaluator {
  const slots = e.axes.map(() => machine.newSlot());
  const inner = new Map(scope.slots);
  e.axes.forEach((a, n) => inner.set(a, slots[n]!));
  const domain = domainOf(machine, e, slots, inner);
  const bodyScope: Scope = { slots: inner, moving: new Set(e.axes), before: [] };
  const body = machine.compile(e.body, bodyScope);
  const { before } = bodyScope;
  const start = (): number => {
    const count = domain.refresh();
    for (let n = 0; n < before.length; n++) before[n]!();
    return count;
  };
  // What a selection asks about stands outside of its loop.
  const args = (e.args ?? []).map((a) => machine.compile(a, scope));
  return loop(machine, e, slots, domain, start, body, args);
}

function loop(
  machine: Machine,
  e: ReduceExpr,
  slots: readonly number[],
  domain: Domain,
  start: () => number,
  body: Evaluator,
  args: readonly Evaluator[],
): Evaluator {
  const { frame } = machine;
  const slot = slots[0]!;
  const column = domain.columns[0]!;
  const single = slots.length === 1;
  const place = (n: number): void => {
    frame[slot] = column[n]!;
    if (!single) for (let k = 1; k < slots.length; k++) frame[slots[k]!] = domain.columns[k]![n]!;
  };
  const empty = emptyValue(e.op, e.type);
  switch (e.op) {
    case 'sum':
      if (single && e.type === 'f32') return rowSum(frame, slot, column, start, body);
      return summation(e.type, start, place, body);
    case 'mean':
      return () => {
        const count = start();
        let sum = 0;
        for (let n = 0; n < count; n++) {
          place(n);
          sum += body();
        }
        return count === 0 ? empty : sum / count;
      };
    case 'max':
    case 'min': {
      const pick = e.op === 'max' ? Math.max : Math.min;
      return () => {
        const count = start();
        let best = empty;
        for (let n = 0; n < count; n++) {
          place(n);
          best = pick(best, body());
        }
        return best;
      };
    }
    case 'any':
    case 'all': {
      const decides = e.op === 'any' ? 1 : 0;
      return () => {
        const count = start();
        for (let n = 0; n < count; n++) {
          place(n);
          if (body() === decides) return decides;
        }
        return empty;
      };
    }
    case 'argmax':
    case 'argmin':
      return arg(machine, e, domain, start, place, body);
    case 'logsumexp':
      return logSumExp(column.length, start, place, body);
    case 'topk':
    case 'topp':
    case 'nth':
      return selector(e.op, { start, column, place, body }, args);
  }
}

/** The commonest loop, without a call per element beyond that of the body. */
function rowSum(
  frame: Float64Array,
  slot: number,
  column: Int32Array,
  start: () => number,
  body: Evaluator,
): Evaluator {
  return () => {
    const count = start();
    let sum = 0;
    for (let n = 0; n < count; n++) {
      frame[slot] = column[n]!;
      sum += body();
    }
    return sum;
  };
}

function summation(
  type: ScalarType,
  start: () => number,
  place: (n: number) => void,
  body: Evaluator,
): Evaluator {
  if (type === 'f32')
    return () => {
      const count = start();
      let sum = 0;
      for (let n = 0; n < count; n++) {
        place(n);
        sum += body();
      }
      return sum;
    };
  return () => {
    const count = start();
    let sum = 0;
    for (let n = 0; n < count; n++) {
      place(n);
      sum = wrap(type, sum + body());
    }
    return sum;
  };
}

/** The smallest index, flattened over the axes' whole extents, among the elements with the best value. */
function arg(
  machine: Machine,
  e: ReduceExpr,
  domain: Domain,
  start: () => number,
  place: (n: number) => void,
  body: Evaluator,
): Evaluator {
  const extents = e.axes.map((a) => machine.extent(a));
  const sign = e.op === 'argmax' ? 1 : -1;
  return () => {
    const count = start();
    let best = -Infinity;
    let at = -1;
    for (let n = 0; n < count; n++) {
      place(n);
      const value = sign * body();
      if (at >= 0 && !(value > best)) continue;
      best = value;
      at = n;
    }
    if (at < 0) return -1;
    return domain.columns.reduce((flat, c, k) => flat * extents[k]! + c[at]!, 0);
  };
}

function logSumExp(
  capacity: number,
  start: () => number,
  place: (n: number) => void,
  body: Evaluator,
): Evaluator {
  const values = new Float64Array(capacity);
  return () => {
    const count = start();
    let max = -Infinity;
    for (let n = 0; n < count; n++) {
      place(n);
      const value = body();
      values[n] = value;
      max = Math.max(max, value);
    }
    // An infinite maximum is the result itself; subtracting it would give NaN.
    if (max === Infinity || max === -Infinity) return max;
    let sum = 0;
    for (let n = 0; n < count; n++) sum += Math.exp(values[n]! - max);
    return max + Math.log(sum);
  };
}
