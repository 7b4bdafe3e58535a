/** What a comparison constrains: a sum of moving atoms in one spelling, between ends that the box leaves free. */
import { freeVars, i32, key, type Expr } from './expr.ts';
import { commonFactor } from './compare.ts';
import type { Box } from './interval.ts';
import { floorDiv, fromLinear, linear, scaled, type Linear, type Term } from './linear.ts';

/** Σ by·atom without common factor, its first term positive: `i - j`, never `2 * j - 2 * i`. */
export interface Form {
  readonly key: string;
  readonly terms: readonly Term[];
}
/** Every one of `los` is at most the form, and the form at most every one of `his`. */
export interface Ends {
  readonly los: readonly Expr[];
  readonly his: readonly Expr[];
}
/** What the conjunction around an expression says about forms. */
export type Context = ReadonlyMap<string, { readonly form: Form } & Ends>;

/** factor · form + fixed */
export interface Placed {
  readonly form: Form;
  readonly factor: number;
  readonly fixed: Linear;
}

export function moves(e: Expr, box: Box): boolean {
  for (const v of freeVars(e)) if (box.has(v)) return true;
  return false;
}

/** Splits a sum into its form and what does not move; undefined when nothing moves. */
export function place(x: Linear, box: Box): Placed | undefined {
  const moving = [...x.terms].filter(([, t]) => moves(t.atom, box)).sort(([a], [b]) => (a < b ? -1 : 1));
  const [first] = moving;
  if (!first) return undefined;
  const factor = commonFactor(moving.map(([, t]) => t)) * Math.sign(first[1].by);
  const terms = moving.map(([, t]): Term => ({ atom: t.atom, by: t.by / factor }));
  const names = moving.map(([k], n) => `${terms[n]!.by}*${k}`);
  const fixed: Linear = {
    terms: new Map([...x.terms].filter(([, t]) => !moves(t.atom, box))),
    constant: x.constant,
  };
  return { form: { key: names.join(' + '), terms }, factor, fixed };
}

/** The form's ends where factor · form + fixed is not positive. */
export function endsWhereNotPositive(p: Placed): Ends {
  const bound = floorDiv(fromLinear(scaled(p.fixed, -1)), i32(Math.abs(p.factor)));
  return p.factor > 0 ? { los: [], his: [bound] } : { los: [opposite(bound)], his: [] };
}

export const opposite = (e: Expr): Expr => fromLinear(scaled(linear(e), -1));

/** The context with further ends for some forms. */
export function within(context: Context, added: readonly (Ends & { readonly form: Form })[]): Context {
  const merged = new Map(context);
  for (const { form, los, his } of added) {
    const old = merged.get(form.key) ?? { form, los: [], his: [] };
    merged.set(form.key, { form, los: union(old.los, los), his: union(old.his, his) });
  }
  return merged;
}

const union = (xs: readonly Expr[], ys: readonly Expr[]): readonly Expr[] => {
  const seen = new Set(xs.map(key));
  return [...xs, ...ys.filter((y) => !seen.has(key(y)))];
};
