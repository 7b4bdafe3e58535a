/** A step of ring attention by the positions of the whole sequence, for three ways to share it among ranks. */
import { eachHead, element, list, matrix, tensor, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF } from '../select.ts';
import { part, together } from './decoding.ts';

export type Layout = 'contiguous' | 'zigzag' | 'striped';

/** Positions that a rank holds, in the order of its rows. */
export function positions(layout: Layout, rank: number, rows: number, ranks: number): number[] {
  const all = list(rows * ranks, (n) => n);
  if (layout === 'contiguous') return all.slice(rank * rows, (rank + 1) * rows);
  if (layout === 'striped') return all.filter((n) => n % ranks === rank);
  const chunk = rows / 2;
  const back = all.length - rank * chunk;
  return [...all.slice(rank * chunk, (rank + 1) * chunk), ...all.slice(back - chunk, back)];
}

const RANKS = 3;

const cased = (layout: Layout, rank: number, step: number) =>
  referenceCase({
    example: layout === 'contiguous' ? 'ring' : `ring_${layout}`,
    variant: `rank ${rank}, step ${step}`,
    fixed: { D: 8, E: 4 },
    lengths: [2, 6, 34],
    tolerance: HALF,
    // Zigzag counts chunks of C rows, of which a rank has two.
    sizes: (N) => ({ B: 1, H: 4, G: 2, N, C: N / 2 }),
    params: { rank, step, ranks: RANKS },
    inputs: ({ sizes: { B, H, G, N, D, E }, normal, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, G, N, D], exact),
      v: values([B, G, N, E], exact),
      o_before: normal(B, H, N, E),
      // Some queries have seen nothing so far.
      lse_before: values([B, H, N], ({ normal, next }) => (next() < 0.3 ? -Infinity : normal())),
    }),
    reference: ({ q, k, v, o_before, lse_before }, sizes) => {
      const own = positions(layout, rank, sizes.N, RANKS);
      const theirs = positions(layout, (rank + RANKS - step) % RANKS, sizes.N, RANKS);
      return {
        kept: tensor(own.map((i) => (theirs.some((j) => j <= i) ? 1 : 0))),
        ...eachHead(sizes, (b, h) => {
          const [keys, values] = [matrix(k, b, h >> 1), matrix(v, b, h >> 1)];
          const rows = matrix(q, b, h).map((row, n) =>
            together([
              { o: vector(o_before, b, h, n), lse: element(lse_before, b, h, n) },
              part(row, keys, values, (m) => theirs[m]! <= own[n]!),
            ]),
          );
          return { o: rows.map(({ o }) => o), lse: rows.map(({ lse }) => lse) };
        }),
      };
    },
  });

export const cases = [
  // Its own keys, those of the rank before, and of one behind it.
  cased('contiguous', 1, 0),
  cased('contiguous', 1, 1),
  cased('contiguous', 1, 2),
  cased('zigzag', 1, 0),
  cased('zigzag', 1, 1),
  cased('zigzag', 1, 2),
  cased('striped', 1, 1),
  cased('striped', 1, 2),
];
