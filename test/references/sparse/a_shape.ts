/** The first and the nearest keys, and all of the past for the last queries. */
import { eachHead, matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, exact, HALF } from '../select.ts';

interface Params {
  readonly first: number;
  readonly near: number;
}

const cased = (example: string, variant: string, params: Params, last = 0) =>
  referenceCase({
    example,
    variant,
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N, M: N + 7 }),
    params: { ...params, ...(last > 0 ? { last } : {}) } as Readonly<Record<string, number>>,
    inputs: ({ sizes: { B, H, N, M, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, H, M, D], exact),
      v: values([B, H, M, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const { first, near } = params;
        const { N, M } = sizes;
        const [keys, values] = [matrix(k, b, h), matrix(v, b, h)];
        const y = matrix(q, b, h).map((row, i) => {
          const t = i + M - N;
          return attend(row, keys, values, (j) => j <= t && (j < first || t - j < near || i >= N - last));
        });
        return { y };
      }),
  });

export const cases = [
  cased('a_shape', 'few of both', { first: 3, near: 5 }),
  cased('a_shape', 'own key only', { first: 0, near: 1 }),
  cased('tri_shape', 'last queries', { first: 2, near: 4 }, 6),
  cased('tri_shape', 'all queries', { first: 0, near: 1 }, 1000),
];
