/**
 * What a chunk does to the states of one component, so that chunks can be joined without their steps.
 *
 *   diagonal  S → total · S + S of the chunk from 0                  (total: the product of the decays)
 *   maximum   m → max(m + shift, m of the chunk from the least number)
 *   matrix    S → A · S + S of the chunk from 0                      (A: the steps without writes, run on each unit vector)
 */
import { f32, op, read, substitute, variable, type Expr, type ReadExpr } from '../../../expr/expr.ts';
import type { IrState } from '../../ir.ts';
import type { AffineStep, CoupledStep, MaxStep } from '../classify.ts';
import { plus, times } from './terms.ts';
import { lastOf, readOf, type World } from './world.ts';

export interface Monoid {
  /** What a chunk starts from so that it tells only what it does itself. */
  readonly nothing: Expr;
  /** The states after a chunk, from the states before it and what the chunk did. */
  join(before: readonly ReadExpr[], chunk: readonly Expr[]): readonly Expr[];
}

/** Far below any score, and far from where adding a shift would overflow. */
const LEAST = -1e30;

/** Axes that a value over the positions of a chunk moves with, those of the chunk last. */
function along(world: World, e: Expr): string[] {
  const free = world.axesOf(e).filter((a) => a !== world.chunk && a !== world.in);
  return [...free, world.chunk, world.in];
}

export function diagonal(world: World, { state, decay }: AffineStep): Monoid {
  const own = world.guarded(world.at(decay, 'in'), 'in', f32(1));
  const spec = { base: `${state.name}.decays`, axis: world.in, indices: along(world, own), init: f32(1) };
  const s = world.state(spec, (before) => times(before, own));
  const total = readOf(world.keep(`${state.name}.total`, lastOf(s)));
  return {
    nothing: f32(0),
    join: ([before], [chunk]) => [op('add', times(total, before!), chunk!)],
  };
}

export function extreme(world: World, step: MaxStep): Monoid {
  const { state, shift } = step;
  const nothing = f32(step.op === 'max' ? LEAST : -LEAST);
  if (shift.kind === 'const' && shift.value === 0)
    return { nothing, join: ([before], [chunk]) => [op(step.op, before!, chunk!)] };
  const own = world.guarded(world.at(shift, 'in'), 'in', f32(0));
  const spec = { base: `${state.name}.shifts`, axis: world.in, indices: along(world, own), init: f32(0) };
  const s = world.state(spec, (before) => op('add', before, own));
  const total = readOf(world.keep(`${state.name}.shift`, lastOf(s)));
  return {
    nothing,
    join: ([before], [chunk]) => [op(step.op, op('add', before!, total), chunk!)],
  };
}

/** The rows of a component's matrix: each state is a sum of multiples of states, at its own or at other indices. */
export function rowsOf(step: AffineStep | CoupledStep): CoupledStep['rows'] {
  if (step.kind === 'coupled') return step.rows;
  const { state, decay, rest, feedback } = step;
  const own = state.indices.map((a) => variable(a));
  const direct = { state: state.name, factor: decay, axes: [], row: f32(1), index: own };
  return [{ state, rest, terms: [direct, ...feedback.map((f) => ({ ...f, state: state.name }))] }];
}

type Row = CoupledStep['rows'][number];
type MatrixTerm = Row['terms'][number];

/** Axes along which elements are mixed: read at another index than the one that is written. */
export function mixedAxes(rows: CoupledStep['rows']): readonly string[] {
  const found = new Set<string>();
  for (const r of rows)
    for (const t of r.terms)
      r.state.indices.forEach((a, n) => {
        const x = t.index[n]!;
        if (x.kind !== 'var' || x.name !== a || t.axes.includes(a)) found.add(a);
      });
  return [...found];
}

export function matrix(world: World, rows: CoupledStep['rows']): Monoid {
  const mixed = mixedAxes(rows);
  const unit = new Map(mixed.map((a) => [a, world.copyAxis(a)]));
  const states = rows.map((r) => r.state);
  const moved = rows.flatMap((r) => r.terms.flatMap((t) => [t.factor, t.row]));
  const bound = new Set(rows.flatMap((r) => r.terms.flatMap((t) => t.axes)));
  const free = new Set(
    moved.flatMap((e) => world.axesOf(world.at(e, 'in'))).filter((a) => !bound.has(a) || mixed.includes(a)),
  );
  for (const a of [...mixed, world.chunk, world.in]) free.delete(a);
  const indices = [...free, world.chunk, world.in, ...mixed, ...unit.values()];
  const pairs = states.flatMap((to) => states.map((from) => ({ to, from })));
  const specs = pairs.map(({ to, from }) => ({
    base: `${to.name}.by.${from.name}`,
    axis: world.in,
    indices,
    init: to === from ? identity(unit) : f32(0),
  }));
  const made = world.together(specs, (before) =>
    pairs.map(({ to, from }, n) => {
      const row = rows.find((r) => r.state === to)!;
      const terms = row.terms.map((t) => {
        const at = pairs.findIndex((p) => p.to.name === t.state && p.from === from);
        return multiple(world, to, t, before[at]!, indices);
      });
      return world.guarded(plus(terms), 'in', before[n]!);
    }),
  );
  const kept = made.map((s) => readOf(world.keep(`${s.name}.matrix`, lastOf(s))));
  return {
    nothing: f32(0),
    join: (before, chunk) =>
      states.map((to, n) => {
        const parts = states.map((from, m) => {
          const weight = kept[pairs.findIndex((p) => p.to === to && p.from === from)]!;
          return applied(weight, unit, before[m]!);
        });
        return plus([...parts, chunk[n]!]);
      }),
  };
}

/** 1 where the element is the one that the unit vector has. */
function identity(unit: ReadonlyMap<string, string>): Expr {
  const same = [...unit].map(([a, b]): Expr => op('eq', variable(a), variable(b)));
  if (same.length === 0) return f32(1);
  return op(
    'select',
    same.reduce((x, y) => op('and', x, y)),
    f32(1),
    f32(0),
  );
}

/** One term of a row, with a column of the matrix in the place of the state. */
function multiple(
  world: World,
  to: IrState,
  t: MatrixTerm,
  column: ReadExpr,
  indices: readonly string[],
): Expr {
  const at = new Map(to.indices.map((a, n) => [a, t.index[n]!]));
  const index = indices.map((a) => {
    const x = at.get(a);
    return x ? world.at(x, 'in') : variable(a);
  });
  const body = times(world.at(t.row, 'in'), { ...column, index });
  const factor = world.at(t.factor, 'in');
  if (t.axes.length === 0) return times(factor, body);
  return times(factor, { kind: 'reduce', type: 'f32', op: 'sum', axes: t.axes, body });
}

/** Σ over the unit vectors: matrix · state. */
function applied(weight: Expr, unit: ReadonlyMap<string, string>, state: ReadExpr): Expr {
  if (unit.size === 0) return times(weight, state);
  const map = new Map([...unit].map(([a, b]) => [a, variable(b)]));
  const body = times(
    weight,
    read(
      state.name,
      state.index.map((x) => substitute(x, map)),
    ),
  );
  return { kind: 'reduce', type: 'f32', op: 'sum', axes: [...unit.values()], body };
}
