/** Random features of the exponential kernel, in the quadratic form over all keys. */
import { dot, eachHead, matrix, scaled, sum, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

/** e^(W x' - |x'|^2 / 2 - top) + eps for x' = x / D^(1/4); `top` is found by the caller. */
const features = (x: Vector, directions: Matrix, top: number, eps: number): Vector => {
  const y = scaled(x, x.length ** -0.25);
  return directions.map(
    (w) => (Math.exp(dot(w, y) - dot(y, y) / 2 - top) + eps) / Math.sqrt(directions.length),
  );
};
const projections = (x: Vector, directions: Matrix): Vector =>
  directions.map((w) => dot(w, x) * x.length ** -0.25);

export function favor(q: Matrix, k: Matrix, v: Matrix, directions: Matrix, eps: number): Matrix {
  const top = Math.max(...k.flatMap((kj) => projections(kj, directions)));
  const fk = k.map((kj) => features(kj, directions, top, eps));
  return q.map((qi) => {
    const fq = features(qi, directions, Math.max(...projections(qi, directions)), eps);
    const weights = fk.map((f) => dot(fq, f));
    return weighted(scaled(weights, 1 / sum(weights)), v);
  });
}

export const cases = [
  referenceCase({
    example: 'la_favor',
    fixed: { D: 6, E: 5, R: 7 },
    sizes: (length) => ({ B: 1, H: 2, N: Math.ceil(length / 3), M: length }),
    params: { eps: 1e-2 },
    inputs: ({ normal, sizes: { B, H, N, M, D, E, R } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
      w: normal(R, D),
    }),
    reference: ({ q, k, v, w }, { B, H }, { eps }) =>
      eachHead({ B, H }, (b, h) => ({
        y: favor(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), matrix(w), eps),
      })),
  }),
];
