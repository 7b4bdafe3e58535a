/** Entmax by what its weights must sum to, and sparsemax by the sorted scores (Martins and Astudillo, 2016, algorithm 1). */
import { dot, eachHead, matrix, scaled, sum, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

/** The threshold lies where weights sum to 1; halving an interval 200 times leaves nothing of it in float64. */
function entmax(scores: Vector, alpha: number): Vector {
  const z = scaled(scores, alpha - 1);
  const weights = (tau: number): Vector => z.map((x) => Math.max(x - tau, 0) ** (1 / (alpha - 1)));
  let [low, high] = [Math.max(...z) - 1, Math.max(...z)];
  for (let n = 0; n < 200; n++) {
    const middle = (low + high) / 2;
    if (sum(weights(middle)) >= 1) low = middle;
    else high = middle;
  }
  return weights(low);
}

function sparsemax(scores: Vector): Vector {
  const sorted = [...scores].sort((a, b) => b - a);
  let [total, tau] = [0, 0];
  for (const [n, z] of sorted.entries()) {
    total += z;
    if (1 + (n + 1) * z > total) tau = (total - 1) / (n + 1);
  }
  return scores.map((z) => Math.max(z - tau, 0));
}

const rows = (q: Matrix, k: Matrix, v: Matrix, weights: (s: Vector) => Vector): Matrix =>
  q.map((row, i) => {
    const seen = k.slice(0, i + 1 + k.length - q.length);
    const p = weights(seen.map((key) => dot(row, key) / Math.sqrt(row.length)));
    return weighted(p, v.slice(0, seen.length));
  });

const cased = (variant: string, alpha: number, weights: (s: Vector) => Vector, scale = 1) =>
  referenceCase({
    example: 'entmax',
    variant,
    consts: { alpha },
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    sizes: (length) => ({ B: 2, H: 3, N: length, M: length + 4 }),
    inputs: ({ sizes: { B, H, N, M, D, E }, values, normal }) => ({
      q: values([B, H, N, D], (random) => scale * random.normal()),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({ y: rows(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), weights) })),
  });

export const cases = [
  cased('alpha 1.5', 1.5, (s) => entmax(s, 1.5)),
  cased('sparsemax', 2, sparsemax),
  // Equal scores keep everything, and one score far above all others keeps one.
  cased('equal scores', 2, sparsemax, 0),
  cased('large scores', 1.5, (s) => entmax(s, 1.5), 30),
];
