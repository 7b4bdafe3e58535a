/** Keys by a predicted connectivity of low rank. */
import type { Random } from '../../../src/runtime/random.ts';
import { column, dot, eachHead, list, matrix, softmax, sum, vector, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, exact, few, HALF, topK } from '../select.ts';

interface Params {
  readonly top: number;
  readonly elements: number;
  readonly least: number;
}
interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly wq: Matrix;
  readonly wk: Matrix;
  readonly down: Matrix;
  readonly basis: Matrix;
}

const times = (x: Matrix, w: Matrix): Matrix => x.map((row) => w[0]!.map((_, c) => dot(row, column(w, c))));

function connectivity(
  { q, k, wq, wk, down, basis }: Head,
  sigma: number,
  { elements, least }: Params,
): Matrix {
  const queries = times(q, wq);
  const keys = times(k, wk);
  const small = down[0]!.map((_, r) => keys[0]!.map((__, c) => dot(column(down, r), column(keys, c))));
  return queries.map((query) => {
    const weights = softmax(small.map((row) => sigma * dot(query, row)));
    const used = topK(weights, elements);
    return basis.map((row) =>
      sum(row.map((x, r) => (used.has(r) && Math.abs(x) > least ? weights[r]! * Math.abs(x) : 0))),
    );
  });
}

const cased = (
  variant: string,
  params: Params,
  project: (r: Random) => number,
  basis: (r: Random) => number,
  alive: (j: number) => boolean,
) =>
  referenceCase({
    example: 'sparsifiner',
    variant,
    fixed: { D: 8, E: 4, C: 3, R: 5 },
    lengths: [1, 13, 37],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, E, C, R }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, H, N, D], exact),
      v: values([B, H, N, E], exact),
      wq: values([H, D, C], project),
      wk: values([H, D, C], project),
      down: values([N, R], exact),
      basis: values([N, R], basis),
      alive: values([B, N], (_, n) => (alive(n % N) ? 1 : 0)),
    }),
    reference: (x, sizes) =>
      eachHead(sizes, (b, h) => {
        const q = matrix(x.q, b, h);
        const k = matrix(x.k, b, h);
        const head = {
          q,
          k,
          wq: matrix(x.wq, h),
          wk: matrix(x.wk, h),
          down: matrix(x.down),
          basis: matrix(x.basis),
        };
        const lives = vector(x.alive, b);
        const scores = connectivity(head, sizes.H ** -0.5, params);
        const keep = scores.map((row, i) => {
          const taken = topK(row, params.top);
          return (j: number) => lives[i] === 1 && lives[j] === 1 && (i === 0 || taken.has(j));
        });
        return {
          y: q.map((row, i) => attend(row, k, matrix(x.v, b, h), keep[i]!)),
          kept: keep.map((f) => (list(sizes.N, (j) => j).some(f) ? 1 : 0)),
        };
      }),
  });

/** Weights of the basis stay far from 0 and 1, so that no two connectivities differ by rounding alone. */
const small = (r: Random): number => exact(r) / 16;

export const cases = [
  cased('some keys', { top: 4, elements: 3, least: 0.125 }, small, exact, () => true),
  // Equal weights of the basis: a connectivity says how many elements of it are not 0.
  cased(
    'ties',
    { top: 5, elements: 5, least: 0 },
    () => 0,
    few,
    () => true,
  ),
  cased('dropped tokens', { top: 6, elements: 5, least: 0 }, small, exact, (j) => j % 3 !== 1),
  cased('all keys', { top: 1000, elements: 1, least: 0 }, small, exact, () => true),
];
