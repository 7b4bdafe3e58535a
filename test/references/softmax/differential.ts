/** Two maps, the second subtracted from the first with a factor for each head (Ye et al., 2024). */
import { eachHead, element, matrix, plus, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { maps } from '../select.ts';

export const cases = [
  referenceCase({
    example: 'differential',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => (N === 1 ? { B: 1, H: 1, N, M: 1 } : { B: 2, H: 3, N, M: N + 4 }),
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q1: normal(B, H, N, D),
      q2: normal(B, H, N, D),
      k1: normal(B, H, M, D),
      k2: normal(B, H, M, D),
      v: normal(B, H, M, E),
      lambda: normal(H),
    }),
    reference: ({ q1, q2, k1, k2, v, lambda }, sizes) =>
      eachHead(sizes, (b, h) => {
        const past = (i: number, j: number): boolean => j <= i;
        const second = maps(matrix(q2, b, h), matrix(k2, b, h), past);
        return {
          y: maps(matrix(q1, b, h), matrix(k1, b, h), past).map(({ p }, i) =>
            weighted(plus(p, second[i]!.p, -element(lambda, h)), matrix(v, b, h)),
          ),
        };
      }),
  }),
];
