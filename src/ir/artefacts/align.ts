/**
 * Definitions at the positions at which they are read. What is defined along another axis of the same length and read at positions of a time axis is defined along that axis:
 * a part of the sequence then holds its positions, where it would have to hold all of them.
 */
import { key, mapChildren, substitute, variable, type Expr, type ReadExpr } from '../../expr/expr.ts';
import { combine, linear } from '../../expr/linear.ts';
import { axisOf, type IrDef, type IrKernel } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import { stateful } from './stateful.ts';
import { movesWithAxis, timeAxes } from './timeline.ts';

class Aligner {
  private readonly defs: IrDef[] = [];
  private readonly source: ReadonlyMap<string, IrDef>;
  private readonly copies = new Map<string, string>();
  private readonly axes: readonly string[];
  private readonly moving: ReadonlySet<string>;
  private readonly scalars: ReadonlySet<string>;

  constructor(
    private readonly k: IrKernel,
    private readonly names: FreshNames,
  ) {
    this.source = new Map(k.defs.map((d) => [d.name, d]));
    this.axes = timeAxes(k);
    this.moving = stateful(k);
    this.scalars = new Set([...k.sizes, ...k.params.map((p) => p.name)]);
  }

  run(): IrKernel {
    for (const d of this.k.defs) this.defs.push({ ...d, value: this.aligned(d.value) });
    const states = this.k.states.map((s) => ({ ...s, init: this.aligned(s.init) }));
    return { ...this.k, states, defs: this.defs };
  }

  private aligned(e: Expr): Expr {
    const inner = mapChildren(e, (c) => this.aligned(c));
    const d = inner.kind === 'read' ? this.source.get(inner.name) : undefined;
    if (inner.kind !== 'read' || !d) return inner;
    const places = d.indices.map((own, n) => this.place(d, own, inner.index[n]!));
    const clash = places.some((p, n) => p && p.axis !== d.indices[n] && d.indices.includes(p.axis));
    return places.some((p) => p) && !clash ? this.read(inner, d, places) : inner;
  }

  /** Where on a time axis an index is, if the definition is not read there as it is. */
  private place(d: IrDef, own: string, index: Expr): Place | undefined {
    const axis = this.axes.includes(own) ? own : this.timeOf(own, index);
    if (axis === undefined) return undefined;
    // What one other position decides is computed again there: what it is made of has a tail.
    const away = combine(linear(index), linear(variable(axis)), -1);
    const here = away.terms.size === 0 && away.constant === 0;
    const fixed = [...away.terms.values()].every(
      (t) => t.atom.kind === 'var' && this.scalars.has(t.atom.name),
    );
    const at = fixed && !here && !this.moving.has(d.name) ? index : undefined;
    return axis !== own || at
      ? { axis, at: at ?? variable(axis), index: at ? variable(axis) : index }
      : undefined;
  }

  /** The time axis whose positions another axis stands for at this index. */
  private timeOf(own: string, index: Expr): string | undefined {
    const extent = key(axisOf(this.k, own)!.extent);
    return this.axes.find((a) => extent === key(axisOf(this.k, a)!.extent) && movesWithAxis(index, a));
  }

  private read(e: ReadExpr, d: IrDef, places: readonly (Place | undefined)[]): Expr {
    const known = `${d.name}[${places.map((p) => (p ? `${p.axis} ${key(p.at)}` : '')).join()}]`;
    let name = this.copies.get(known);
    if (name === undefined) {
      name = this.names.fresh(`${d.name}.at`);
      this.copies.set(known, name);
      const map = new Map(d.indices.flatMap((own, n) => (places[n] ? [[own, places[n].at] as const] : [])));
      const indices = d.indices.map((own, n) => places[n]?.axis ?? own);
      this.defs.push({ ...d, name, role: 'let', indices, value: this.aligned(substitute(d.value, map)) });
    }
    return { ...e, name, index: e.index.map((x, n) => places[n]?.index ?? x) };
  }
}

interface Place {
  /** The axis of the copy. */
  readonly axis: string;
  /** The position that the copy's value is at. */
  readonly at: Expr;
  /** The index at which the copy is read. */
  readonly index: Expr;
}

export const align = (k: IrKernel, names: FreshNames): IrKernel => new Aligner(k, names).run();
