/**
 * Half softmax attention of rotated queries and keys in a causal window, half gated linear attention of softmaxes over
 * features in its quadratic form, whose gates are sixteenth roots of sigmoids of the keys.
 */
import {
  dot,
  eachHead,
  matrix,
  plus,
  scaled,
  softmax,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { logSigmoid } from './gates.ts';
import { gla } from './gla.ts';

/** Features m and m + half turned by position * base^(-2m / D). */
export function turned(x: Vector, position: number, base: number): Vector {
  const half = x.length / 2;
  return x.map((_, d) => {
    const m = d % half;
    const angle = position * base ** ((-2 * m) / x.length);
    const [first, second] = [x[m]!, x[m + half]!];
    return d < half
      ? first * Math.cos(angle) - second * Math.sin(angle)
      : second * Math.cos(angle) + first * Math.sin(angle);
  });
}

export function nearby(q: Matrix, k: Matrix, v: Matrix, width: number, base: number): Matrix {
  const keys = k.map((row, j) => turned(row, j, base));
  return q.map((qt, t) => {
    const from = Math.max(0, t - width + 1);
    const query = turned(qt, t, base);
    const scores = keys.slice(from, t + 1).map((kj) => dot(query, kj) / Math.sqrt(qt.length));
    return weighted(softmax(scores), v.slice(from, t + 1));
  });
}

export const cases = [64, 3].map((width) =>
  referenceCase({
    example: 'liger',
    variant: `a window of ${width}`,
    fixed: { D: 6, E: 5 },
    sizes: (N) => ({ B: 1, H: 4, G: 2, N }),
    params: { width, base: 10000 },
    inputs: ({ normal, sizes: { B, H, G, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, G, N, D),
      v: normal(B, G, N, E),
      S0: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, S0 }, sizes, params) =>
      eachHead(sizes, (b, h) => {
        const g = Math.floor(h / (sizes.H / sizes.G));
        const [queries, keys, values] = [matrix(q, b, h), matrix(k, b, g), matrix(v, b, g)];
        const logA = keys.map((row) => row.map((x) => logSigmoid(x) / 16));
        const near = nearby(queries, keys, values, params.width, params.base);
        const far = gla(queries.map(softmax), keys.map(softmax), values, logA, matrix(S0, b, h), 1);
        return { y: near.map((row, t) => scaled(plus(row, far.y[t]!), 0.5)), S: far.S };
      }),
  }),
);
