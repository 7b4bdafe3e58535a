/**
 * Pass `narrow`: a stage of whose axis only a quotient is read computes a value once for all members that share it:
 *
 *   pooled[b, h, c, d] = mean[x](k[b, h / (H / G), c · 64 + x, d])   →   over b, g, c, d, and read at h / (H / G)
 *
 * The quotient becomes the axis, as long as the dimension of tensors that it is an index of. Definitions that name heads where
 * groups would do are such, and so are those that were opened inside of what heads do. Where the head is `g · (H / G) + m`, its
 * quotient is `g`, and an axis that nothing reads any more is left out.
 */
import { children, freeVars, key, op, variable, type Expr } from '../expr/expr.ts';
import { mapExprs } from './map-exprs.ts';
import type { Stage, TileAxis, TileProgram, TileTensor } from './tile.ts';
import { stageExprs, stageValues, stageWrites } from './walk.ts';

export function narrowProgram(p: TileProgram): TileProgram {
  let out: TileProgram = { ...p, stages: p.stages.map(simplerQuotients) };
  for (const [n, s] of p.stages.entries())
    for (const axis of s.batch) out = narrowed(out, out.stages[n]!, axis) ?? out;
  return out;
}

/** `(x · n + m) / n` is `x` where m is an axis of n positions. */
function simplerQuotients(s: Stage): Stage {
  const extents = new Map([...s.batch, ...s.row, ...s.stream].map((a) => [a.name, key(a.extent)]));
  const isInside = (e: Expr, n: string): boolean => e.kind === 'var' && extents.get(e.name) === n;
  const times = (e: Expr, n: string): Expr | undefined => {
    if (e.kind !== 'op' || e.op !== 'mul') return undefined;
    const [a, b] = e.args as [Expr, Expr];
    return key(b) === n ? a : key(a) === n ? b : undefined;
  };
  return mapExprs(s, (e) => {
    if (e.kind !== 'op' || e.op !== 'idiv') return e;
    const [sum, divisor] = e.args as [Expr, Expr];
    if (sum.kind !== 'op' || sum.op !== 'add') return e;
    const n = key(divisor);
    const [a, b] = sum.args as [Expr, Expr];
    return (isInside(b, n) ? times(a, n) : isInside(a, n) ? times(b, n) : undefined) ?? e;
  });
}

function narrowed(p: TileProgram, s: Stage, axis: TileAxis): TileProgram | undefined {
  const writes = stageWrites(s);
  const written = p.tensors.filter((t) => writes.has(t.name));
  const ownAxis = (t: TileTensor): boolean =>
    t.role === 'workspace' && t.takes !== axis.name && t.axes.filter((a) => a === axis.name).length === 1;
  const alone = p.stages.every((x) => x === s || [...stageWrites(x)].every((name) => !writes.has(name)));
  if (!alone || !written.every(ownAxis)) return undefined;
  const quotient = onlyQuotient(s, axis, p.tensors);
  if (!quotient) return undefined;
  const group = quotient === 'unread' ? [] : [{ name: `${axis.name}.group`, extent: quotient.extent }];
  const [names, extents] = [group.map((g) => g.name), group.map((g) => g.extent)];
  const places = new Map(written.map((t) => [t.name, t.axes.indexOf(axis.name)]));
  /** Another element in that place, or none. */
  const put = <T>(xs: readonly T[], place: number, made: readonly T[]): readonly T[] => [
    ...xs.slice(0, place),
    ...made,
    ...xs.slice(place + 1),
  ];
  return {
    ...p,
    tensors: p.tensors.map((t) => {
      const place = places.get(t.name);
      if (place === undefined) return t;
      return { ...t, shape: put(t.shape, place, extents), axes: put(t.axes, place, names) };
    }),
    stages: p.stages.map((x) =>
      x === s
        ? overGroups(s, axis, group)
        : mapExprs(x, (e) => {
            const place = e.kind === 'read' ? places.get(e.name) : undefined;
            if (e.kind !== 'read' || place === undefined) return e;
            const at = quotient === 'unread' ? [] : [op('idiv', e.index[place]!, quotient.divisor)];
            return { ...e, index: put(e.index, place, at) };
          }),
    ),
  };
}

interface Quotient {
  readonly divisor: Expr;
  readonly extent: Expr;
}

/** The quotient in whose place a stage reads an axis everywhere, and the extent of the dimensions that it is an index of. */
function onlyQuotient(
  s: Stage,
  axis: TileAxis,
  tensors: readonly TileTensor[],
): Quotient | 'unread' | undefined {
  const shapes = new Map(tensors.map((t) => [t.name, t.shape]));
  const own = stageValues(s);
  const divisors = new Map<string, Expr>();
  const extents = new Map<string, Expr>();
  let itself = false;
  const look = (e: Expr): void => {
    if (isAxis(e, axis)) itself = true;
    else if (isQuotient(e, axis)) divisors.set(key(e.args[1]!), e.args[1]!);
    else if (e.kind !== 'read') children(e).forEach(look);
    else {
      const shape = own.has(e.name) ? undefined : shapes.get(e.name);
      for (const [n, x] of e.index.entries()) {
        if (shape && isQuotient(x, axis)) extents.set(key(shape[n]!), shape[n]!);
        // The stage's own values are read at its own position.
        if (shape || !isAxis(x, axis)) look(x);
      }
    }
  };
  [...stageExprs(s), ...(s.wanted ? [s.wanted] : [])].forEach(look);
  const [divisor, ...others] = divisors.values();
  const [extent, ...more] = extents.values();
  if (itself) return undefined;
  if (!divisor) return 'unread';
  if (others.length > 0 || !extent || more.length > 0) return undefined;
  const axes = [...s.batch, ...s.row, ...s.stream, ...s.vectors].map((a) => a.name);
  const free = freeVars(divisor);
  return axes.some((a) => free.has(a)) ? undefined : { divisor, extent };
}

const isAxis = (e: Expr, axis: TileAxis): boolean => e.kind === 'var' && e.name === axis.name;
const isQuotient = (e: Expr, axis: TileAxis): e is Expr & { kind: 'op' } =>
  e.kind === 'op' && e.op === 'idiv' && isAxis(e.args[0]!, axis);

/** @param group the axis in its place, or none */
function overGroups(s: Stage, axis: TileAxis, group: readonly TileAxis[]): Stage {
  const [own] = group.map((g) => variable(g.name));
  // Innermost first: a quotient of the axis is one of the group by then.
  const read = mapExprs(s, (e) => {
    if (own && isAxis(e, axis)) return own;
    if (own && isQuotient(e, group[0]!)) return own;
    if (own || e.kind !== 'read') return e;
    return { ...e, index: e.index.filter((x) => !isAxis(x, axis)) };
  });
  const named = (x: unknown, field?: string): unknown => {
    if (Array.isArray(x))
      return x.flatMap((y: unknown) =>
        field === 'indices' && y === axis.name ? group.map((g) => g.name) : [named(y)],
      );
    if (typeof x !== 'object' || x === null) return x;
    return Object.fromEntries(Object.entries(x).map(([f, y]) => [f, named(y, f)]));
  };
  const batch = read.batch.flatMap((a) => (a.name === axis.name ? group : [a]));
  return { ...(named(read) as Stage), batch };
}
