/** Questions about a kernel in normal form: who depends on what, over which axes. */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { freeVars, visit, type Expr, type ReadExpr, type ReduceExpr } from '../expr/expr.ts';
import type { IrDef, IrKernel, IrTensor } from '../ir/ir.ts';

export class Graph {
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly tensors: ReadonlyMap<string, IrTensor>;
  private readonly axisNames: ReadonlySet<string>;
  private readonly closure = new Map<string, ReadonlySet<string>>();

  constructor(readonly kernel: IrKernel) {
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
    this.tensors = new Map(kernel.tensors.map((t) => [t.name, t]));
    this.axisNames = new Set(kernel.axes.map((a) => a.name));
  }

  def(name: string): IrDef {
    const d = this.defs.get(name);
    if (!d) throw new CompilerBug('tile/graph', `unknown definition ${name}`);
    return d;
  }

  isDef(name: string): boolean {
    return this.defs.has(name);
  }

  tensor(name: string): IrTensor | undefined {
    return this.tensors.get(name);
  }

  extent(axis: string): Expr {
    const a = this.kernel.axes.find((x) => x.name === axis);
    if (!a) throw new CompilerBug('tile/graph', `unknown axis ${axis}`);
    return a.extent;
  }

  /** Extent when it is a constant after sizes were fixed. */
  fixedExtent(axis: string): number | undefined {
    const e = this.extent(axis);
    return e.kind === 'const' ? e.value : undefined;
  }

  /** Extent of an axis that lanes hold vectors over. @throws UserError E0610 where it is open */
  vectorExtent(axis: string): number {
    const extent = this.fixedExtent(axis);
    if (extent !== undefined) return extent;
    const e = this.extent(axis);
    const text = e.kind === 'var' ? e.name : axis;
    throw userError('E0610', `the extent of axis \`${axis}\` must be fixed to compile this kernel`, {
      hint: `a lane holds vectors over \`${axis}\` in registers: give its size, e.g. --set ${text}=64`,
    });
  }

  /** Free axes of an expression; reads of definitions name theirs explicitly. */
  axes(e: Expr): Set<string> {
    const free = freeVars(e);
    for (const v of free) if (!this.axisNames.has(v)) free.delete(v);
    return free;
  }

  reduction(name: string): ReduceExpr | undefined {
    const value = this.defs.get(name)?.value;
    return value?.kind === 'reduce' ? value : undefined;
  }

  /** Definitions read directly by an expression. */
  reads(e: Expr): string[] {
    const out = new Set<string>();
    visit(e, (x) => {
      if (x.kind === 'read' && this.defs.has(x.name)) out.add(x.name);
    });
    return [...out];
  }

  tensorReads(e: Expr): ReadExpr[] {
    const out: ReadExpr[] = [];
    visit(e, (x) => {
      if (x.kind === 'read' && this.tensors.has(x.name)) out.push(x);
    });
    return out;
  }

  /** The definition and all that it depends on. */
  cone(name: string): ReadonlySet<string> {
    const known = this.closure.get(name);
    if (known) return known;
    const out = new Set<string>();
    for (const r of this.reads(this.def(name).value)) for (const x of this.cone(r)) out.add(x);
    out.add(name);
    this.closure.set(name, out);
    return out;
  }

  coneOf(e: Expr): ReadonlySet<string> {
    const out = new Set<string>();
    for (const r of this.reads(e)) for (const x of this.cone(r)) out.add(x);
    return out;
  }

  /**
   * True for an axis that lies innermost in memory wherever it occurs and that no mask restricts: one element of a vector
   * that a lane can hold, rather than a position to loop over.
   */
  isFeature(axis: string): boolean {
    if (this.isRestricted(axis) || this.chosenAlong().has(axis)) return false;
    let last = false;
    for (const t of this.kernel.tensors)
      for (const [n, dim] of t.dims.entries()) {
        if (dim.axis !== axis) continue;
        if (n !== t.dims.length - 1) return false;
        last = true;
      }
    for (const o of this.kernel.outputs) {
      const n = o.indices.indexOf(axis);
      if (n >= 0 && n !== o.indices.length - 1) return false;
    }
    return last;
  }

  private along: ReadonlySet<string> | undefined;

  /** Axes whose elements selections take or leave: positions, also where nothing else restricts them. */
  private chosenAlong(): ReadonlySet<string> {
    if (this.along) return this.along;
    const out = new Set<string>();
    const dims = new Map<string, number>();
    for (const d of this.kernel.defs) if (d.takes) dims.set(d.name, d.indices.indexOf(d.takes));
    for (const t of this.kernel.tensors)
      if (t.takes)
        dims.set(
          t.name,
          t.dims.findIndex((d) => d.axis === t.takes),
        );
    for (const d of [...this.kernel.defs, ...this.kernel.tensors]) if (d.takes) out.add(d.takes);
    if (dims.size > 0)
      for (const d of this.kernel.defs)
        visit(d.value, (e) => {
          const at = e.kind === 'read' ? dims.get(e.name) : undefined;
          if (e.kind === 'read' && at !== undefined) freeVars(e.index[at]!, out);
        });
    return (this.along = out);
  }

  /** Some reduction leaves out elements by where they are along the axis. */
  private isRestricted(axis: string): boolean {
    const { masks, defs } = this.kernel;
    const restricts = ({ value }: IrDef): boolean =>
      value.kind === 'reduce' && value.where !== undefined && this.axes(value.where).has(axis);
    return masks.some((m) => this.axes(m).has(axis)) || defs.some(restricts);
  }

  /** Of a fixed extent that a lane can hold a vector over. */
  isShort(axis: string): boolean {
    return (this.fixedExtent(axis) ?? Infinity) <= LONGEST_VECTOR;
  }

  /** True for a short axis along which some tensor holds vectors, and which nothing restricts. */
  isElement(axis: string): boolean {
    if (!this.isShort(axis) || this.isRestricted(axis)) return false;
    return this.kernel.tensors.some((t) => t.dims.at(-1)?.axis === axis);
  }
}

/** Positions do not become a vector because their number is known: longer axes are streamed over. */
const LONGEST_VECTOR = 256;

export const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x) => b.includes(x));
