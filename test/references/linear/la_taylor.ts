/** Weights 1 + s + s^2 / 2 of scaled scores, without features; the state is told by the features' definition. */
import { dot, eachHead, matrix, plus, vector, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

/** 1, x / D^(1/4), x x^T / (sqrt(2) sqrt(D)). */
export const taylor = (x: Vector): Vector => [
  1,
  ...x.map((a) => a / x.length ** 0.25),
  ...x.flatMap((a) => x.map((b) => (a * b) / (Math.SQRT2 * Math.sqrt(x.length)))),
];

function quadratic(q: Matrix, k: Matrix, v: Matrix, S0: Matrix, z0: Vector, eps: number) {
  const y = q.map((qt, t) => {
    const weights = k.slice(0, t + 1).map((kj) => {
      const s = dot(qt, kj) / Math.sqrt(kj.length);
      return 1 + s + (s * s) / 2;
    });
    const numerator = plus(weighted(weights, v), weighted(taylor(qt), S0));
    const denominator = weights.reduce((a, b) => a + b, dot(taylor(qt), z0)) + eps;
    return numerator.map((x) => x / denominator);
  });
  const S = S0.map((row, f) =>
    plus(
      row,
      weighted(
        k.map((kj) => taylor(kj)[f]!),
        v,
      ),
    ),
  );
  return { y, S, z: z0.map((x, f) => k.reduce((a, kj) => a + taylor(kj)[f]!, x)) };
}

export const cases = [
  referenceCase({
    example: 'la_taylor',
    fixed: { D: 4, E: 5 },
    params: { eps: 0.3 },
    inputs: ({ normal, values, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      S0: normal(B, H, 1 + D + D * D, E),
      // As if many keys had been seen: all else could make the weights' sum vanish.
      z0: values([B, H, 1 + D + D * D], (r, n) => (n % (1 + D + D * D) === 0 ? 20 : r.next())),
    }),
    reference: ({ q, k, v, S0, z0 }, sizes, { eps }) =>
      eachHead(sizes, (b, h) =>
        quadratic(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), matrix(S0, b, h), vector(z0, b, h), eps),
      ),
  }),
];
