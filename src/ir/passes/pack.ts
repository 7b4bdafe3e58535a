/**
 * Pass `pack-shared`: an axis on which every vector that is streamed depends only through `axis / c` (query heads that share
 * keys) becomes a group axis and a member axis, axis = group · c + member. Members then share what is streamed, and can be
 * rows of one block beside the few that there are.
 *
 * Memory stays as it is: a dimension along the axis is seen as two. The member axis comes last among the indices of a
 * definition, so that rows of one position lie beside each other and a block stays narrow in the position.
 */
import { evalConst } from '../../expr/evaluate.ts';
import { children, freeVars, i32, key, mapChildren, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrAxis, IrDef, IrDim, IrKernel, IrOutput, IrTensor } from '../ir.ts';
import { FreshNames } from './names.ts';

/** From this many rows on a block is full without members. */
const FEW_ROWS = 16;
/** Shorter streams cost less than a launch. */
const LONG_STREAM = 128;

export interface PackOptions {
  /** Sizes that the kernel will mostly run with; without them nothing is packed by itself. */
  readonly expected?: Readonly<Record<string, number>>;
  /** Packs, or does not, whatever the sizes. */
  readonly pack?: boolean;
}

/** What is read, with the reduced positions that a read moves with. */
interface Read {
  readonly expr: Expr & { kind: 'read' };
  readonly axes: ReadonlySet<string>;
}

class Packing {
  private readonly streamed: readonly Read[];
  private readonly positions: ReadonlySet<string>;
  private readonly tensors: ReadonlyMap<string, IrTensor>;

  constructor(private readonly kernel: IrKernel) {
    this.tensors = new Map(kernel.tensors.map((t) => [t.name, t]));
    const reduced = kernel.defs.flatMap((d) => (d.value.kind === 'reduce' ? d.value.axes : []));
    this.positions = new Set(reduced.filter((a) => this.isPosition(a)));
    const reads: Read[] = [];
    const look = (e: Expr): void => {
      if (e.kind === 'read' && this.tensors.has(e.name)) reads.push({ expr: e, axes: freeVars(e) });
      children(e).forEach(look);
    };
    for (const d of kernel.defs) look(d.value);
    this.streamed = reads.filter((r) => [...this.positions].some((a) => r.axes.has(a)));
  }

  /** An axis that is restricted, or lies outside of some vector in memory: not merely an element of vectors. */
  private isPosition(axis: string): boolean {
    const { masks, tensors, outputs } = this.kernel;
    return (
      masks.some((m) => freeVars(m).has(axis)) ||
      tensors.some((t) => t.dims.slice(0, -1).some((d) => d.axis === axis)) ||
      outputs.some((o) => o.indices.slice(0, -1).includes(axis))
    );
  }

  /** The number of members, if the axis can be split: `c` of the only form `axis / c` in which streamed vectors see it. */
  members(axis: string): Expr | undefined {
    const found = new Map<string, Expr>();
    let plain = false;
    const look = (e: Expr): void => {
      if (e.kind === 'op' && e.op === 'idiv' && isVariable(e.args[0]!, axis)) {
        found.set(key(e.args[1]!), e.args[1]!);
        look(e.args[1]!);
      } else if (isVariable(e, axis)) plain = true;
      else children(e).forEach(look);
    };
    // Single numbers may differ from row to row; a vector is shared by the rows of a block.
    for (const r of this.streamed) if (this.isVector(r)) look(r.expr);
    const [c, ...others] = found.values();
    if (plain || !c || others.length > 0) return undefined;
    return [...freeVars(c)].every((v) => this.kernel.sizes.includes(v)) ? c : undefined;
  }

  /** Most rows that a block of some output with this axis has without members, for the given sizes. */
  rows(axis: string, sizes: ReadonlyMap<string, number>): number | undefined {
    let most = 0;
    for (const o of this.kernel.outputs) {
      if (!o.indices.includes(axis)) continue;
      const rows = o.indices.filter((a) => a !== axis && !this.positions.has(a) && !this.isStreamed(a));
      const extents = rows.map((a) => this.known(this.extent(a), sizes));
      if (extents.some((n) => n === undefined)) return undefined;
      most = Math.max(
        most,
        extents.reduce<number>((a, n) => a * n!, 1),
      );
    }
    return most;
  }

  /** Whether some position that is reduced runs over a long stream. */
  isLong(sizes: ReadonlyMap<string, number>): boolean {
    return [...this.positions].some((a) => (this.known(this.extent(a), sizes) ?? 0) >= LONG_STREAM);
  }

  private isStreamed(axis: string): boolean {
    return this.streamed.some((r) => this.isVector(r) && r.axes.has(axis));
  }

  private isVector(r: Read): boolean {
    return this.kernel.axes.some((a) => r.axes.has(a.name) && !this.isPosition(a.name));
  }

  known(e: Expr, sizes: ReadonlyMap<string, number>): number | undefined {
    return [...freeVars(e)].every((v) => sizes.has(v)) ? evalConst(e, sizes) : undefined;
  }

  private extent(axis: string): Expr {
    return this.kernel.axes.find((a) => a.name === axis)!.extent;
  }

  /** The number of groups, if it is sure that they have `c` members each. */
  groups(axis: string, c: Expr): Expr | undefined {
    const extent = this.extent(axis);
    if (extent.kind === 'const' && c.kind === 'const')
      return c.value > 0 && extent.value % c.value === 0 ? i32(extent.value / c.value) : undefined;
    const divides = (n: Expr): boolean => {
      const wanted = key(op('eq', op('mod', extent, n), i32(0)));
      return this.kernel.requires.some((r) => conjuncts(r.condition).some((x) => key(x) === wanted));
    };
    const quotient =
      c.kind === 'op' && c.op === 'idiv' && key(c.args[0]!) === key(extent) ? c.args[1] : undefined;
    if (quotient && divides(quotient)) return quotient;
    return divides(c) ? simplify(op('idiv', extent, c)) : undefined;
  }

