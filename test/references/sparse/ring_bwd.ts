/** A step of the backward pass of ring attention: what the keys of one rank give, added to what came before. */
import { eachHead, list, matrix, plus, tensor, vector, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { HALF } from '../select.ts';
import { backward, together } from './backward.ts';
import { positions } from './ring.ts';

const RANKS = 3;
const added = (before: Tensor, x: Matrix, b: number, n: number): Matrix =>
  matrix(before, b, n).map((row, r) => plus(row, x[r]!));

const cased = (rank: number, step: number) =>
  referenceCase({
    example: 'ring_bwd',
    variant: `rank ${rank}, step ${step}`,
    fixed: { D: 6, E: 5 },
    lengths: [1, 6, 18],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 4, G: 2, N }),
    params: { rank, step, ranks: RANKS },
    inputs: ({ sizes: { B, H, G, N, D, E }, normal, values }) => ({
      q: normal(B, H, N, D),
      k: normal(B, G, N, D),
      v: normal(B, G, N, E),
      dy: normal(B, H, N, E),
      // Of all ranks: at least that of the greatest score here.
      lse: values([B, H, N], ({ next }) => 3 + next()),
      delta: normal(B, H, N),
      dq_before: normal(B, H, N, D),
      dk_before: normal(B, G, N, D),
      dv_before: normal(B, G, N, E),
    }),
    reference: (x, sizes) => {
      const own = positions('contiguous', rank, sizes.N, RANKS);
      const theirs = positions('contiguous', (rank + RANKS - step) % RANKS, sizes.N, RANKS);
      const keep = (i: number, j: number): boolean => theirs[j]! <= own[i]!;
      const all = list(sizes.B, (b) => b).map((b) =>
        list(sizes.H, (h) => h).map((h) => {
          const [q, k, v] = [matrix(x.q, b, h), matrix(x.k, b, h >> 1), matrix(x.v, b, h >> 1)];
          return backward({ q, k, v, keep }, matrix(x.dy, b, h), vector(x.lse, b, h), vector(x.delta, b, h));
        }),
      );
      return {
        dq: eachHead(sizes, (b, h) => ({ dq: added(x.dq_before, all[b]![h]!.dq, b, h) })).dq,
        ...eachHead({ B: sizes.B, H: sizes.G }, (b, g) => {
          const [one, two] = [all[b]![2 * g]!, all[b]![2 * g + 1]!];
          return {
            dk: added(x.dk_before, together([one.dk, two.dk]), b, g),
            dv: added(x.dv_before, together([one.dv, two.dv]), b, g),
          };
        }),
        kept: tensor(own.map((_, i) => (theirs.some((_t, j) => keep(i, j)) ? 1 : 0))),
        seen: tensor(theirs.map((_, j) => (own.some((_o, i) => keep(i, j)) ? 1 : 0))),
      };
    },
  });

export const cases = [cased(1, 0), cased(1, 1), cased(1, 2)];
