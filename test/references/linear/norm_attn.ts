/** Linear attention in its quadratic form, then one root mean square for all heads of a token. */
import { eachHead, matrix, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { eluPlusOne } from './la_elu.ts';
import { laRaw } from './la_raw.ts';

/** [B, H, N, E] to [B, N, H, E], each token divided by the root of its mean square over heads and values. */
export function normalizedTokens(o: Tensor, eps: number): Tensor {
  const [B, H, N, E] = o.shape as [number, number, number, number];
  const data = new Float64Array(o.data.length);
  for (let b = 0; b < B; b++)
    for (let t = 0; t < N; t++) {
      const at = (h: number, e: number): number => o.data[((b * H + h) * N + t) * E + e]!;
      let squares = 0;
      for (let h = 0; h < H; h++) for (let e = 0; e < E; e++) squares += at(h, e) ** 2;
      const root = Math.sqrt(squares / (H * E) + eps);
      for (let h = 0; h < H; h++)
        for (let e = 0; e < E; e++) data[((b * N + t) * H + h) * E + e] = at(h, e) / root;
    }
  return { shape: [B, N, H, E], data };
}

export const cases = [
  referenceCase({
    example: 'norm_attn',
    fixed: { D: 6, E: 5 },
    params: { eps: 10 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      S0: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, S0 }, sizes, { eps }) => {
      const { y, S } = eachHead(sizes, (b, h) => {
        const [fq, fk] = [q, k].map((x) => matrix(x, b, h).map((row) => row.map(eluPlusOne)));
        return laRaw(fq!, fk!, matrix(v, b, h), matrix(S0, b, h));
      });
      return { y: normalizedTokens(y, eps), S };
    },
  }),
];
