/**
 * Pass `keep-reread`: a definition that takes much to compute, and of which many elements of a reader ask for the same one, is
 * stored. Where it is read at other indices the normal form would compute a copy there, as often as there are readers:
 * a truth value per group of queries and key, made of sums, would be made anew for each query and key.
 *
 * Many readers share an element where the index is a quotient, a remainder, a choice, or data. An element takes much
 * where it has a sum over an axis whose extent is not known, or over many elements.
 */
import { children, freeVars, i32, op, read, variable, visit, type Expr } from '../../expr/expr.ts';
import type { IrDef, IrKernel } from '../ir.ts';
import { FreshNames } from './names.ts';
import { Steps } from './steps.ts';

/** Fewer terms of a sum than this are as well computed where they are read: a norm of features. */
const MUCH = 256;

class Rereads {
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly axes: ReadonlySet<string>;
  private readonly terms = new Map<string, number>();
  readonly kept = new Set<string>();

  constructor(private readonly kernel: IrKernel) {
    this.axes = new Set(kernel.axes.map((a) => a.name));
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
  }

  look(e: Expr): void {
    visit(e, (x) => {
      const def = x.kind === 'read' ? this.defs.get(x.name) : undefined;
      if (x.kind !== 'read' || !def || def.stored || this.kept.has(def.name)) return;
      if (def.indices.some((a, n) => this.isShared(x.index[n]!) && this.of(def, a) >= MUCH))
        this.kept.add(def.name);
    });
  }

  /** Terms of the longest sum that each element along an axis takes. */
  private of(def: IrDef, axis: string): number {
    const id = `${def.name}@${axis}`;
    const known = this.terms.get(id) ?? (def.stored ? 1 : this.count(def.value, axis));
    this.terms.set(id, known);
    return known;
  }

  private count(e: Expr, axis: string): number {
    if (!freeVars(e).has(axis)) return 1;
    const inner = Math.max(1, ...children(e).map((c) => this.count(c, axis)));
    if (e.kind === 'reduce')
      return Math.max(
        inner,
        e.axes.reduce((n, a) => n * this.extent(a), 1),
      );
    const def = e.kind === 'read' ? this.defs.get(e.name) : undefined;
    if (e.kind !== 'read' || !def) return inner;
    const along = def.indices.filter((_, n) => freeVars(e.index[n]!).has(axis));
    return Math.max(inner, ...along.map((a) => this.of(def, a)));
  }

  /** Whether several values of axes give the same index, as far as its operations say. */
  private isShared(e: Expr): boolean {
    let shared = false;
    visit(e, (x) => {
      const many = x.kind === 'read' || (x.kind === 'op' && ['idiv', 'mod', 'select'].includes(x.op));
      if (many && [...freeVars(x)].some((name) => this.axes.has(name))) shared = true;
    });
    return shared;
  }

  private extent(axis: string): number {
    const { extent } = this.kernel.axes.find((a) => a.name === axis)!;
    return extent.kind === 'const' ? Number(extent.value) : Infinity;
  }
}

/** @param k after selections and means are sums, and before the normal form */
export function keepReread(k: IrKernel): IrKernel {
  const rereads = new Rereads(k);
  for (const d of k.defs) rereads.look(d.value);
  // What is carried from step to step is read where the step is.
  const steps = new Steps(k, (name) => k.defs.find((d) => d.name === name));
  const kept = new Set([...rereads.kept].filter((name) => steps.statesOf(name).size === 0));
  if (kept.size === 0) return k;
  const names = new FreshNames([
    ...k.sizes,
    ...[k.axes, k.params, k.tensors, k.defs].flatMap((xs) => xs.map((x) => x.name)),
  ]);
  return { ...k, defs: k.defs.flatMap((d) => (kept.has(d.name) ? stored(d, names) : [d])) };
}

/** Truth values are stored as integers, of which bounds of loops know that they take some elements and leave others. */
function stored(d: IrDef, names: FreshNames): readonly IrDef[] {
  if (d.type !== 'bool') return [{ ...d, stored: true }];
  const name = names.fresh(`${d.name}.taken`);
  const value: Expr = { kind: 'op', type: 'i32', op: 'cast', args: [d.value] };
  const takes = d.indices.at(-1);
  const kept: IrDef = {
    ...d,
    name,
    role: 'let',
    type: 'i32',
    value,
    stored: true,
    ...(takes ? { takes } : {}),
  };
  const own = read(
    name,
    d.indices.map((a) => variable(a)),
    'i32',
  );
  return [kept, { ...d, value: op('ne', own, i32(0)) }];
}
