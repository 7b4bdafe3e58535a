/** Linear attention as in Katharopoulos et al., 2020, by its states: sums of outer products and of features of keys. */
import { dot, eachHead, list, matrix, plus, scaled, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { eluPlusOne } from './la_elu.ts';

export const cases = [
  referenceCase({
    example: 'linear_attention',
    fixed: { D: 4, E: 5 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const [keys, values] = [matrix(k, b, h), matrix(v, b, h)];
        let S = list(sizes.D, Number).map(() => list(sizes.E, () => 0));
        let z = list(sizes.D, () => 0);
        return {
          y: matrix(q, b, h).map((query, t) => {
            const [fq, fk] = [query.map(eluPlusOne), keys[t]!.map(eluPlusOne)];
            S = S.map((row, d) => plus(row, values[t]!, fk[d]!));
            z = plus(z, fk);
            return scaled(weighted(fq, S), 1 / dot(fq, z));
          }),
        };
      }),
  }),
];
