/** Pooling whose scores are a product of two projections, of the mean and of each token, made unit vectors over the heads. */
import { dot, element, list, matrix, softmax, tensor, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { mean } from '../select.ts';

function pooled(x: Matrix, v: readonly Matrix[], P: Matrix, Q: Matrix): Matrix {
  if (x.length === 0) return v.map((rows) => rows[0]!.map(() => 0));
  const query = mean(x);
  const raw = P.map((p, r) => x.map((token) => Math.tanh(dot(p, query) * dot(Q[r]!, token))));
  const lengths = x.map((_, i) => Math.max(Math.sqrt(raw.reduce((a, row) => a + row[i]! ** 2, 0)), 1e-12));
  return raw.map((row, r) => weighted(softmax(row.map((a, i) => a / lengths[i]!)), v[r]!));
}

export const cases = [
  referenceCase({
    example: 'lama',
    fixed: { C: 6, E: 5, R: 3 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 3, N }),
    inputs: ({ normal, values, sizes: { B, N, C, E, R } }) => ({
      x: normal(B, N, C),
      v: normal(B, R, N, E),
      P: normal(R, C),
      Q: normal(R, C),
      // All tokens, some, and none.
      length: values([B], (_, b) => [N, Math.ceil(N / 2), 0][b]!),
    }),
    reference: ({ x, v, P, Q, length }, { B, R }) => ({
      y: tensor(
        list(B, Number).map((b) =>
          pooled(
            matrix(x, b).slice(0, element(length, b)),
            list(R, Number).map((r) => matrix(v, b, r)),
            matrix(P),
            matrix(Q),
          ),
        ),
      ),
      kept: tensor(list(B, (b) => Number(element(length, b) > 0))),
    }),
  }),
];
