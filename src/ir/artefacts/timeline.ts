/** Which axes a kernel is cut along, and where tensors, definitions and states have positions of such an axis. */
import { freeVars, key, visit, type Expr, type ReadExpr } from '../../expr/expr.ts';
import { linear } from '../../expr/linear.ts';
import { axisOf, type IrKernel } from '../ir.ts';

/** Every expression that is evaluated for an element. */
export const expressionsOf = (k: IrKernel): readonly Expr[] => [
  ...k.states.map((s) => s.init),
  ...k.defs.map((d) => d.value),
];

/**
 * The axes that states are carried along. Where some of them have fixed extents and others have not, the fixed ones are
 * iterations within one position.
 */
export function timeAxes(k: IrKernel): readonly string[] {
  const along = [...new Set(k.states.map((s) => s.axis))];
  const open = along.filter((a) => freeVars(axisOf(k, a)!.extent).size > 0);
  return open.length > 0 ? open : along;
}

/** The index is the axis, moved by something. */
export const movesWithAxis = (index: Expr, axis: string): boolean =>
  [...linear(index).terms.values()].some((t) => t.by === 1 && t.atom.kind === 'var' && t.atom.name === axis);

/** By dimension or index of what is read under a name, the time axis whose positions it has. */
export class Timeline {
  readonly axes: readonly string[];
  private readonly places = new Map<string, (string | undefined)[]>();

  constructor(k: IrKernel) {
    this.axes = timeAxes(k);
    const own = (indices: readonly string[]): (string | undefined)[] =>
      indices.map((a) => (this.axes.includes(a) ? a : undefined));
    for (const d of k.defs) this.places.set(d.name, own(d.indices));
    for (const s of k.states) {
      this.places.set(s.name, own(s.indices));
      this.places.set(s.final, own(s.indices.filter((a) => a !== s.axis)));
    }
    for (const t of k.tensors)
      this.places.set(
        t.name,
        t.dims.map((d) => (d.axis !== undefined && this.axes.includes(d.axis) ? d.axis : undefined)),
      );
    for (const e of expressionsOf(k)) visit(e, (x) => this.seeRead(k, x));
  }

  /** A dimension as long as the axis that is read at positions which move with it has its positions, however declared. */
  private seeRead(k: IrKernel, e: Expr): void {
    const tensor = e.kind === 'read' ? k.tensors.find((t) => t.name === e.name) : undefined;
    if (e.kind !== 'read' || !tensor) return;
    e.index.forEach((index, n) => {
      for (const a of this.axes)
        if (movesWithAxis(index, a) && key(tensor.dims[n]!.extent) === key(axisOf(k, a)!.extent))
          this.places.get(e.name)![n] ??= a;
    });
  }

  of(name: string): readonly (string | undefined)[] {
    return this.places.get(name) ?? [];
  }
}

export const isOwn = (index: Expr | undefined, axis: string): boolean =>
  index?.kind === 'var' && index.name === axis;

/** A read at the indices that declare what is read. */
export const isPlainRead = (e: Expr, name: string, indices: readonly string[]): e is ReadExpr =>
  e.kind === 'read' &&
  e.name === name &&
  e.index.length === indices.length &&
  indices.every((a, n) => isOwn(e.index[n], a));
