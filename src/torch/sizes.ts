/** How sizes follow from the shapes of tensors, as steps that host code can take, and what is left to be given. */
import { evaluate } from '../expr/evaluate.ts';
import { freeVars, i32, op, substitute, type Expr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import type { IrKernel } from '../ir/ir.ts';

/** `size = (extent of the dimension - offset) / slope`; offset and slope are over sizes of steps before. */
export interface SizeStep {
  readonly size: string;
  readonly tensor: string;
  readonly position: number;
  readonly offset: Expr;
  readonly slope: Expr;
}
export interface SizePlan {
  readonly steps: readonly SizeStep[];
  /** Sizes that no tensor fixes: arguments of their own. */
  readonly given: readonly string[];
}

/** Points at which an extent is looked at to tell whether it is affine; other sizes have these values as well. */
const POINTS = [2, 3, 7, 64, 1001];

/** Offset and slope of an extent in one unknown size; undefined where it is not affine in it. */
function affine(e: Expr, x: string): Pick<SizeStep, 'offset' | 'slope'> | undefined {
  const put = (n: number): Expr => simplify(substitute(e, new Map([[x, i32(n)]])));
  const [offset, one] = [put(0), put(1)];
  const others = [...freeVars(e)].filter((s) => s !== x);
  for (const base of [5, 12]) {
    const known = new Map(others.map((s, n) => [s, base + 2 * n]));
    const value = (f: Expr, n = 0): number => evaluate(f, new Map([...known, [x, n]]));
    const slope = value(one) - value(offset);
    if (slope === 0) return undefined;
    for (const n of POINTS) if (value(e, n) !== value(offset) + slope * n) return undefined;
  }
  return { offset, slope: simplify(op('sub', one, offset)) };
}

/** Plain dimensions come first: what they fix needs no arithmetic. */
export function planSizes(k: IrKernel): SizePlan {
  const steps: SizeStep[] = [];
  const known = new Set<string>();
  const all = k.tensors.flatMap((t) =>
    t.dims.map((d, position) => ({ tensor: t.name, position, extent: simplify(d.extent) })),
  );
  for (const { tensor, position, extent } of all)
    if (extent.kind === 'var' && !known.has(extent.name)) {
      known.add(extent.name);
      steps.push({ size: extent.name, tensor, position, offset: i32(0), slope: i32(1) });
    }
  for (let progress = true; progress;) {
    progress = false;
    for (const { tensor, position, extent } of all) {
      const unknown = [...freeVars(extent)].filter((s) => !known.has(s));
      const solved = unknown.length === 1 ? affine(extent, unknown[0]!) : undefined;
      if (!solved) continue;
      known.add(unknown[0]!);
      steps.push({ size: unknown[0]!, tensor, position, ...solved });
      progress = true;
    }
  }
  return { steps, given: k.sizes.filter((s) => !known.has(s)) };
}
