/** State space duality in its quadratic form, a gate, and then a root-mean-square norm over the heads of a group. */
import { eachHead, element, list, matrix, silu, tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { rmsNorm, times } from './gates.ts';
import { dual, dualInputs, dualSizes, headOf } from './ssd.ts';

export const cases = [
  referenceCase({
    example: 'mamba2',
    fixed: { H: 4, G: 2, R: 4, P: 5 },
    sizes: (N) => ({ Z: dualSizes(N).Z, N }),
    hazards: ['normal', 'strong', 'null', 'mixed', 'extreme'],
    params: { eps: 1e-5 },
    inputs: (draw) => {
      const { Z, H, N, P } = draw.sizes;
      return { ...dualInputs(draw), z: draw.normal(Z, H, N, P), w: draw.normal(H, P) };
    },
    reference: ({ z, w, ...inputs }, { Z, H, G, N, P }, { eps }) => {
      const limits = { dt_min: 0, dt_max: Infinity };
      const gated = list(Z, (b) => b).map((b) =>
        list(H, (h) => h).map((h) => {
          const gates = matrix(z, b, h);
          return dual(headOf(inputs, b, h, limits)).y.map((row, t) => times(row, gates[t]!.map(silu)));
        }),
      );
      const size = H / G;
      const { S } = eachHead({ B: Z, H }, (b, h) => dual(headOf(inputs, b, h, limits)));
      const y = gated.map((heads) =>
        heads.map((_, h) => {
          const first = h - (h % size);
          return list(N, (t) => t).map((t) => {
            const group = rmsNorm(
              heads.slice(first, first + size).flatMap((rows) => rows[t]!),
              eps,
            );
            return list(P, (p) => group[(h - first) * P + p]! * element(w, h, p));
          });
        }),
      );
      return { y: tensor(y), S };
    },
  }),
];
