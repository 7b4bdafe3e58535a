/** Learned queries without a batch axis over the keys of each sequence: plain, with a residual, and compared with a codebook. */
import { dot, eachHead, element, list, matrix, plus, scaled, table, tensor, weighted } from '../arrays.ts';
import type { Matrix, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

const attention = (q: Matrix, k: Matrix, v: Matrix, scale: number, length = k.length): Matrix =>
  q.map((qi) => {
    const scores = k.map((kj) => dot(qi, kj) * scale);
    return weighted(masked(scores, (j) => j < length).p, v);
  });

const unit = (x: Vector): Vector => scaled(x, 1 / Math.max(Math.sqrt(dot(x, x)), 1e-12));

/** Columns of F^T R made unit vectors, then the whole. */
function compared(F: Matrix, codes: Matrix): Matrix {
  const S = table(codes[0]!.length, F[0]!.length, (r, e) =>
    F.reduce((a, row, i) => a + row[e]! * codes[i]![r]!, 0),
  );
  const columns = S.map(unit);
  const all = unit(columns.flat());
  return table(F[0]!.length, S.length, (e, r) => all[r * F[0]!.length + e]!);
}

const lengths = [1, 7, 33];

export const cases = [
  referenceCase({
    example: 'pool_queries',
    fixed: { D: 6, E: 5 },
    lengths,
    sizes: (M) => ({ B: 3, H: 2, N: 4, M }),
    inputs: ({ normal, values, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
      length: values([B], (_, b) => [M, Math.ceil(M / 2), 0][b]!),
    }),
    reference: ({ q, k, v, length }, sizes) => ({
      ...eachHead(sizes, (b, h) => ({
        y: attention(matrix(q, h), matrix(k, b, h), matrix(v, b, h), sizes.D ** -0.5, element(length, b)),
      })),
      kept: tensor(list(sizes.B, (b) => Number(element(length, b) > 0))),
    }),
  }),
  referenceCase({
    example: 'pma',
    fixed: { D: 6 },
    lengths,
    sizes: (M) => ({ B: 2, H: 3, N: 4, M }),
    inputs: ({ normal, sizes: { B, H, N, M, D } }) => ({
      q: normal(H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, D),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const scale = 1 / Math.sqrt(sizes.H * sizes.D);
        const o = attention(matrix(q, h), matrix(k, b, h), matrix(v, b, h), scale);
        return { y: o.map((row, i) => plus(row, matrix(q, h)[i]!)) };
      }),
  }),
  referenceCase({
    example: 'qaa',
    fixed: { D: 6, E: 5, R: 3 },
    lengths,
    sizes: (M) => ({ B: 2, N: 4, M }),
    inputs: ({ normal, sizes: { B, N, M, D, E, R } }) => ({
      q: normal(N, D),
      k: normal(B, M, D),
      v: normal(B, M, E),
      codes: normal(N, R),
    }),
    reference: ({ q, k, v, codes }, { B, D }) => ({
      y: tensor(
        list(B, Number).map((b) =>
          compared(attention(matrix(q), matrix(k, b), matrix(v, b), D ** -0.5), matrix(codes)),
        ),
      ),
    }),
  }),
];
