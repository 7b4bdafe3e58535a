/** Attention along the edges of a graph, as bits of words and as truth values; nodes without neighbours give 0. */
import { eachHead, element, list, matrix, shaped, tensor, weighted, type Tensor } from '../arrays.ts';
import { attentionCase } from '../attention.ts';
import { referenceCase } from '../case.ts';
import { maps } from '../select.ts';

/** Edge (i, j) is bit j % 32 of word j / 32 of row i; what lies behind the last key is set, and must not be read. */
const packed = (edge: Tensor, N: number, M: number): Tensor =>
  tensor(
    list(N, Number).map((i) =>
      list(Math.ceil(M / 32), (word) =>
        list(32, (n) => {
          const j = word * 32 + n;
          return j >= M || element(edge, i, j) === 1 ? 2 ** n : 0;
        }).reduce((a, b) => a + b),
      ),
    ),
  );

export const cases = [
  referenceCase({
    example: 'adjacency',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 32, 61],
    sizes: (N) => (N === 1 ? { H: 1, N, M: 1 } : { H: 3, N, M: N + 4 }),
    inputs: ({ normal, values, sizes: { H, N, M, D, E } }) => ({
      q: normal(H, N, D),
      k: normal(H, M, D),
      v: normal(H, M, E),
      // The last node of several has no neighbours, the first has all.
      edges: packed(
        values([N, M], ({ next }, flat) => {
          const i = Math.floor(flat / M);
          return i === 0 ? 1 : i === N - 1 ? 0 : Number(next() < 0.3);
        }),
        N,
        M,
      ),
    }),
    reference: ({ q, k, v, edges }, { H, N, E }) => {
      const edge = (i: number, j: number): boolean =>
        Math.floor(element(edges, i, Math.floor(j / 32)) / 2 ** (j % 32)) % 2 === 1;
      const { y } = eachHead({ B: 1, H }, (_, h) => ({
        y: maps(matrix(q, h), matrix(k, h), edge).map(({ p }) => weighted(p, matrix(v, h))),
      }));
      return { y: shaped(y, H, N, E) };
    },
  }),
  attentionCase({
    example: 'adjacency_bool',
    more: ({ values, sizes }) => {
      const { B, N, M } = sizes as Readonly<Record<'B' | 'N' | 'M', number>>;
      // The last node of several has no neighbours, the first has all.
      const alone = (i: number): boolean => N > 1 && i === N - 1;
      return {
        edge: values([B, N, M], ({ next }, flat) => {
          const i = Math.floor(flat / M) % N;
          return i === 0 ? 1 : alone(i) ? 0 : Number(next() < 0.3);
        }),
      };
    },
    keep: ({ b, i, j, at }) => at('edge', b, i, j) === 1,
  }),
];
