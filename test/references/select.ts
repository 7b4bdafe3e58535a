/** Selection by the order that all mechanisms share, and attention over what is kept. */
import type { Random } from '../../src/runtime/random.ts';
import { dot, list, scaled, softmax, sum, weighted, type Matrix, type Vector } from './arrays.ts';

/** Greatest values first, of equal ones the smaller index first; only indices that are valid. */
export function inOrder(values: readonly number[], valid: (n: number) => boolean = () => true): number[] {
  const all = values.map((_, n) => n).filter(valid);
  return all.sort((a, b) => (values[a] === values[b] ? a - b : values[b]! > values[a]! ? 1 : -1));
}

/** The first `count` of the order, in increasing order. */
export const topK = (
  values: readonly number[],
  count: number,
  valid?: (n: number) => boolean,
): ReadonlySet<number> =>
  new Set(
    inOrder(values, valid)
      .slice(0, Math.max(0, count))
      .sort((a, b) => a - b),
  );

/** The shortest beginning of the order whose sum is at least a share of all. */
export function topP(
  values: readonly number[],
  share: number,
  valid: (n: number) => boolean = () => true,
): ReadonlySet<number> {
  const order = inOrder(values, valid);
  if (share >= 1) return new Set(order);
  const goal = share * order.reduce((a, n) => a + values[n]!, 0);
  const taken = new Set<number>();
  let sum = 0;
  for (const n of order) {
    if (sum >= goal) break;
    taken.add(n);
    sum += values[n]!;
  }
  return taken;
}

/** Rows of a block, the last of which may be shorter. */
export const block = <T>(rows: readonly T[], n: number, size: number): readonly T[] =>
  rows.slice(n * size, (n + 1) * size);

export const mean = (rows: readonly Vector[]): Vector =>
  list(rows[0]!.length, (c) => sum(rows.map((row) => row[c]!)) / rows.length);

/** Weights of a row of scores over what is kept, 0 elsewhere, and the logarithm of their sum: minus infinity for an empty row. */
export function masked(scores: readonly number[], keep: (j: number) => boolean): { p: Vector; lse: number } {
  const kept = scores.filter((_, j) => keep(j));
  if (kept.length === 0) return { p: scores.map(() => 0), lse: -Infinity };
  const top = Math.max(...kept);
  const weights = scores.map((s, j) => (keep(j) ? Math.exp(s - top) : 0));
  return { p: scaled(weights, 1 / sum(weights)), lse: top + Math.log(sum(weights)) };
}

/** Scores with the usual scale, and what `masked` makes of each row of them. */
export const maps = (
  q: Matrix,
  k: Matrix,
  keep: (i: number, j: number) => boolean,
): { s: Vector; p: Vector; lse: number }[] =>
  q.map((row, i) => {
    const s = k.map((key) => dot(row, key) / Math.sqrt(row.length));
    return { s, ...masked(s, (j) => keep(i, j)) };
  });

/** The weights of one query over all keys. */
export const row = (q: Vector, k: Matrix): Vector => maps([q], k, () => true)[0]!.p;

/** Softmax attention of one query over some of the keys; zeros where there are none. */
export function attend(q: Vector, k: Matrix, v: Matrix, keep: (j: number) => boolean): Vector {
  const kept = list(k.length, (j) => j).filter(keep);
  if (kept.length === 0) return v[0]!.map(() => 0);
  const weights = softmax(
    scaled(
      kept.map((j) => dot(q, k[j]!)),
      q.length ** -0.5,
    ),
  );
  return weighted(
    weights,
    kept.map((j) => v[j]!),
  );
}

export const causal = (q: Matrix, k: Matrix, v: Matrix): Matrix =>
  q.map((qi, i) => attend(qi, k, v, (j) => j <= i));

/** Numbers that 16 bits hold, and whose products can be added in f32 without rounding: all executors see one order. */
export const exact = ({ normal }: Random): number => Math.round(normal() * 64) / 64;
/** Few different numbers, so that many scores are equal. */
export const few = ({ pick }: Random): number => pick([-1, 0, 0, 1]);
/**
 * What outputs in f16 may differ by. They are rounded, and so are weights where a matrix unit takes them: each by 2^-11 at
 * most, relative to values that may be a few times the root mean square of the output.
 */
export const HALF = 3e-3;
