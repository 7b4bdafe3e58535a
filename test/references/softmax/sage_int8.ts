/** Tensors of 8 bits: products of whole numbers, scales for 128 queries and for 64 keys, and for each channel of values. */
import { dot, eachHead, matrix, vector, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

const quantized = (variant: string, scale: number) =>
  referenceCase({
    example: 'sage_int8',
    variant,
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 64, 131],
    sizes: (N) => (N === 1 ? { B: 1, H: 1, G: 1, N, M: 1 } : { B: 2, H: 4, G: 2, N, M: N + 4 }),
    inputs: ({ normal, values, sizes: { B, H, G, N, M, D, E } }) => ({
      // Both ends of the range are there.
      q: values([B, H, N, D], ({ int }, flat) => (flat % 11 === 0 ? -128 : int(-127, 127))),
      k: values([B, G, M, D], ({ int }, flat) => (flat % 13 === 0 ? 127 : int(-128, 127))),
      v: normal(B, G, M, E),
      q_scale: values([B, H, Math.ceil(N / 128)], ({ next }) => scale * (0.2 + next())),
      k_scale: values([B, G, Math.ceil(M / 64)], ({ next }) => 0.01 * (0.2 + next())),
      v_scale: values([B, G, E], ({ next }) => 0.2 + next()),
    }),
    reference: ({ q, k, v, q_scale, k_scale, v_scale }, sizes) =>
      eachHead(sizes, (b, h) => {
        const g = Math.floor((h * sizes.G) / sizes.H);
        const [own, other, channels] = [vector(q_scale, b, h), vector(k_scale, b, g), vector(v_scale, b, g)];
        return {
          y: matrix(q, b, h).map((query, i) => {
            const scores = matrix(k, b, g).map(
              (key, j) => dot(query, key) * own[Math.floor(i / 128)]! * other[Math.floor(j / 64)]!,
            );
            return weighted(masked(scores, () => true).p, matrix(v, b, g)).map((o, e) => o * channels[e]!);
          }),
        };
      }),
  });

export const cases = [quantized('usual scores', 0.01), quantized('scores of some hundreds', 1)];
