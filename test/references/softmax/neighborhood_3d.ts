/** Videos: the frames just before a position's own, and in each a window that is moved at the borders so that it stays full. */
import { dot, eachHead, list, matrix, shaped, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';
import { windowOf } from './images.ts';

const video = (params: Readonly<Record<'frames' | 'size', number>>) =>
  referenceCase({
    example: 'neighborhood_3d',
    variant: `${params.frames} frames, ${params.size} wide`,
    params,
    fixed: { D: 4, E: 5 },
    lengths: [1, 3, 4],
    sizes: (n) => (n === 1 ? { B: 1, H: 1, T: 1, Y: 1, X: 1 } : { B: 2, H: 3, T: n, Y: n + 1, X: n + 3 }),
    inputs: ({ normal, sizes: { B, H, T, Y, X, D, E } }) => ({
      q: normal(B, H, T, Y, X, D),
      k: normal(B, H, T, Y, X, D),
      v: normal(B, H, T, Y, X, E),
    }),
    reference: ({ q, k, v }, { B, H, T, Y, X, D, E }, { frames, size }) => {
      const all = T * Y * X;
      const [queries, keys, values] = [
        shaped(q, B, H, all, D),
        shaped(k, B, H, all, D),
        shaped(v, B, H, all, E),
      ];
      const places = list(all, Number).map((n) => ({
        t: Math.floor(n / X / Y),
        y: Math.floor(n / X) % Y,
        x: n % X,
      }));
      const [rows, columns] = [
        list(Y, Number).map((y) => windowOf(y, Y, size, 1, 1)),
        list(X, Number).map((x) => windowOf(x, X, size, 1, 1)),
      ];
      const { y } = eachHead({ B, H }, (b, h) => ({
        y: matrix(queries, b, h).map((query, i) => {
          const scores = matrix(keys, b, h).map((key) => dot(query, key) / Math.sqrt(D));
          const own = places[i]!;
          const seen = (j: number): boolean => {
            const { t, y, x } = places[j]!;
            return t <= own.t && t > own.t - frames && rows[own.y]!.has(y) && columns[own.x]!.has(x);
          };
          return weighted(masked(scores, seen).p, matrix(values, b, h));
        }),
      }));
      return { y: shaped(y, B, H, T, Y, X, E) };
    },
  });

// Even and odd windows, the position alone, and windows wider than the video.
export const cases = [
  video({ frames: 2, size: 3 }),
  video({ frames: 3, size: 4 }),
  video({ frames: 1, size: 1 }),
  video({ frames: 9, size: 9 }),
];
