/** Attention that is not from token to token: between channels, and between a grid and latent tokens. */
import {
  column,
  dot,
  eachHead,
  element,
  list,
  matrix,
  plus,
  scaled,
  softmax,
  table,
  tensor,
  weighted,
} from '../arrays.ts';
import type { Matrix, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

const unit = (x: Vector): Vector => scaled(x, 1 / Math.max(Math.sqrt(dot(x, x)), 1e-12));
const columns = (x: Matrix, count: number): Matrix => list(count, Number).map((c) => column(x, c));
const ask = (q: Vector, k: Matrix, v: Matrix): Vector => weighted(softmax(k.map((kj) => dot(q, kj))), v);

export const cases = [
  referenceCase({
    example: 'xca',
    fixed: { D: 6 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 3, H: 2, N }),
    inputs: ({ normal, values, sizes: { B, H, N, D } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, D),
      tau: normal(H),
      length: values([B], (_, b) => [N, Math.ceil(N / 2), 0][b]!),
    }),
    reference: ({ q, k, v, tau, length }, sizes) => ({
      ...eachHead(sizes, (b, h) => {
        const { D } = sizes;
        const tokens = element(length, b);
        const channels = (x: typeof q) => columns(matrix(x, b, h).slice(0, tokens), D).map(unit);
        const [qc, kc] = [channels(q), channels(k)];
        const a = qc.map((row) => softmax(kc.map((other) => element(tau, h) * dot(row, other))));
        // Padded tokens are not written.
        return {
          y: matrix(v, b, h).map((row, n) => a.map((weights) => (n < tokens ? dot(weights, row) : 0))),
        };
      }),
      kept: tensor(list(sizes.B, (b) => Number(element(length, b) > 0))),
    }),
  }),
  referenceCase({
    example: 'lsm',
    fixed: { D: 6 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, M: 4, N }),
    inputs: ({ normal, sizes: { B, H, M, N, D } }) => ({
      latent: normal(H, M, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, D),
    }),
    reference: ({ latent, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({
        y: matrix(latent, h).map((row) => plus(row, ask(row, matrix(k, b, h), matrix(v, b, h)))),
      })),
  }),
  referenceCase({
    example: 'lsm',
    kernel: 'lsm_decode',
    fixed: { D: 6 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, M: 4, N }),
    inputs: ({ normal, sizes: { B, H, M, N, D } }) => ({
      q: normal(B, H, N, D),
      latent: normal(B, H, M, D),
      x: normal(B, H, N, D),
    }),
    reference: ({ q, latent, x }, sizes) =>
      eachHead(sizes, (b, h) => {
        const keys = matrix(latent, b, h);
        const got = matrix(q, b, h).map((row) => ask(row, keys, keys));
        return { y: table(sizes.N, sizes.D, (i, e) => got[i]![e]! + element(x, b, h, i, e)) };
      }),
  }),
];
