/** Linear attention with a fixed decay: y_t = sum_j<=t d^(t - j) (q_t . k_j) v_j, and what S_0 leaves after t + 1 steps. */
import { column, dot, eachHead, element, matrix, plus, weighted, type Matrix } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';

/** For the logarithm of the decay: powers of it are exponentials of products, so that a decay of 0 is no special case. */
export function decayed(q: Matrix, k: Matrix, v: Matrix, S0: Matrix, logDecay: number) {
  const after = (steps: number): number => Math.exp(steps * logDecay);
  const y = q.map((qt, t) => {
    const weights = k.slice(0, t + 1).map((kj, j) => after(t - j) * dot(qt, kj));
    return plus(weighted(weights, v), weighted(qt, S0), after(t + 1));
  });
  const last = q.length - 1;
  const S = S0.map((row, d) => {
    const kept = column(k, d).map((x, j) => after(last - j) * x);
    return plus(weighted(kept, v), row, after(last + 1));
  });
  return { y, S };
}

/** A slope for each head: the negative of a log-gate that does not change with time. */
export const slopes = ({ logGates, sizes }: Draw<'H'>) => {
  const { shape, data } = logGates(sizes.H);
  return { shape, data: data.map((x) => -x) };
};

export const cases = [
  referenceCase({
    example: 'lightning',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { normal, sizes } = draw;
      const { B, H, N, D, E } = sizes;
      return {
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
        slope: slopes(draw),
        S0: normal(B, H, D, E),
      };
    },
    reference: ({ q, k, v, slope, S0 }, sizes) =>
      eachHead(sizes, (b, h) =>
        decayed(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), matrix(S0, b, h), -element(slope, h)),
      ),
  }),
];
