/** Gated linear attention in which each document starts from nothing: every document by itself, in the quadratic form. */
import { eachHead, matrix, table, vector, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { gla } from './gla.ts';
import { starts } from './s6.ts';

export const cases = [
  referenceCase({
    example: 'gla_segments',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, values, sizes: { B, H, N, D, E } }) => {
      let id = 0;
      return {
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
        log_a: logGates(B, H, N, D),
        // A new document at every 20th token or so, and a part of two tokens.
        id: values([B, N], (r, flat) => (r.int(0, 19) === 0 || flat === 2 || flat === 4 ? ++id : id)),
      };
    },
    reference: ({ q, k, v, log_a, id }, sizes) =>
      eachHead(sizes, (b, h) => {
        const first = starts(vector(id, b));
        const ends = first.flatMap((start, t) => (first[t + 1] === start ? [] : [[start, t + 1] as const]));
        const zero = table(sizes.D, sizes.E, () => 0);
        const parts = ends.map(([from, to]) => {
          const of = (x: Tensor): Matrix => matrix(x, b, h).slice(from, to);
          return gla(of(q), of(k), of(v), of(log_a), zero, sizes.D ** -0.5);
        });
        return { y: parts.flatMap(({ y }) => y), S: parts.at(-1)!.S };
      }),
  }),
];
