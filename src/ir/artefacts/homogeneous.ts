/**
 * The homogeneous step: what a step makes of the states alone. Run from the identity it is the transition of a part of the
 * sequence, run from what came in it is what the outputs have to add.
 */
import { constant, mapChildren, readNames, visit, type Expr, type ReadExpr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrDef, IrKernel, IrState } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import { linearPart, movesIn, type Part, type Reading } from './linear-part.ts';
import { stateful } from './stateful.ts';
import { isOwn, isPlainRead } from './timeline.ts';

export interface Homogeneous {
  readonly states: readonly IrState[];
  readonly defs: readonly IrDef[];
  /** By the state of the kernel, its homogeneous counterpart; absent where nothing reaches it. */
  readonly of: ReadonlyMap<string, IrState>;
  /** The linear part of an expression, through the counterparts. */
  readonly part: (e: Expr) => Part | undefined;
}

export class AffineSteps {
  /** The states whose steps are affine in one another and in nothing else that is carried. */
  readonly states: readonly IrState[];
  private readonly moving: ReadonlySet<string>;

  constructor(
    private readonly k: IrKernel,
    candidates: readonly IrState[],
  ) {
    this.moving = stateful(k);
    let states = candidates;
    for (;;) {
      const { next } = this.parts(new Set(states.map((s) => s.name)));
      const left = states.filter((s) => next.get(s.name) !== undefined);
      if (left.length === states.length) break;
      states = left;
    }
    this.states = states;
  }

  /** Linear parts of definitions and of steps, where only `active` states are there and the others are zero. */
  private parts(active: ReadonlySet<string>, affine: readonly IrState[] = []) {
    const defs = new Map<string, Part | undefined>();
    const zero = new Set(affine.flatMap((s) => [s.name, s.final]));
    const finals = new Map(this.k.states.map((s) => [s.final, s.name]));
    const reading: Reading = {
      moves: (name) => this.moving.has(name),
      part: (r) => {
        if (active.has(finals.get(r.name) ?? r.name)) return r;
        if (zero.has(r.name)) return 'zero';
        const known = defs.get(r.name);
        return known === undefined || known === 'zero' ? known : r;
      },
    };
    for (const d of this.k.defs) if (this.moving.has(d.name)) defs.set(d.name, linearPart(d.value, reading));
    const next = new Map(this.k.states.map((s) => [s.name, defs.get(s.next) ?? freeStep(s, this.moving)]));
    return { defs, next, reading };
  }

  /** The states that something reaches which starts in `from`, and the linear parts of definitions then. */
  reach(from: readonly IrState[]) {
    const active = new Set(from.map((s) => s.name));
    for (;;) {
      const found = this.parts(active, this.states);
      const more = this.states.filter((s) => !active.has(s.name) && found.next.get(s.name) !== 'zero');
      if (more.length === 0) return { ...found, active };
      for (const s of more) active.add(s.name);
    }
  }

  /** Axes of `from` that are more than places: on the way from it to `to`, steps mix their values. */
  mixed(from: IrState, to: IrState): readonly string[] {
    const { defs, active } = this.reach([from]);
    const between = this.states.filter((s) => active.has(s.name) && this.reach([s]).active.has(to.name));
    const indices = new Map<string, readonly string[]>(between.map((s) => [s.name, s.indices]));
    const values: Expr[] = [];
    const needed = new Set(between.map((s) => s.next));
    for (const d of [...this.k.defs].reverse()) {
      const value = defs.get(d.name);
      if (!needed.has(d.name) || !isExpr(value)) continue;
      for (const name of readNames(value)) needed.add(name);
      indices.set(d.name, d.indices);
      values.push(value);
    }
    const apart = (axis: string): boolean =>
      [...indices.values()].every((own) => own.includes(axis)) &&
      values.every((value) => readsInPlace(value, axis, indices));
    return from.indices.filter((a) => a !== from.axis && !apart(a));
  }

