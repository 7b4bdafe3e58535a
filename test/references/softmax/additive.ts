/** Additive attention (Bahdanau et al., 2015): the score is a small network of query and key, over keys before a length. */
import { dot, list, matrix, tensor, vector, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

export const cases = [
  referenceCase({
    example: 'additive',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => (N === 1 ? { B: 1, N, M: 1 } : { B: 3, N, M: N + 4 }),
    inputs: ({ normal, values, sizes: { B, N, M, D, E } }) => ({
      q: normal(B, N, D),
      k: normal(B, M, D),
      v: normal(B, M, E),
      w: normal(D),
      // All keys first, then none, then some: a batch without keys gives 0.
      length: values([B], ({ int }, b) => [M, 0, int(1, M)][b]!),
    }),
    reference: ({ q, k, v, w, length }, { B }) => ({
      y: tensor(
        list(B, Number).map((b) =>
          matrix(q, b).map((query) => {
            const scores = matrix(k, b).map((key) =>
              dot(
                vector(w),
                query.map((x, d) => Math.tanh(x + key[d]!)),
              ),
            );
            return weighted(masked(scores, (j) => j < length.data[b]!).p, matrix(v, b));
          }),
        ),
      ),
    }),
  }),
];
