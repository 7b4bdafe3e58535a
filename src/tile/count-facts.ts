/** What is known when tiles are counted, and bounds with it filled in. */
import { bool, constant, mapChildren, substitute, variable, type Expr } from '../expr/expr.ts';
import { rangeOf, truthOf, type Box } from '../expr/interval.ts';
import { simplify } from '../expr/simplify.ts';
import type { Interval } from '../expr/solve.ts';
import { prologueOf, seenThrough } from './nonzero.ts';
import type { Bounds, Pass, Stage, TileProgram } from './tile.ts';
import { EVERY_TILE } from './walk.ts';

/** Row-major elements; booleans are 0 and 1. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
export interface Facts {
  /** Every size and param. */
  readonly values: Readonly<Record<string, number>>;
  /** Tensors whose elements are known. */
  readonly tensors?: Readonly<Record<string, TensorData>>;
}
export interface KnownBounds {
  readonly bounds: Bounds;
  /** False where elements of tensors are not known: the bounds then hold whatever they are. */
  readonly exact: boolean;
}

/** Replaces sizes and params by their values. */
export function withValues(p: TileProgram, facts: Facts): (e: Expr) => Expr {
  const known = new Map<string, Expr>();
  for (const s of p.sizes) {
    const value = facts.values[s] ?? p.fixed[s];
    if (value !== undefined) known.set(s, constant('i32', value));
  }
  for (const x of p.params) {
    const value = facts.values[x.name];
    if (value !== undefined) known.set(x.name, constant(x.type, value));
  }
  return (e) => simplify(substitute(e, known));
}

/** Values that a workgroup computes once, put where they are read. */
export function inlineUniform(stage: Stage, e: Expr): Expr {
  if (e.kind === 'read' && e.index.length === 0) {
    const def = [...stage.prologue, ...stage.passes.flatMap((p) => p.finish)].find((d) => d.name === e.name);
    if (def?.site === 'uniform' && def.value.kind !== 'reduce') return inlineUniform(stage, def.value);
  }
  return mapChildren(e, (c) => inlineUniform(stage, c));
}

/** Whether a row needs what a pass makes, over batch and row axes, as far as tensors are known; else whether it may. */
export function neededWith(
  p: TileProgram,
  stage: Stage,
  pass: Pass,
  facts: Facts,
): { readonly holds: Expr; readonly exact: boolean } {
  if (!pass.needed) return { holds: bool(true), exact: true };
  const bounds = { ...EVERY_TILE, may: seenThrough(pass.needed, prologueOf(stage)) };
  const known = boundsWith(p, stage, bounds, facts);
  return { holds: known.bounds.may, exact: known.exact };
}

/** The bounds with numbers for sizes and params; reads of tensors without data are given their widest meaning. */
export function boundsWith(p: TileProgram, stage: Stage, bounds: Bounds, facts: Facts): KnownBounds {
  const box = new Map<string, object>();
  const values = withValues(p, facts);
  const unread = (e: Expr): Expr => {
    if (e.kind === 'reduce' || (e.kind === 'read' && facts.tensors?.[e.name] === undefined)) {
      const name = `<unknown ${box.size}>`;
      box.set(name, {});
      return variable(name, e.type);
    }
    return mapChildren(e, unread);
  };
  /** What an expression says, and for one over unknown elements the widest that it can say. */
  const resolve = (e: Expr, widest: (e: Expr, box: Box) => Expr | undefined): Expr | undefined => {
    const before = box.size;
    const known = values(unread(inlineUniform(stage, e)));
    if (box.size === before) return known;
    const found = widest(known, box as Box);
    return found && simplify(found);
  };
  const widest = (e: Expr, side: 'may' | 'must'): Expr => resolve(e, (x, b) => truthOf(x, b)[side])!;
  const end = (e: Expr, side: 'lo' | 'hi'): Expr | undefined => resolve(e, (x, b) => rangeOf(x, b)[side]);
  const interval = (x: Interval): Interval => {
    const lo = x.lo && end(x.lo, 'lo');
    const hi = x.hi && end(x.hi, 'hi');
    return {
      ...(lo ? { lo } : {}),
      ...(hi ? { hi } : {}),
      ...(x.when ? { when: widest(x.when, 'may') } : {}),
    };
  };
  const result: Bounds = {
    loops: bounds.loops.map((l) => ({ axis: l.axis, ranges: l.ranges.map(interval) })),
    fits: widest(bounds.fits, 'may'),
    may: widest(bounds.may, 'may'),
    full: widest(bounds.full, 'must'),
  };
  return { bounds: result, exact: box.size === 0 };
}