  /**
   * Copies of the states that `start` reaches, with the homogeneous step, over further axes.
   * @param start initial values of some states, over their columns and `extra`; the others start from zero
   */
  build(
    start: ReadonlyMap<string, Expr>,
    extra: readonly string[],
    suffix: string,
    names: FreshNames,
  ): Homogeneous {
    const { defs, active, reading } = this.reach(this.states.filter((s) => start.has(s.name)));
    const name = new Map<string, string>();
    for (const s of this.states)
      if (active.has(s.name))
        name
          .set(s.name, names.fresh(`${s.name}.${suffix}`))
          .set(s.final, names.fresh(`${s.final}.${suffix}`));
    const made: IrDef[] = [];
    const renamed = (e: Expr): Expr => {
      const inner = mapChildren(e, renamed);
      const to = inner.kind === 'read' ? name.get(inner.name) : undefined;
      if (inner.kind !== 'read' || to === undefined) return inner;
      const more: ReadExpr['index'] = extra.map((a) => ({ kind: 'var', type: 'i32', name: a }));
      return { ...inner, name: to, index: [...inner.index, ...more] };
    };
    for (const d of this.k.defs) {
      const value = defs.get(d.name);
      if (!isExpr(value)) continue;
      name.set(d.name, names.fresh(`${d.name}.${suffix}`));
      made.push({
        ...d,
        name: name.get(d.name)!,
        role: 'let',
        indices: [...d.indices, ...extra],
        value: simplify(renamed(value)),
      });
    }
    const here = this.states.filter((s) => active.has(s.name));
    // A step that does not look back leaves nothing of what was.
    for (const s of here)
      if (!name.has(s.next)) {
        name.set(s.next, names.fresh(`${s.next}.${suffix}`));
        const indices = [...s.indices, ...extra];
        made.push({
          name: name.get(s.next)!,
          role: 'let',
          indices,
          type: s.type,
          value: constant(s.type, 0),
        });
      }
    const copies = here.map((s): [string, IrState] => [
      s.name,
      {
        ...s,
        name: name.get(s.name)!,
        final: name.get(s.final)!,
        next: name.get(s.next)!,
        indices: [...s.indices, ...extra],
        init: start.get(s.name) ?? constant(s.type, 0),
      },
    ]);
    return {
      states: copies.map(([, s]) => s),
      defs: made,
      of: new Map(copies),
      part: (e) => {
        if (!movesIn(e, reading)) return 'zero';
        const value = linearPart(e, reading);
        return isExpr(value) ? renamed(value) : value;
      },
    };
  }
}

/** A step that depends on no state has no linear part. */
const freeStep = (s: IrState, moving: ReadonlySet<string>): Part | undefined =>
  moving.has(s.next) ? undefined : 'zero';

const isExpr = (p: Part | undefined): p is Expr => p !== undefined && p !== 'zero';

/** Every read of these names has the plain axis in its place, not one that a sum inside binds. */
function readsInPlace(e: Expr, axis: string, indices: ReadonlyMap<string, readonly string[]>): boolean {
  const of = (x: Expr): boolean => readsInPlace(x, axis, indices);
  switch (e.kind) {
    case 'read': {
      const own = indices.get(e.name);
      return !own || isOwn(e.index[own.indexOf(axis)], axis);
    }
    case 'op':
      return e.args.every(of);
    case 'reduce': {
      let found = false;
      visit(e.body, (x) => {
        if (x.kind === 'read' && indices.has(x.name)) found = true;
      });
      return e.axes.includes(axis) ? !found : of(e.body);
    }
    default:
      return true;
  }
}

/** The homogeneous step leaves the state as it is. */
export function isUnchanged(h: Homogeneous, s: IrState): boolean {
  const defs = new Map(h.defs.map((d) => [d.name, d]));
  let value: Expr | undefined = defs.get(s.next)?.value;
  while (value?.kind === 'read' && value.name !== s.name) {
    const on = defs.get(value.name);
    value = on && isPlainRead(value, on.name, on.indices) ? on.value : undefined;
  }
  return value !== undefined && isPlainRead(value, s.name, s.indices);
}
