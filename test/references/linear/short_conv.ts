/** A causal convolution by sliding over the tokens with the tail before them. */
import { matrix, tensor, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';

/** Rows are tokens; `w` has a row for each channel, the current token's tap last. */
export function shortConv(x: Matrix, w: Matrix, tail: Matrix): { y: Matrix; tail: Matrix } {
  const all = [...tail, ...x];
  const y = x.map((_, t) => w.map((taps, c) => taps.reduce((a, tap, n) => a + tap * all[t + n]![c]!, 0)));
  return { y, tail: all.slice(x.length) };
}

export const cases = [4, 2].map((taps) =>
  referenceCase({
    example: 'short_conv',
    variant: `${taps} taps`,
    consts: { taps },
    fixed: { C: 6 },
    sizes: (N) => ({ B: 2, N }),
    inputs: ({ normal, sizes: { B, N, C } }) => ({
      x: normal(B, N, C),
      w: normal(C, taps),
      tail: normal(B, taps - 1, C),
    }),
    reference: ({ x, w, tail }, { B }) => {
      const all = Array.from({ length: B }, (_, b) => shortConv(matrix(x, b), matrix(w), matrix(tail, b)));
      return { y: tensor(all.map((o) => o.y)), next_tail: tensor(all.map((o) => o.tail)) };
    },
  }),
);
