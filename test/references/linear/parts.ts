/** Linear attention of a whole sequence, which kernels that take it in parts must equal. */
import { dot, eachHead, list, matrix, weighted, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { gla } from './gla.ts';

/** All parts one after the other. */
const whole = (x: Tensor, b: number, h: number, R: number): Matrix =>
  list(R, Number).flatMap((r) => matrix(x, b, h, r));
const inParts = (rows: Matrix, R: number): Matrix[] => {
  const size = rows.length / R;
  return list(R, Number).map((r) => rows.slice(r * size, (r + 1) * size));
};

const text = { fixed: { D: 6, E: 5 }, lengths: [1, 5, 17], sizes: (L: number) => ({ B: 2, H: 2, R: 3, L }) };

export const cases = [
  ...(['lasp2_parts', 'lasp2_full'] as const).map((kernel) =>
    referenceCase({
      ...text,
      example: 'lasp2',
      kernel,
      inputs: ({ normal, sizes: { B, H, R, L, D, E } }) => ({
        q: normal(B, H, R, L, D),
        k: normal(B, H, R, L, D),
        v: normal(B, H, R, L, E),
      }),
      reference: ({ q, k, v }, sizes) =>
        eachHead(sizes, (b, h) => {
          const [qs, ks, vs] = [q, k, v].map((x) => whole(x, b, h, sizes.R));
          const seen = (t: number) => (kernel === 'lasp2_parts' ? t + 1 : ks!.length);
          const y = qs!.map((qt, t) =>
            weighted(
              ks!.slice(0, seen(t)).map((kj) => dot(qt, kj)),
              vs!,
            ),
          );
          return { y: inParts(y, sizes.R) };
        }),
    }),
  ),
  referenceCase({
    ...text,
    example: 'zeco',
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, sizes: { B, H, R, L, D, E } }) => ({
      q: normal(B, H, R, L, D),
      k: normal(B, H, R, L, D),
      v: normal(B, H, R, L, E),
      log_a: logGates(B, H, R, L, D),
    }),
    reference: ({ q, k, v, log_a }, sizes) =>
      eachHead(sizes, (b, h) => {
        const { R, D, E } = sizes;
        const [qs, ks, vs, gates] = [q, k, v, log_a].map((x) => whole(x, b, h, R));
        const none = list(D, Number).map(() => list(E, () => 0));
        const { y, S } = gla(qs!, ks!, vs!, gates!, none, D ** -0.5);
        return { y: inParts(y, R), P: S };
      }),
  }),
];
