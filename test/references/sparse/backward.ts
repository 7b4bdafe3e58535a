/** Gradients of attention with weights e^(y - lse), and the forward pass that they need. */
import { dot, list, plus, sum, weighted, type Matrix, type Vector } from '../arrays.ts';
import { masked } from '../select.ts';

export interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly keep: (i: number, j: number) => boolean;
  /** From the scaled product to the logit, and its derivative. */
  readonly logit?: (x: number, i: number, j: number) => { y: number; slope: number };
}
const plain = (x: number) => ({ y: x, slope: 1 });
const scaledProduct = (a: Vector, b: Vector): number => dot(a, b) / Math.sqrt(a.length);

/** Output and lse of each query. */
export const forward = ({ q, k, v, keep, logit = plain }: Head): { o: Vector; lse: number }[] =>
  q.map((row, i) => {
    const logits = k.map((key, j) => logit(scaledProduct(row, key), i, j).y);
    const { p, lse } = masked(logits, (j) => keep(i, j));
    return { o: weighted(p, v), lse };
  });

export interface Gradients {
  readonly dq: Matrix;
  readonly dk: Matrix;
  readonly dv: Matrix;
  /** Of the logits. */
  readonly dy: Matrix;
}

/** Gradients of one head; `delta` is what is taken from dO . v in a row. */
export function backward(head: Head, dO: Matrix, lse: Vector, delta: Vector): Gradients {
  const { q, k, v, keep, logit = plain } = head;
  const zero = (x: Matrix): Matrix => x.map((row) => row.map(() => 0));
  const out = { dq: zero(q), dk: zero(k), dv: zero(v), dy: q.map(() => k.map(() => 0)) };
  const scale = 1 / Math.sqrt(q[0]!.length);
  q.forEach((row, i) =>
    k.forEach((key, j) => {
      if (!keep(i, j)) return;
      const { y, slope } = logit(scaledProduct(row, key), i, j);
      const p = Math.exp(y - lse[i]!);
      const dy = p * (dot(dO[i]!, v[j]!) - delta[i]!);
      out.dy[i]![j] = dy;
      out.dq[i] = plus(out.dq[i]!, key, dy * slope * scale);
      out.dk[j] = plus(out.dk[j]!, row, dy * slope * scale);
      out.dv[j] = plus(out.dv[j]!, dO[i]!, p);
    }),
  );
  return out;
}

/** Heads of a group added. */
export const together = (parts: readonly Matrix[]): Matrix =>
  parts.reduce((a, b) => a.map((row, n) => plus(row, b[n]!)));

/**
 * How a number that depends on all of a head's inputs changes with one element of them, by differences.
 * @param at the list that holds the element, and where
 */
export function slopeAt(value: () => number, at: readonly [Vector, number], h = 1e-5): number {
  const [row, n] = at;
  const before = row[n]!;
  const [high, low] = [1, -1].map((sign) => {
    row[n] = before + sign * h;
    return value();
  });
  row[n] = before;
  return (high! - low!) / (2 * h);
}

/** Throws where gradients by formula are not those by differences, at some elements. */
export function checkGradients(value: () => number, pairs: readonly (readonly [Matrix, Matrix])[]): void {
  for (const [input, gradient] of pairs)
    for (const n of list(input.length, (r) => r).filter((r) => r % 5 === 0)) {
      const c = n % input[n]!.length;
      const slope = slopeAt(value, [input[n]!, c]);
      if (!(Math.abs(slope - gradient[n]![c]!) <= 1e-4 * (1 + Math.abs(slope))))
        throw new Error(`a gradient is ${gradient[n]![c]} where differences give ${slope}`);
    }
}

/** The number whose gradients `backward` gives: outputs and lse weighed by their cotangents. */
export const objective = (head: Head, dO: Matrix, dlse: Vector): number =>
  sum(forward(head).map(({ o, lse }, i) => dot(o, dO[i]!) + (lse > -Infinity ? lse * dlse[i]! : 0)));
