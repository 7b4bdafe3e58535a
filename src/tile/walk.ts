/** What stages and bounds are made of, for questions that look at all of it. */
import { bool, readNames, type Expr } from '../expr/expr.ts';
import type { Bounds, Stage } from './tile.ts';

/** Of a pass that has no bounds: every tile is visited, and none is known to be full. */
export const EVERY_TILE: Bounds = { loops: [], fits: bool(true), may: bool(true), full: bool(false) };

/** All expressions of bounds. */
export function boundsExprs(b: Bounds): readonly Expr[] {
  const ends = b.loops.flatMap((l) => l.ranges.flatMap((r) => [r.lo, r.hi, r.when]));
  const list = b.list ? [b.list.count, b.list.tile] : [];
  return [b.fits, b.may, b.full, ...list, ...ends.filter((e): e is Expr => e !== undefined)];
}

/** What the loops over tiles evaluate: those of a list need none of the ranges and tests that it was made by. */
export function loopExprs(b: Bounds): readonly Expr[] {
  return b.list ? [b.fits, b.full, b.list.count, b.list.tile] : boundsExprs(b);
}

/** Names of the values that a stage computes itself: what it reads beside them is a tensor. */
export function stageValues(s: Stage): ReadonlySet<string> {
  const inSteps = [...(s.recurrence?.defs ?? []), ...(s.recurrence?.states ?? [])];
  const inPasses = s.passes.flatMap((p) => [...p.contractions, ...p.defs, ...p.steps, ...p.finish]);
  const inBlock = [...(s.block?.defs ?? []), ...(s.block?.states ?? [])];
  const lasts = (s.block?.states ?? []).map((x) => ({ name: x.final }));
  return new Set([...s.prologue, ...inSteps, ...inBlock, ...lasts, ...inPasses].map((d) => d.name));
}

/** All that a stage evaluates, bounds left out. */
export function stageExprs(s: Stage): readonly Expr[] {
  const exprs: (Expr | undefined)[] = [...s.prologue, ...s.rowOperands, ...s.stores].map((d) => d.value);
  for (const x of s.stores) exprs.push(x.where, ...x.indices.filter((a) => typeof a === 'object'));
  for (const p of s.passes) {
    exprs.push(p.needed);
    exprs.push(...[...p.defs, ...p.operands, ...p.finish, ...p.stores].map((d) => d.value));
    exprs.push(...p.keeps.map((k) => k.where));
    exprs.push(...p.steps.map((x) => (x.kind === 'accumulate' ? x.weight : x.value)));
  }
  const { recurrence } = s;
  if (recurrence) exprs.push(...recurrence.defs.map((d) => d.value), ...recurrence.states.map((x) => x.init));
  const { block } = s;
  if (block) {
    exprs.push(...block.defs.map((d) => d.value), ...block.states.map((x) => x.init));
    for (const x of block.stores) exprs.push(x.value, x.where, ...x.index);
  }
  return exprs.filter((e): e is Expr => e !== undefined);
}

/** Tensors that a stage reads or writes, bounds left out: each takes a buffer of its launch. */
export function stageTensors(s: Stage): ReadonlySet<string> {
  const names = new Set<string>();
  for (const e of stageExprs(s)) readNames(e, names);
  for (const own of stageValues(s)) names.delete(own);
  for (const x of stageWrites(s)) names.add(x);
  return names;
}

/** Tensors that a stage writes. */
export function stageWrites(s: Stage): ReadonlySet<string> {
  const { recurrence } = s;
  const steps = recurrence ? [...recurrence.stores, ...recurrence.finals] : [];
  return new Set(
    [...s.passes.flatMap((p) => p.stores), ...s.stores, ...steps, ...(s.block?.stores ?? [])].map(
      (x) => x.output,
    ),
  );
}
