/** Gated linear attention over packed sequences: every sequence by itself, in the quadratic form. */
import { element, list, matrix, table, tensor, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { gla } from './gla.ts';

/** Lengths of the sequences: one token, none, two, and what remains in two parts. */
const ends = (N: number): number[] => [0, 1, 1, 3, 3 + Math.floor((N - 3) / 3), N].map((n) => Math.min(n, N));

export const cases = [
  referenceCase({
    example: 'gla_ragged',
    fixed: { D: 6, E: 5 },
    sizes: (N) => ({ H: 2, N, S: 5 }),
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, values, sizes: { H, N, S, D, E } }) => {
      const cu = ends(N).map((n) => Math.max(n, 0));
      return {
        q: normal(N, H, D),
        k: normal(N, H, D),
        v: normal(N, H, E),
        log_a: logGates(N, H, D),
        cu_seqlens: values([S + 1], (_, n) => cu[n]!),
        sequence: values([N], (_, t) => list(S, (s) => s).find((s) => t < cu[s + 1]!)!),
        S0: normal(S, H, D, E),
      };
    },
    reference: ({ q, k, v, log_a, cu_seqlens, S0 }, { H, N, S, D, E }) => {
      const heads = list(H, (h) => h).map((h) => {
        const parts = list(S, (s) => s).map((s): Matrix => {
          const [from, to] = [element(cu_seqlens, s), element(cu_seqlens, s + 1)];
          const of = (x: Tensor, width: number): Matrix =>
            table(to - from, width, (t, c) => element(x, from + t, h, c));
          if (from === to) return [];
          return gla(of(q, D), of(k, D), of(v, E), of(log_a, D), matrix(S0, s, h), D ** -0.5).y;
        });
        return parts.flat();
      });
      const y = list(N, (t) => t).map((t) => heads.map((rows) => rows[t]!));
      return { y: tensor(y) };
    },
  }),
];
