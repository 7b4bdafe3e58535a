/**
 * What is defined along another axis of the same length and read at positions of a time axis is defined along that axis:
 * a part of the sequence then holds its positions, where it would have to hold all of them.
 */
import { key, mapChildren, substitute, variable, type Expr, type ReadExpr } from '../../expr/expr.ts';
import { axisOf, type IrDef, type IrKernel } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import { movesWithAxis, timeAxes } from './timeline.ts';

class Aligner {
  private readonly defs: IrDef[] = [];
  private readonly source: ReadonlyMap<string, IrDef>;
  private readonly copies = new Map<string, string>();
  private readonly axes: readonly string[];

  constructor(
    private readonly k: IrKernel,
    private readonly names: FreshNames,
  ) {
    this.source = new Map(k.defs.map((d) => [d.name, d]));
    this.axes = timeAxes(k);
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
    const moved = d.indices.map((own, n) => this.timeOf(own, inner.index[n]!));
    const moves = moved.some((axis) => axis !== undefined);
    const clash = moved.some((axis) => axis !== undefined && d.indices.includes(axis));
    return moves && !clash ? this.read(inner, d, moved) : inner;
  }

  /** The time axis whose positions another axis stands for at this index. */
  private timeOf(own: string, index: Expr): string | undefined {
    if (this.axes.includes(own)) return undefined;
    const extent = key(axisOf(this.k, own)!.extent);
    return this.axes.find((a) => extent === key(axisOf(this.k, a)!.extent) && movesWithAxis(index, a));
  }

  private read(e: ReadExpr, d: IrDef, moved: readonly (string | undefined)[]): Expr {
    const indices = d.indices.map((own, n) => moved[n] ?? own);
    const known = `${d.name}[${indices.join()}]`;
    let name = this.copies.get(known);
    if (name === undefined) {
      name = this.names.fresh(`${d.name}.at`);
      this.copies.set(known, name);
      const map = new Map(
        d.indices.flatMap((own, n) => (moved[n] === undefined ? [] : [[own, variable(moved[n])] as const])),
      );
      this.defs.push({ ...d, name, role: 'let', indices, value: this.aligned(substitute(d.value, map)) });
    }
    return { ...e, name };
  }
}

export const align = (k: IrKernel, names: FreshNames): IrKernel => new Aligner(k, names).run();
