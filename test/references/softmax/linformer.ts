/** Keys and values mixed along the sequence by learned weights, then attention over what came out. */
import { dot, eachHead, matrix, scaled, softmax, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';

export const cases = [
  referenceCase({
    example: 'linformer',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N, M: N + 2, R: 4 }),
    inputs: ({ normal, sizes: { B, H, N, M, R, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
      mix_k: normal(H, R, M),
      mix_v: normal(H, R, M),
    }),
    reference: ({ q, k, v, mix_k, mix_v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const kr = matrix(mix_k, h).map((weights) => weighted(weights, matrix(k, b, h)));
        const vr = matrix(mix_v, h).map((weights) => weighted(weights, matrix(v, b, h)));
        return {
          y: matrix(q, b, h).map((qi) => {
            const scores = kr.map((row) => dot(qi, row));
            return weighted(softmax(scaled(scores, sizes.D ** -0.5)), vr);
          }),
        };
      }),
  }),
];