  /** The axis numbers outputs, is never reduced, and would not become an element of vectors. */
  isBatch(axis: string): boolean {
    const { defs, outputs } = this.kernel;
    const reduces = (e: Expr): boolean =>
      (e.kind === 'reduce' && e.axes.includes(axis)) || children(e).some(reduces);
    return (
      outputs.some((o) => o.indices.includes(axis)) &&
      !defs.some((d) => reduces(d.value)) &&
      this.isPosition(axis)
    );
  }
}

const isVariable = (e: Expr, name: string): boolean => e.kind === 'var' && e.name === name;
const conjuncts = (e: Expr): readonly Expr[] =>
  e.kind === 'op' && e.op === 'and' ? e.args.flatMap(conjuncts) : [e];

/** Rewrites a kernel with one axis as two. */
class Splitter {
  private readonly group: string;
  private readonly member: string;
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly tensors: ReadonlyMap<string, IrTensor>;

  constructor(
    private readonly kernel: IrKernel,
    private readonly axis: string,
    private readonly c: Expr,
    private readonly groups: Expr,
  ) {
    const names = new FreshNames([
      ...kernel.sizes,
      ...[kernel.axes, kernel.params, kernel.tensors, kernel.defs].flatMap((xs) => xs.map((x) => x.name)),
    ]);
    this.group = names.fresh(`${axis}.group`);
    this.member = names.fresh(`${axis}.member`);
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
    this.tensors = new Map(kernel.tensors.map((t) => [t.name, t]));
  }

  run(): IrKernel {
    const k = this.kernel;
    return {
      ...k,
      axes: [
        ...k.axes.map((a): IrAxis =>
          a.name === this.axis ? { ...a, name: this.group, extent: this.groups } : a,
        ),
        { name: this.member, extent: this.c },
      ],
      tensors: k.tensors.map((t) => this.tensor(t)),
      masks: k.masks.map((m) => this.expr(m)),
      defs: k.defs.map((d) => ({ ...d, indices: this.indices(d), value: this.expr(d.value) })),
      outputs: k.outputs.map((o) => this.output(o)),
    };
  }

  private indices(d: IrDef): readonly string[] {
    if (!d.indices.includes(this.axis)) return d.indices;
    return [...d.indices.map((a) => (a === this.axis ? this.group : a)), this.member];
  }

  private tensor(t: IrTensor): IrTensor {
    if (!t.dims.some((d) => d.axis === this.axis)) return t;
    const dims = t.dims.flatMap((d): IrDim[] =>
      d.axis === this.axis
        ? [
            { axis: this.group, extent: this.groups },
            { axis: this.member, extent: this.c },
          ]
        : [d],
    );
    return { ...t, dims, declared: t.declared ?? t.dims.map((d) => d.extent) };
  }

  private output(o: IrOutput): IrOutput {
    if (!o.indices.includes(this.axis)) return o;
    const extent = (a: string): Expr => this.kernel.axes.find((x) => x.name === a)!.extent;
    return {
      ...o,
      indices: o.indices.flatMap((a) => (a === this.axis ? [this.group, this.member] : [a])),
      declared: o.declared ?? o.indices.map(extent),
    };
  }

  private expr(e: Expr): Expr {
    if (isVariable(e, this.axis))
      return op('add', op('mul', variable(this.group), this.c), variable(this.member));
    if (e.kind === 'op' && isVariable(e.args[0]!, this.axis) && e.args[1] && key(e.args[1]) === key(this.c)) {
      if (e.op === 'idiv') return variable(this.group);
      if (e.op === 'mod') return variable(this.member);
    }
    if (e.kind === 'read') return this.read(e);
    return mapChildren(e, (x) => this.expr(x));
  }

  private read(e: Expr & { kind: 'read' }): Expr {
    const def = this.defs.get(e.name);
    const at = (x: Expr): readonly [Expr, Expr] => {
      if (isVariable(x, this.axis)) return [variable(this.group), variable(this.member)];
      const flat = this.expr(x);
      return [op('idiv', flat, this.c), op('mod', flat, this.c)];
    };
    if (def) {
      const n = def.indices.indexOf(this.axis);
      if (n < 0) return mapChildren(e, (x) => this.expr(x));
      const [group, member] = at(e.index[n]!);
      return { ...e, index: [...e.index.map((x, m) => (m === n ? group : this.expr(x))), member] };
    }
    const dims = this.tensors.get(e.name)?.dims;
    // A mask line, which is kept for people, may read what is gone.
    if (!dims) return mapChildren(e, (x) => this.expr(x));
    return { ...e, index: e.index.flatMap((x, n) => (dims[n]!.axis === this.axis ? at(x) : [this.expr(x)])) };
  }
}

/** @param k in normal form */
export function packShared(k: IrKernel, { expected, pack }: PackOptions): IrKernel {
  // What is carried from step to step streams nothing that members could share.
  if (pack === false || (!expected && !pack) || k.states.length > 0) return k;
  const packing = new Packing(k);
  const sizes = new Map(Object.entries(expected ?? {}));
  for (const { name } of k.axes) {
    const c = packing.isBatch(name) ? packing.members(name) : undefined;
    const groups = c && packing.groups(name, c);
    if (!c || !groups) continue;
    const rows = packing.rows(name, sizes);
    const few = rows !== undefined && rows < FEW_ROWS && (packing.known(c, sizes) ?? 1) > 1;
    if (pack || (few && packing.isLong(sizes))) return new Splitter(k, name, c, groups).run();
  }
  return k;
}
