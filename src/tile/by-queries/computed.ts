/**
 * What selections take, computed where lists are made of it: a pointwise value that an earlier stage keeps, put in the place
 * of its reads. Nothing may be left that reads what is kept, and then it need not be.
 */
import { isFalse, mapChildren, readNames, rewrite, substitute, type Expr } from '../../expr/expr.ts';
import { stageTensors, stageValues, stageWrites } from '../walk.ts';
import type { Stage, TileProgram } from '../tile.ts';

/** An expression without reads of pointwise values of earlier stages that say what selections take. */
export function computed(e: Expr, p: TileProgram): Expr {
  const takes = new Set(p.tensors.filter((t) => t.takes !== undefined).map((t) => t.name));
  return rewrite(e, (x) => {
    if (x.kind === 'op' && x.op === 'ne' && isFalse(x.args[1]!)) return truth(x.args[0]!) ?? x;
    if (x.kind !== 'read' || !takes.has(x.name)) return x;
    const kept = pointwise(p.stages, x.name);
    return kept ? substitute(kept.value, new Map(kept.axes.map((a, n) => [a, x.index[n]!]))) : x;
  });
}

/** A number that was made of a truth value. */
const truth = (e: Expr): Expr | undefined =>
  e.kind === 'op' && e.op === 'cast' && e.args[0]!.type === 'bool' ? e.args[0] : undefined;

interface Pointwise {
  readonly axes: readonly string[];
  readonly value: Expr;
}

function pointwise(stages: readonly Stage[], name: string): Pointwise | undefined {
  const s = stages.find((x) => stageWrites(x).has(name));
  const store = s?.stores.find((x) => x.output === name);
  if (!s || !store || s.stream.length > 0 || s.recurrence || store.vectors.length > 0) return undefined;
  const axes = store.indices.filter((a): a is string => typeof a === 'string');
  const own = stageValues(s);
  const open = (e: Expr): Expr => {
    const def = e.kind === 'read' ? s.prologue.find((d) => d.name === e.name) : undefined;
    return def && def.value.kind !== 'reduce' ? open(def.value) : mapChildren(e, open);
  };
  const value = open(store.value);
  const closed = axes.length === store.indices.length && ![...readNames(value)].some((n) => own.has(n));
  return closed ? { axes, value } : undefined;
}

/** Drops stages that only keep what nothing reads, among those that kept a value which is now computed. */
export function withoutUnread(p: TileProgram, before: TileProgram): TileProgram {
  const read = new Set<string>();
  for (const s of p.stages) for (const n of stageTensors(s)) if (!stageWrites(s).has(n)) read.add(n);
  const takes = new Set(before.tensors.filter((t) => t.takes !== undefined).map((t) => t.name));
  const gone = new Set([...takes].filter((n) => !read.has(n)));
  const idle = (s: Stage): boolean => {
    const writes = [...stageWrites(s)];
    return s.stream.length === 0 && writes.length > 0 && writes.every((n) => gone.has(n));
  };
  const stages = p.stages.filter((s) => !idle(s));
  if (stages.length === p.stages.length) return p;
  const written = new Set(stages.flatMap((s) => [...stageWrites(s)]));
  return {
    ...p,
    stages,
    tensors: p.tensors.filter((t) => t.role !== 'workspace' || !gone.has(t.name) || written.has(t.name)),
  };
}
