/** Norms over the heads of a token, heads that all queries share, packed sequences, and the map itself. */
import {
  dot,
  eachHead,
  list,
  matrix,
  scaled,
  shaped,
  tensor,
  vector,
  type Tensor,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, causal, HALF, masked } from '../select.ts';

/** All heads of one token behind each other, with a mean square of 1, times weights. */
function normalized(x: Tensor, w: Tensor, b: number, i: number): Vector[] {
  const heads = list(x.shape[1]!, (h) => h).map((h) => vector(x, b, h, i));
  const all = heads.flat();
  const scale = 1 / Math.sqrt(dot(all, all) / all.length + 0.01);
  return heads.map((row, h) => scaled(row, scale).map((a, d) => a * vector(w, h)[d]!));
}

const CU_Q = [0, 3, 3, 9, 11];
const CU_K = [0, 5, 6, 10, 10];

export const cases = [
  referenceCase({
    example: 'qk_norm',
    kernel: 'qk_norm_model',
    fixed: { D: 4, E: 5 },
    params: { eps: 0.01 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N, M: N + 4 }),
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
      wq: normal(H, D),
      wk: normal(H, D),
    }),
    reference: ({ q, k, v, wq, wk }, sizes) =>
      eachHead(sizes, (b, h) => ({
        y: list(sizes.N, (i) => i).map((i) =>
          attend(
            normalized(q, wq, b, i)[h]!,
            list(sizes.M, (j) => j).map((j) => normalized(k, wk, b, j)[h]!),
            matrix(v, b, h),
            () => true,
          ),
        ),
      })),
  }),
  referenceCase({
    example: 'mqa',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N, M: N + 4 }),
    tolerance: HALF,
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, M, D),
      v: normal(B, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({ y: causal(matrix(q, b, h), matrix(k, b), matrix(v, b)) })),
  }),
  referenceCase({
    example: 'attention_map',
    fixed: { D: 4 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N, M: N + 4 }),
    inputs: ({ normal, sizes: { B, H, N, M, D } }) => ({ q: normal(B, H, N, D), k: normal(B, H, M, D) }),
    reference: ({ q, k }, sizes) =>
      eachHead(sizes, (b, h) => ({
        p: matrix(q, b, h).map(
          (row, i) =>
            masked(
              matrix(k, b, h).map((key) => dot(row, key) / 2),
              (j) => j <= i,
            ).p,
        ),
      })),
  }),
  // Each sequence by itself: one has no queries, one no keys, and one more queries than keys.
  referenceCase({
    example: 'varlen',
    fixed: { D: 4, E: 5 },
    lengths: [11],
    sizes: () => ({ H: 6, G: 3, N: 11, M: 10, S: 4 }),
    tolerance: HALF,
    inputs: ({ normal, values, sizes: { H, G, N, M, S, D, E } }) => ({
      q: normal(N, H, D),
      k: normal(M, G, D),
      v: normal(M, G, E),
      sequence: values([N], (_, i) => CU_Q.findIndex((start, n) => start <= i && i < CU_Q[n + 1]!)),
      cu_q: values([S + 1], (_, n) => CU_Q[n]!),
      cu_k: values([S + 1], (_, n) => CU_K[n]!),
    }),
    reference: ({ q, k, v }, { H, N, E }) => {
      const rows = list(N * H, (flat) => flat).map((flat) => {
        const [i, h] = [Math.floor(flat / H), flat % H];
        const n = CU_Q.findIndex((start, at) => start <= i && i < CU_Q[at + 1]!);
        const own = list(CU_K[n + 1]! - CU_K[n]!, (j) => CU_K[n]! + j);
        const [keys, values] = [k, v].map((x) => own.map((j) => vector(x!, j, Math.floor(h / 2))));
        const last = own.length - (CU_Q[n + 1]! - i);
        return own.length === 0
          ? list(E, () => 0)
          : attend(vector(q, i, h), keys!, values!, (j) => j <= last);
      });
      return { y: shaped(tensor(rows), N, H, E) };
    },
  }),
  referenceCase({
    example: 'rope_axes',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 24],
    sizes: (N) => ({ B: 2, H: 3, N, A: 3 }),
    inputs: ({ normal, values, sizes: { B, H, N, A, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      position: values([B, N, A], ({ int }) => int(0, 20)),
      axis: values([3], (_, m) => [2, 0, 1][m]!),
      frequency: values([3], (_, m) => 0.5 ** m),
    }),
    reference: ({ q, k, v, position, axis, frequency }, sizes) =>
      eachHead(sizes, (b, h) => {
        const turned = (x: Vector, i: number): Vector =>
          [0, 1, 2].flatMap((m) => {
            const angle = vector(position, b, i)[vector(axis)[m]!]! * vector(frequency)[m]!;
            const [re, im] = [x[2 * m]!, x[2 * m + 1]!];
            return [re * Math.cos(angle) - im * Math.sin(angle), re * Math.sin(angle) + im * Math.cos(angle)];
          });
        const keys = matrix(k, b, h).map(turned);
        return {
          y: matrix(q, b, h).map((row, i) => attend(turned(row, i), keys, matrix(v, b, h), () => true)),
        };
      }),
  }),
];
