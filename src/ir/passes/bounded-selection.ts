/**
 * The first k of an axis, for a small k that is known: elements are inserted one after the other into k places, which are
 * carried along the axis. That takes k steps an element, where ranks take as many as there are elements.
 *
 *   enters(n)  = W && (index[n] is free || x > best[n])        of equal values the one that came first stays in front
 *   best'[n]   = enters(n) ? (n > 0 && enters(n − 1) ? best[n − 1] : x) : best[n]      index'[n] likewise, with c for x
 *   taken[c]   = W && (the last place is free || c is not behind what it holds)
 *
 * A place is free until an element is in it: values may be anything.
 */
import { constant, i32, op, read, variable, type ConstExpr, type Expr } from '../../expr/expr.ts';
import type { IrDef, IrState } from '../ir.ts';

/** More places than this are more to carry than ranks are to compute. */
const MOST_PLACES = 16;
/** The index of a free place: it comes behind all others. */
const FREE = 2147483647;

export const isFew = (limit: Expr): limit is ConstExpr =>
  limit.kind === 'const' && limit.value >= 1 && limit.value <= MOST_PLACES;

export interface BoundedSelection {
  /** The axis that is selected from. */
  readonly axis: string;
  /** Axes of what is selected, `axis` among them. */
  readonly indices: readonly string[];
  /** The axis of places, and their number. */
  readonly places: string;
  readonly most: number;
  /** Which elements exist, by `axis`. */
  readonly where: Expr | undefined;
  /** What is compared, by `axis`. */
  readonly value: Expr;
}

/** What is carried of all places. */
interface Carried {
  readonly state: IrState;
  readonly next: IrDef;
}

/** @returns the places that are carried, and whether an element is taken. @param fresh names of their own */
export function placesOf(
  s: BoundedSelection,
  fresh: (what: string) => string,
): { readonly states: readonly IrState[]; readonly defs: readonly IrDef[]; readonly taken: Expr } {
  const [best, index] = [fresh('best'), fresh('index')];
  const indices = [...s.indices, s.places];
  const n = variable(s.places);
  const { type } = s.value;
  const at = (name: string, place: Expr, t: Expr['type']): Expr =>
    read(
      name,
      indices.map((a) => (a === s.places ? place : variable(a))),
      t,
    );
  const and = (e: Expr): Expr => (s.where ? op('and', s.where, e) : e);
  const isFree = (e: Expr): Expr => op('eq', e, i32(FREE));
  const enters = (place: Expr): Expr =>
    and(op('or', isFree(at(index, place, 'i32')), op('gt', s.value, at(best, place, type))));
  const before = op('max', op('sub', n, i32(1)), i32(0));
  const moves = op('and', op('gt', n, i32(0)), enters(before));
  const carry = (name: string, what: string, own: Expr, init: Expr): Carried => {
    const put = op('select', moves, at(name, before, own.type), own);
    const value = op('select', enters(n), put, at(name, n, own.type));
    const next: IrDef = { name: fresh(`${what}.next`), role: 'let', indices, type: own.type, value };
    const state = { name, axis: s.axis, reverse: false, indices, type: own.type, init, next: next.name };
    return { state: { ...state, final: fresh(`${what}.last`) }, next };
  };
  const values = carry(best, 'best', s.value, constant(type, 0));
  const numbers = carry(index, 'index', variable(s.axis), i32(FREE));
  const rest = indices.filter((a) => a !== s.axis);
  const last = ({ state }: Carried): Expr =>
    read(
      state.final,
      rest.map((a) => (a === s.places ? i32(s.most - 1) : variable(a))),
      state.type,
    );
  const equal = op('and', op('eq', s.value, last(values)), op('le', variable(s.axis), last(numbers)));
  const within = op('or', isFree(last(numbers)), op('or', op('gt', s.value, last(values)), equal));
  return {
    states: [values.state, numbers.state],
    defs: [values.next, numbers.next],
    taken: and(within),
  };
}
