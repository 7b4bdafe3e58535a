/** How a kernel reads its integer inputs, so that random ones mean something: indices stay inside what they index. */
import { i32, key, op, visit, type Expr } from '../../expr/expr.ts';
import type { OpName } from '../../expr/ops.ts';
import { holdsIntegers } from '../../expr/types.ts';
import { stateOf, type IrKernel } from '../../ir/ir.ts';

export interface IntegerUse {
  /** Values should be below each of these; from reads whose index is the value itself, or the value and a constant. */
  readonly below: readonly Expr[];
  /** Extents of what an expression of the value indexes, as in `table[b] * 16 + j`. */
  readonly near: readonly Expr[];
  /** Axes that the value is compared with, as in `j < length[b]`. */
  readonly comparedWith: readonly string[];
  /** Bits of the value are looked at one by one. */
  readonly bits: boolean;
}

interface Draft {
  readonly below: Map<string, Expr>;
  readonly near: Map<string, Expr>;
  readonly comparedWith: Set<string>;
  bits: boolean;
}

const COMPARISONS: ReadonlySet<OpName> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
const BITS: ReadonlySet<OpName> = new Set(['bitand', 'bitor', 'bitxor', 'bitnot', 'shl', 'shr']);

/** Uses of every integer input of the kernel. */
export function integerUses(kernel: IrKernel): ReadonlyMap<string, IntegerUse> {
  const drafts = new Map<string, Draft>();
  for (const t of kernel.tensors)
    if (holdsIntegers(t.storage))
      drafts.set(t.name, { below: new Map(), near: new Map(), comparedWith: new Set(), bits: false });
  const axes = new Map(kernel.axes.map((a) => [a.name, a.extent]));
  const origins = originFinder(kernel, drafts);

  const extentAt = (name: string, position: number): Expr | undefined => {
    const tensor = kernel.tensors.find((t) => t.name === name);
    if (tensor) return tensor.dims[position]?.extent;
    const state = stateOf(kernel, name);
    const last = state?.indices.filter((a) => a !== state.axis);
    const indices =
      state?.final === name ? last : (state ?? kernel.defs.find((d) => d.name === name))?.indices;
    const axis = indices?.[position];
    return axis === undefined ? undefined : axes.get(axis);
  };
  for (const value of [...kernel.defs.map((d) => d.value), ...kernel.states.map((s) => s.init)])
    visit(value, (e) => {
      if (e.kind === 'read')
        e.index.forEach((index, position) => {
          const extent = extentAt(e.name, position);
          if (extent === undefined) return;
          for (const { name, offset } of origins(index))
            if (offset === undefined) drafts.get(name)!.near.set(key(extent), extent);
            else {
              const end = offset === 0 ? extent : op('sub', extent, i32(offset));
              drafts.get(name)!.below.set(key(end), end);
            }
        });
      if (e.kind !== 'op') return;
      if (BITS.has(e.op))
        for (const arg of e.args) for (const { name } of origins(arg)) drafts.get(name)!.bits = true;
      if (COMPARISONS.has(e.op))
        e.args.forEach((arg, n) => {
          for (const { name } of origins(arg))
            for (const axis of flowingVars(e.args[1 - n]!))
              if (axes.has(axis)) drafts.get(name)!.comparedWith.add(axis);
        });
    });
  return new Map(
    [...drafts].map(([name, d]) => [
      name,
      {
        below: [...d.below.values()],
        near: [...d.near.values()],
        comparedWith: [...d.comparedWith],
        bits: d.bits,
      },
    ]),
  );
}

/** Variables whose value flows into an expression; those that only say where to read do not. */
function flowingVars(e: Expr): readonly string[] {
  if (e.kind === 'var') return [e.name];
  return e.kind === 'op' ? e.args.flatMap(flowingVars) : [];
}

interface Origin {
  readonly name: string;
  /** The constant that is added to the element; absent when the expression is something else computed from it. */
  readonly offset?: number;
}

/** Integer inputs whose elements flow into an expression, also through definitions. */
function originFinder(
  kernel: IrKernel,
  inputs: ReadonlyMap<string, unknown>,
): (e: Expr) => readonly Origin[] {
  const ofDefs = new Map<string, readonly Origin[]>();
  const indirect = (found: readonly Origin[]): Origin[] => found.map(({ name }) => ({ name }));
  const shifted = (e: Expr, by: number): Origin[] =>
    find(e).map(({ name, offset }) => (offset === undefined ? { name } : { name, offset: offset + by }));
  const find = (e: Expr): readonly Origin[] => {
    switch (e.kind) {
      case 'const':
      case 'var':
        return [];
      case 'read': {
        if (inputs.has(e.name)) return [{ name: e.name, offset: 0 }];
        const known = ofDefs.get(e.name);
        if (known) return known;
        const def = kernel.defs.find((d) => d.name === e.name);
        const state = stateOf(kernel, e.name);
        // The steps of a state lead back to it.
        ofDefs.set(e.name, []);
        const steps = state && kernel.defs.find((d) => d.name === state.next)!.value;
        const found = def ? find(def.value) : state ? indirect([...find(state.init), ...find(steps!)]) : [];
        ofDefs.set(e.name, found);
        return found;
      }
      case 'op': {
        if (e.type === 'bool') return [];
        if (e.op === 'cast') return find(e.args[0]!);
        if (e.op === 'select') return e.args.slice(1).flatMap(find);
        const by = e.args[1];
        if (e.op === 'add' && by?.kind === 'const' && by.value >= 0) return shifted(e.args[0]!, by.value);
        return indirect(e.args.flatMap(find));
      }
      case 'reduce':
        return e.op === 'max' || e.op === 'min' ? find(e.body) : indirect(find(e.body));
    }
  };
  return find;
}
