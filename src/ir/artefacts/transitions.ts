/** Transitions of a part of a sequence: what is left, after its last step, of what the states were before its first. */
import { constant, op, variable, type Expr } from '../../expr/expr.ts';
import type { IrAxis, IrDef, IrKernel, IrState } from '../ir.ts';
import { axisOf } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import { isUnchanged, type AffineSteps } from './homogeneous.ts';
import { identifier } from './names.ts';
import { columns, lastValue } from './starts.ts';
import { tighten } from './tighten.ts';

/** An axis that a step mixes: what a state was at `source` reaches what it is at `axis`. */
export interface Mixed {
  readonly axis: string;
  readonly source: string;
}

/** to += Σ over the sources: transition[…] · from[…]; along all other axes it is a product of elements. */
export interface Transition {
  readonly to: string;
  readonly from: string;
  readonly output: string;
  readonly mixed: readonly Mixed[];
  /** Axes of `to`, and sources, with which it moves. */
  readonly indices: readonly string[];
}

export interface Transitions {
  readonly list: readonly Transition[];
  readonly axes: readonly IrAxis[];
  readonly states: readonly IrState[];
  readonly defs: readonly IrDef[];
  /** By output, what it holds. */
  readonly values: ReadonlyMap<string, Expr>;
}

/** 1 where all pairs of axes agree, else 0. */
function identity(s: IrState, mixed: readonly Mixed[]): Expr {
  const [one, zero] = [constant(s.type, 1), constant(s.type, 0)];
  if (mixed.length === 0) return one;
  const condition = mixed
    .map((m): Expr => op('eq', variable(m.axis), variable(m.source)))
    .reduce((a, b) => op('and', a, b));
  return op('select', condition, one, zero);
}

/** States that steps reach from one state, by the axes that they mix on the way. */
function ways(steps: AffineSteps, from: IrState): Map<string, { axes: readonly string[]; to: Set<string> }> {
  const found = new Map<string, { axes: readonly string[]; to: Set<string> }>();
  const { active } = steps.reach([from]);
  for (const to of steps.states.filter((s) => active.has(s.name))) {
    const axes = steps.mixed(from, to);
    const way = found.get(axes.join()) ?? { axes, to: new Set() };
    found.set(axes.join(), way);
    way.to.add(to.name);
  }
  return found;
}

export function transitionsOf(k: IrKernel, steps: AffineSteps, names: FreshNames): Transitions {
  const list: Transition[] = [];
  const axes = new Map<string, IrAxis>();
  const states: IrState[] = [];
  const defs: IrDef[] = [];
  const values = new Map<string, Expr>();
  const source = (axis: string): Mixed => {
    const known = axes.get(axis) ?? { name: names.fresh(`${axis}_in`), extent: axisOf(k, axis)!.extent };
    axes.set(axis, known);
    return { axis, source: known.name };
  };
  for (const from of steps.states)
    for (const way of ways(steps, from).values()) {
      const mixed = way.axes.map(source);
      const start = new Map([[from.name, identity(from, mixed)]]);
      const extra = mixed.map((m) => m.source);
      const h = steps.build(start, extra, `of_${from.name}`, names);
      const tight = tighten(k, h.states, h.defs);
      states.push(...tight.states);
      defs.push(...tight.defs);
      for (const [to, copy] of h.of) {
        if (!way.to.has(to)) continue;
        // A state of which all is left has the identity for its own transition.
        if (to === from.name && isUnchanged(h, copy)) continue;
        const s = tight.states.find((x) => x.name === copy.name)!;
        const what = to === from.name ? 'transition' : `from_${identifier(from.name)}`;
        const output = names.fresh(`${identifier(to)}_${what}`);
        list.push({ to, from: from.name, output, mixed, indices: columns(s) });
        values.set(output, lastValue(s));
      }
    }
  return { list, axes: [...axes.values()], states, defs, values };
}
