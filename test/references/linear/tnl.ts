/** Weights d^(t - j) sum_c q_c k_c cos(theta_c (t - j)) without turning features, a norm over all heads, and a gate. */
import { eachHead, element, matrix, shaped, silu, sum, vector, weighted } from '../arrays.ts';
import { referenceCase, type Hazard } from '../case.ts';
import { turned } from './la_lrpe.ts';
import { decayed, slopes } from './lightning.ts';
import { normalizedTokens } from './norm_attn.ts';

const HAZARDS: readonly Hazard[] = ['normal', 'strong', 'null', 'mixed'];

export const cases = [
  referenceCase({
    example: 'tnl',
    fixed: { D: 6, E: 5 },
    hazards: HAZARDS,
    params: { offset: 11, eps: 1e-2 },
    inputs: (draw) => {
      const { normal, values, sizes } = draw;
      const { B, H, N, D, E } = sizes;
      return {
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
        u: normal(B, N, H, E),
        slope: slopes(draw),
        theta: values([H, D], (r) => 0.1 * r.next()),
        S0: normal(B, H, 2, D, E),
      };
    },
    reference: ({ q, k, v, u, slope, theta, S0 }, { B, H, D, E }, { offset, eps }) => {
      const before = shaped(S0, B, H, 2 * D, E);
      const { y: o, S } = eachHead({ B, H }, (b, h) => {
        const [queries, keys, values] = [matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)];
        const angles = vector(theta, h);
        const decay = -element(slope, h);
        const rows = (x: number[][]) => x.map((row, t) => turned(row.map(silu), angles, offset + t));
        const { S, y } = decayed(rows(queries), rows(keys), values, matrix(before, b, h), decay);
        // The outputs once more from distances alone: what is left of S_0 is all that needs features.
        const none = matrix(before, b, h).map((row) => row.map(() => 0));
        const own = decayed(rows(queries), rows(keys), values, none, decay).y;
        const byDistance = queries.map((qt, t) =>
          weighted(
            keys
              .slice(0, t + 1)
              .map(
                (kj, j) =>
                  Math.exp(decay * (t - j)) *
                  sum(qt.map((x, c) => silu(x) * silu(kj[c]!) * Math.cos(angles[c]! * (t - j)))),
              ),
            values,
          ),
        );
        return { S, y: y.map((row, t) => row.map((x, e) => x - own[t]![e]! + byDistance[t]![e]!)) };
      });
      const normed = normalizedTokens(o, eps);
      const y = { ...normed, data: normed.data.map((x, n) => x * u.data[n]!) };
      return { y, S: shaped(S, B, H, 2, D, E) };
    },
  }),
  referenceCase({
    example: 'tnl',
    variant: 'in a later layer, from nothing',
    absent: ['theta', 'S0'],
    fixed: { D: 6, E: 5 },
    params: { offset: 0, eps: 1e-2 },
    inputs: (draw) => {
      const { normal, sizes } = draw;
      const { B, H, N, D, E } = sizes;
      return {
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
        u: normal(B, N, H, E),
        slope: slopes(draw),
      };
    },
    reference: ({ q, k, v, u, slope }, { B, H, D, E }, { eps }) => {
      const { y: o, S } = eachHead({ B, H }, (b, h) => {
        const [fq, fk] = [q, k].map((x) => matrix(x, b, h).map((row) => row.map(silu)));
        const none = fq![0]!.map(() => vector(u, b, 0, h).map(() => 0));
        const { y, S } = decayed(fq!, fk!, matrix(v, b, h), none, -element(slope, h));
        return { y, S: [S, none] };
      });
      const normed = normalizedTokens(o, eps);
      const y = { ...normed, data: normed.data.map((x, n) => x * u.data[n]!) };
      return { y, S: shaped(S, B, H, 2, D, E) };
    },
  }),
];
