/** The attention of CARE: means over all pixels, values from the input's channels, which heads share out in order. */
import { eachHead, matrix, shaped } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { linfusion } from './linfusion.ts';

/** Images whose pixels are about as many as the length. */
const image = (length: number): { readonly Y: number; readonly X: number } => {
  const Y = Math.max(Math.floor(Math.sqrt(length)) - 1, 1);
  return { Y, X: Math.floor(length / Y) };
};

export const cases = [
  referenceCase({
    example: 'care',
    fixed: { H: 2, D: 6, E: 5 },
    sizes: (length) => ({ B: 1, ...image(length) }),
    params: { eps: 0.3 },
    inputs: ({ normal, sizes: { B, H, Y, X, D, E } }) => ({
      q: normal(B, H, Y, X, D),
      k: normal(B, H, Y, X, D),
      x: normal(B, Y, X, H, E),
    }),
    reference: ({ q, k, x }, { B, H, Y, X, D, E }, { eps }) => {
      const flat = shaped(x, B, Y * X, H * E);
      const { y } = eachHead({ B, H }, (b, h) => {
        const [queries, keys] = [q, k].map((z) => matrix(shaped(z, B, H, Y * X, D), b, h));
        const values = matrix(flat, b).map((row) => row.slice(h * E, (h + 1) * E));
        return { y: linfusion(queries!, keys!, values, eps) };
      });
      return { y: shaped(y, B, H, Y, X, E) };
    },
  }),
];
