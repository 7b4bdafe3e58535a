/** Why something was not rewritten. */
import { printExpr } from '../../expr/print.ts';
import type { Expr } from '../../expr/expr.ts';

export interface Refusal {
  readonly kind: 'refusal';
  readonly why: string;
  /** What stands in the way. */
  readonly at?: Expr;
  /** All else about it would do: worth telling. */
  readonly close: boolean;
}

export const isRefusal = (x: unknown): x is Refusal =>
  typeof x === 'object' && x !== null && (x as { readonly kind?: unknown }).kind === 'refusal';

const MAX_TEXT = 60;
const shortened = (e: Expr): string => {
  const text = printExpr(e);
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
};

/** `at` reads both sides in a way that no product of a factor for each is. */
export const tied = (at: Expr, why = 'is no product of a factor for each side'): Refusal => ({
  kind: 'refusal',
  why: `\`${shortened(at)}\` ${why}`,
  at,
  close: false,
});

/** The weights would do, but what is said of them does not. */
export const nearly = (why: string, at?: Expr): Refusal => ({
  kind: 'refusal',
  why: at ? `\`${shortened(at)}\` ${why}` : why,
  ...(at ? { at } : {}),
  close: true,
});
