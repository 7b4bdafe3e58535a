/**
 * Reductions over another axis that look at a known number of positions behind the row's own run over distances:
 *
 *   sum[j where t - 3 <= j && j <= t](w[t, j] · v[j])  →  sum[i where t - i >= 0 && …](w[t, t - i] · v[t - i])   with i < 4
 *
 * A part of the sequence then needs a tail of what is read, where it would need all of it.
 */
import { conjuncts } from '../../expr/compare.ts';
import { i32, key, mapChildren, op, variable, type Expr, type ReduceExpr } from '../../expr/expr.ts';
import { plus } from '../../expr/linear.ts';
import { simplify } from '../../expr/simplify.ts';
import { axisOf, type IrAxis, type IrDef, type IrKernel } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import { Definitions } from '../recurrence/definitions.ts';
import { boundsOf } from './bounds.ts';
import type { Capacity } from './capacity.ts';
import { distance, isBehind } from './distance.ts';
import { isOwn, timeAxes } from './timeline.ts';

interface Window {
  /** The axis that was reduced over, the row's own, and the one of distances. */
  readonly over: string;
  readonly time: string;
  readonly back: string;
}

class Windows {
  private readonly defs: IrDef[] = [];
  private readonly axes: IrAxis[] = [];
  private readonly known = new Map<string, Window>();
  private readonly copies = new Map<string, string>();
  private readonly definitions: Definitions;
  private readonly times: readonly string[];

  constructor(
    private readonly k: IrKernel,
    private readonly names: FreshNames,
    private readonly capacity: Capacity,
  ) {
    this.definitions = new Definitions(k);
    this.times = timeAxes(k);
  }

  run(): IrKernel {
    for (const d of this.k.defs) this.defs.push({ ...d, value: this.rewritten(d.value) });
    return this.capacity.added({ ...this.k, axes: [...this.k.axes, ...this.axes], defs: this.defs });
  }

  private rewritten(e: Expr): Expr {
    const inner = mapChildren(e, (c) => this.rewritten(c));
    const found = inner.kind === 'reduce' ? this.windowOf(inner) : undefined;
    if (inner.kind !== 'reduce' || !found) return inner;
    const at = op('sub', variable(found.time), variable(found.back));
    const inside = [op('ge', at, i32(0)), this.moved(inner.where!, found)];
    return {
      ...inner,
      axes: inner.axes.map((a) => (a === found.over ? found.back : a)),
      where: simplify(op('and', inside[0]!, inside[1]!)),
      body: this.moved(inner.body, found),
    };
  }

  /** The window that bounds one of the axes of a reduction. */
  private windowOf(e: ReduceExpr): Window | undefined {
    if (!e.where || (e.op !== 'sum' && e.op !== 'max' && e.op !== 'min' && e.op !== 'any')) return undefined;
    const conditions = conjuncts(this.withIntegers(e.where));
    for (const over of e.axes)
      for (const time of this.times) {
        const extent = axisOf(this.k, over)?.extent;
        if (over === time || !extent || key(extent) !== key(axisOf(this.k, time)!.extent)) continue;
        const most = this.farthest(conditions, over, time);
        if (most) return this.window(over, time, most);
      }
    return undefined;
  }

  private window(over: string, time: string, most: Expr): Window {
    const text = `${over} ${time} ${key(most)}`;
    const before = this.known.get(text);
    if (before) return before;
    const made = { over, time, back: this.names.fresh(`${over}_back`) };
    this.axes.push({ name: made.back, extent: simplify(plus(this.capacity.length(most), i32(1))) });
    this.known.set(text, made);
    return made;
  }

  /** How far behind `time` the conditions let `over` be, if they also keep it from being ahead. */
  private farthest(conditions: readonly Expr[], over: string, time: string): Expr | undefined {
    const extent = axisOf(this.k, time)!.extent;
    let most: Expr | undefined;
    let behind = false;
    for (const c of conditions)
      for (const bound of boundsOf(c, over)) {
        const far = distance(this.k, bound.by, time, extent);
        if (bound.side === 'above' && isBehind(this.k, far)) behind = true;
        if (bound.side === 'below' && far) most ??= far.most;
      }
    return behind ? most : undefined;
  }

  /** Integers that were given a name, as they were computed. */
  private withIntegers(e: Expr): Expr {
    const inner = mapChildren(e, (c) => this.withIntegers(c));
    const value = inner.kind === 'read' && inner.type === 'i32' ? this.definitions.inlined(inner) : undefined;
    return value ? simplify(this.withIntegers(value)) : inner;
  }

  /** An expression with the distance in the place of the position. */
  private moved(e: Expr, w: Window): Expr {
    const at = op('sub', variable(w.time), variable(w.back));
    if (e.kind === 'var') return e.name === w.over ? at : e;
    if (e.kind !== 'read') return mapChildren(e, (c) => this.moved(c, w));
    const d = this.definitions.get(e.name);
    const [n, t] = [d?.indices.indexOf(w.over) ?? -1, d?.indices.indexOf(w.time) ?? -1];
    // What is along both axes is along the row's own and the distance; others are read at another position.
    if (!d || n < 0 || t < 0 || !isOwn(e.index[n], w.over) || !isOwn(e.index[t], w.time))
      return mapChildren(e, (c) => this.moved(c, w));
    const index = e.index.map((x, m) => (m === n ? variable(w.back) : this.moved(x, w)));
    return { ...e, name: this.copy(d, w), index };
  }

  private copy(d: IrDef, w: Window): string {
    const text = `${d.name} ${w.back}`;
    const before = this.copies.get(text);
    if (before !== undefined) return before;
    const name = this.names.fresh(`${d.name}.at`);
    this.copies.set(text, name);
    const indices = d.indices.map((a) => (a === w.over ? w.back : a));
    this.defs.push({ ...d, name, role: 'let', indices, value: this.moved(this.rewritten(d.value), w) });
    return name;
  }
}

export const overDistances = (k: IrKernel, names: FreshNames, capacity: Capacity): IrKernel =>
  new Windows(k, names, capacity).run();
