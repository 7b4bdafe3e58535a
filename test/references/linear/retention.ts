/** Retention in its parallel form: scores of rotated queries and keys under powers of the decay. */
import { eachHead, matrix, scaled, silu, sum, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { decayed } from './lightning.ts';

/** Pairs (x_2m, x_2m+1) turned by position * base^(-m / (pairs - 1)). */
export function rotated(x: Vector, position: number, base: number): Vector {
  const pairs = x.length / 2;
  return Array.from({ length: pairs }, (_, m) => {
    const angle = position * base ** -(pairs > 1 ? m / (pairs - 1) : 0);
    const [first, second] = [x[2 * m]!, x[2 * m + 1]!];
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return [first * c - second * s, second * c + first * s];
  }).flat();
}

const rms = (x: Vector, eps: number): Vector =>
  scaled(x, 1 / Math.sqrt(sum(x.map((a) => a * a)) / x.length + eps));

export const cases = [6, 2].map((D) =>
  referenceCase({
    example: 'retention',
    variant: `heads of ${D}`,
    fixed: { D, E: 5 },
    params: { offset: 9, base: 500, eps: 1e-2 },
    inputs: ({ normal, sizes: { B, H, N, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      g: normal(B, H, N, E),
      S0: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, g, S0 }, sizes, { offset, base, eps }) =>
      eachHead(sizes, (b, h) => {
        const queries = matrix(q, b, h).map((x, t) => rotated(x, offset + t, base));
        const keys = matrix(k, b, h).map((x, t) => scaled(rotated(x, offset + t, base), 1 / Math.sqrt(D)));
        const logDecay = Math.log1p(-(2 ** (-5 - h)));
        const { y: o, S } = decayed(queries, keys, matrix(v, b, h), matrix(S0, b, h), logDecay);
        const gates = matrix(g, b, h);
        return { y: o.map((row, t) => rms(row, eps).map((x, e) => x * silu(gates[t]![e]!))), S };
      }),
  }),
);
