/** Attention of rectified vectors over vertices, over time and from future to past, and the gate that joins two results. */
import {
  dot,
  list,
  matrix,
  scaled,
  sigmoid,
  softmax,
  table,
  tensor,
  vector,
  weighted,
  type Matrix,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';

const rectified = (x: Matrix): Matrix => x.map((row) => row.map((a) => Math.max(a, 0)));

/** Each query over the keys that come first, `seen` of them. */
function attention(q: Matrix, k: Matrix, v: Matrix, seen: (i: number) => number): Matrix {
  const keys = rectified(k);
  return rectified(q).map((qi, i) => {
    const scores = keys.slice(0, seen(i)).map((kj) => dot(qi, kj));
    return weighted(softmax(scaled(scores, qi.length ** -0.5)), rectified(v));
  });
}

const common = { example: 'gman', lengths: [1, 7, 19] };
const fixed = { D: 6, E: 5 };

export const cases = [
  referenceCase({
    ...common,
    kernel: 'gman_spatial',
    fixed,
    sizes: (N) => ({ B: 2, H: 3, T: 4, N }),
    inputs: ({ normal, sizes: { B, H, T, N, D, E } }) => ({
      q: normal(B, H, T, N, D),
      k: normal(B, H, T, N, D),
      v: normal(B, H, T, N, E),
    }),
    reference: ({ q, k, v }, { B, H, T, N }) => ({
      y: tensor(
        list(B, Number).map((b) =>
          list(H, Number).map((h) =>
            list(T, Number).map((t) =>
              attention(matrix(q, b, h, t), matrix(k, b, h, t), matrix(v, b, h, t), () => N),
            ),
          ),
        ),
      ),
    }),
  }),
  ...(['gman_temporal', 'gman_transform'] as const).map((kernel) =>
    referenceCase({
      ...common,
      kernel,
      fixed,
      sizes: (N): Record<'B' | 'H' | 'V' | 'N' | 'M', number> => ({
        B: 2,
        H: 3,
        V: 4,
        N,
        M: kernel === 'gman_temporal' ? N : N + 2,
      }),
      inputs: ({ normal, sizes: { B, H, V, N, M, D, E } }) => ({
        q: normal(B, H, N, V, D),
        k: normal(B, H, M, V, D),
        v: normal(B, H, M, V, E),
      }),
      reference: ({ q, k, v }, { B, H, V, N, M }) => {
        const seen = (i: number) => (kernel === 'gman_temporal' ? i + 1 : M);
        const one = (b: number, h: number) => {
          const vertices = list(V, Number).map((n) => {
            const times = (x: typeof q, length: number) =>
              list(length, Number).map((t) => vector(x, b, h, t, n));
            return attention(times(q, N), times(k, M), times(v, M), seen);
          });
          return list(N, Number).map((i) => vertices.map((rows) => rows[i]!));
        };
        return { y: tensor(list(B, Number).map((b) => list(H, Number).map((h) => one(b, h)))) };
      },
    }),
  ),
  referenceCase({
    ...common,
    kernel: 'gman_fusion',
    fixed: { C: 6 },
    sizes: (N) => ({ B: 2, N }),
    inputs: ({ normal, sizes: { B, N, C } }) => ({
      spatial: normal(B, N, C),
      temporal: normal(B, N, C),
      U: normal(C, C),
      W: normal(C, C),
      bias: normal(C),
    }),
    reference: ({ spatial, temporal, U, W, bias }, { B, N, C }) => {
      const one = (b: number): Matrix => {
        const [s, t, u, w] = [matrix(spatial, b), matrix(temporal, b), matrix(U), matrix(W)];
        return table(N, C, (i, e) => {
          const logit = weighted(s[i]!, u)[e]! + weighted(t[i]!, w)[e]! + vector(bias)[e]!;
          const z = sigmoid(logit);
          return z * s[i]![e]! + (1 - z) * t[i]![e]!;
        });
      };
      return { y: tensor(list(B, Number).map((b) => one(b))) };
    },
  }),
];
