/** Columns of a causal map that get much attention are made smaller, all but the first of them, and the others greater. */
import { dot, eachHead, list, matrix, sum, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

function calibrated(p: Matrix, limit: number, beta: number): Matrix {
  const N = p.length;
  const attention = list(N, (j) => sum(p.map((row) => row[j]!)) / (N - j));
  const hits = list(N, Number).filter((j) => attention[j]! > limit);
  const sinks = new Set(hits.slice(1));
  return p.map((row, i) => {
    if (i === 0) return row.map((_, j) => (j === 0 ? 1 : 0));
    const inSinks = sum(row.filter((_, j) => sinks.has(j)));
    const rest = sum(row.filter((_, j) => !sinks.has(j)));
    const freed = (1 - beta) * inSinks;
    return row.map((w, j) => (sinks.has(j) ? beta * w : w + (freed * w) / rest));
  });
}

const act = (variant: string, limit: number) =>
  referenceCase({
    example: 'act',
    variant,
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    params: { limit, beta: 0.4 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const p = matrix(q, b, h).map((qi, i) => {
          const scores = matrix(k, b, h).map((kj) => dot(qi, kj) / Math.sqrt(sizes.D));
          return masked(scores, (j) => j <= i).p;
        });
        return { y: calibrated(p, limit, 0.4).map((row) => weighted(row, matrix(v, b, h))) };
      }),
  });

export const cases = [act('some sinks', 0.15), act('no sinks', 2)];
