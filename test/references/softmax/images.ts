/** Attention on images whose queries and keys are the same pixels: windows, neighbourhoods, rows and columns. */
import { dot, scaled } from '../arrays.ts';
import { imageCase, type ImagePair } from '../image.ts';

const block = (x: number, size: number): number => Math.floor(x / size);
const unit = (x: readonly number[]): number[] => scaled(x, 1 / Math.max(Math.hypot(...x), 1e-12));

/** The image rolled by the shift, and the regions that rolling has put next to each other. */
function sameWindow(i: number, j: number, n: number, size: number, shift: number): boolean {
  const rolled = (x: number): number => (x - shift + n) % n;
  const region = (x: number): number => (shift === 0 || x < n - size ? 0 : x < n - shift ? 1 : 2);
  const [a, b] = [rolled(i), rolled(j)];
  return block(a, size) === block(b, size) && region(a) === region(b);
}

/** Positions that a position sees on an axis of n, by residue: one window of the residue's own sequence. */
export function windowOf(
  i: number,
  n: number,
  size: number,
  step: number,
  stride: number,
): ReadonlySet<number> {
  const own = Array.from({ length: n }, (_, j) => j).filter((j) => j % step === i % step);
  const place = own.indexOf(i);
  const leader = Math.min(block(place, stride) * stride + block(stride, 2), own.length - 1);
  let first = leader - block(size, 2);
  if (first < 0) first = 0;
  if (first + size > own.length) first = Math.max(own.length - size, 0);
  return new Set(own.slice(first, first + size));
}

const sizes = (length: number) => ({ B: 2, H: 3, Y: 6 + length, X: 9 + length });

export const cases = [
  imageCase({
    example: 'swin_bias',
    consts: { size: 3 },
    more: ({ normal, sizes: { H } }) => ({ table: normal(H!, 5, 5), log_t: normal(H!) }),
    keep: ({ iy, ix, jy, jx }) => block(iy, 3) === block(jy, 3) && block(ix, 3) === block(jx, 3),
    score: ({ h, iy, ix, jy, jx, q, k, at }: ImagePair) => {
      const bias = 16 / (1 + Math.exp(-at('table', h, iy - jy + 2, ix - jx + 2)));
      return dot(unit(q), unit(k)) * Math.exp(Math.min(at('log_t', h), Math.log(100))) + bias;
    },
  }),
  ...[0, 1, 2].map((shift) =>
    imageCase({
      example: 'swin',
      variant: `by ${shift}`,
      consts: { size: 3 },
      params: { shift },
      lengths: [0, 3],
      sizes,
      more: ({ normal, sizes: { H } }) => ({ table: normal(H!, 5, 5) }),
      keep: ({ iy, ix, jy, jx, n }) =>
        sameWindow(iy, jy, n['Y']!, 3, shift) && sameWindow(ix, jx, n['X']!, 3, shift),
      score: ({ dot, h, iy, ix, jy, jx, at }) => dot + at('table', h, iy - jy + 2, ix - jx + 2),
    }),
  ),
  imageCase({
    example: 'relative_2d',
    more: ({ normal, sizes: { H, Y, X } }) => ({ table: normal(H!, 2 * Y! - 1, 2 * X! - 1) }),
    score: ({ dot, h, iy, ix, jy, jx, n, at }) =>
      dot + at('table', h, iy - jy + n['Y']! - 1, ix - jx + n['X']! - 1),
  }),
  imageCase({
    example: 'halo',
    params: { size: 3, margin: 1 },
    keep: ({ iy, ix, jy, jx }) =>
      [
        [iy, jy],
        [ix, jx],
      ].every(([i, j]) => j! >= block(i!, 3) * 3 - 1 && j! <= block(i!, 3) * 3 + 3),
  }),
  imageCase({
    example: 'neighborhood_2d',
    params: { reach: 2 },
    keep: ({ iy, ix, jy, jx }) => Math.abs(iy - jy) <= 2 && Math.abs(ix - jx) <= 2,
  }),
  imageCase({
    example: 'neighborhood_shifted',
    params: { size: 4 },
    keep: ({ iy, ix, jy, jx, n }) =>
      windowOf(iy, n['Y']!, 4, 1, 1).has(jy) && windowOf(ix, n['X']!, 4, 1, 1).has(jx),
  }),
  imageCase({
    example: 'neighborhood_dilated',
    params: { size: 3, step: 2 },
    keep: ({ iy, ix, jy, jx, n }) =>
      windowOf(iy, n['Y']!, 3, 2, 1).has(jy) && windowOf(ix, n['X']!, 3, 2, 1).has(jx),
  }),
  ...[
    { size: 3, step: 2 },
    { size: 4, step: 1 },
  ].map(({ size, step }) =>
    imageCase({
      example: 'natten',
      variant: `${size} positions, ${step} apart`,
      consts: { size },
      params: { step },
      lengths: [0, 2],
      sizes,
      more: ({ normal, sizes: { H } }) => ({ table: normal(H!, 2 * size - 1, 2 * size - 1) }),
      keep: ({ iy, ix, jy, jx, n }) =>
        windowOf(iy, n['Y']!, size, step, 1).has(jy) && windowOf(ix, n['X']!, size, step, 1).has(jx),
      score: ({ dot, h, iy, ix, jy, jx, at }) =>
        dot + at('table', h, (jy - iy) / step + size - 1, (jx - ix) / step + size - 1),
    }),
  ),
  imageCase({
    example: 'criss_cross',
    keep: ({ iy, ix, jy, jx }) => iy === jy || ix === jx,
    score: ({ q, k }) => dot(q, k),
  }),
];
