/**
 * Operations on constants alone are computed here: WGSL would compute them too, but it refuses those that overflow or
 * are not finite.
 */
import { constant, rewrite, type Expr } from '../../../src/expr/expr.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { scalarFunction } from '../../../src/kernel/scalar.ts';
import { mapExprs } from '../../../src/kernel/walk.ts';

export function foldConstants(k: Kernel): Kernel {
  return { ...k, body: mapExprs(k.body, (e) => rewrite(e, foldNode)) };
}

function foldNode(e: Expr): Expr {
  if (e.kind !== 'op') return e;
  if (e.op === 'select' && e.args[0]!.kind === 'const') return e.args[e.args[0]!.value !== 0 ? 1 : 2]!;
  // A constant is rounded where it stands, before it is computed with.
  const held = (a: Expr & { kind: 'const' }): number => (a.type === 'f32' ? Math.fround(a.value) : a.value);
  const values = e.args.map((a) => (a.kind === 'const' ? held(a) : undefined));
  if (values.some((v) => v === undefined)) return e;
  const [a = 0, b = 0, c = 0] = values as number[];
  return constant(e.type, scalarFunction(e.op, e.args[0]!.type, e.type)(a, b, c));
}
