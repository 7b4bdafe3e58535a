/**
 * Pass `fix-sizes`: sizes and consts known at compile time become constants, and what depends on constants alone is
 * computed, so that later passes see fixed extents.
 */
import { constant, rewrite, type Expr } from '../../expr/expr.ts';
import { OPS } from '../../expr/ops.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrKernel } from '../ir.ts';

/** Float operations on constants, rounded to f32 as the kernel would hold them. */
export function foldFloats(e: Expr): Expr {
  return rewrite(e, (x) => {
    if (x.kind !== 'op' || x.type !== 'f32' || x.op === 'cast' || x.op.startsWith('round_')) return x;
    const values: number[] = [];
    for (const a of x.args) {
      const value = floatConstant(a);
      if (value === undefined) return x;
      values.push(value);
    }
    const meaning: (...args: number[]) => number = OPS[x.op].meaning;
    const value = Math.fround(meaning(...values));
    return Number.isFinite(value) ? constant('f32', value) : x;
  });
}

function floatConstant(e: Expr): number | undefined {
  if (e.kind === 'const') return e.value;
  if (e.kind === 'op' && e.op === 'cast' && e.type === 'f32') {
    const inner = floatConstant(e.args[0]!);
    return inner === undefined ? undefined : Math.fround(inner);
  }
  return undefined;
}

export function fixSizes(k: IrKernel, fixed: Readonly<Record<string, number>>): IrKernel {
  const replace = (e: Expr): Expr =>
    foldFloats(
      simplify(
        rewrite(e, (x) => (x.kind === 'var' && x.name in fixed ? constant(x.type, fixed[x.name]!) : x)),
      ),
    );
  return {
    ...k,
    axes: k.axes.map((a) => ({ ...a, extent: replace(a.extent) })),
    params: k.params.map((p) => (p.default ? { ...p, default: replace(p.default) } : p)),
    requires: k.requires.map((r) => ({ ...r, condition: replace(r.condition) })),
    tensors: k.tensors.map((t) => ({ ...t, dims: t.dims.map((d) => ({ ...d, extent: replace(d.extent) })) })),
    masks: k.masks.map(replace),
    states: k.states.map((s) => ({ ...s, init: replace(s.init) })),
    defs: k.defs.map((d) => ({ ...d, value: replace(d.value) })),
  };
}
