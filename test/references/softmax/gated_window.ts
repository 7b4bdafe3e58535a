/** A window and the first keys, grouped heads and a gate; besides, the logarithm of each row's sum and what each key gets. */
import { eachHead, matrix, plus, sigmoid, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { maps } from '../select.ts';

const windowed = (
  variant: string,
  params: Readonly<Record<'window' | 'sinks', number>>,
  more: { readonly queries: number; readonly keys: number },
) =>
  referenceCase({
    example: 'gated_window',
    variant,
    params,
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (length) =>
      length === 1
        ? { B: 1, H: 1, G: 1, N: 1, M: 1 }
        : { B: 2, H: 6, G: 3, N: length + more.queries, M: length + more.keys },
    inputs: ({ normal, sizes: { B, H, G, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, G, M, D),
      v: normal(B, G, M, E),
      z: normal(B, H, N, E),
    }),
    reference: ({ q, k, v, z }, sizes, { window, sinks }) =>
      eachHead(sizes, (b, h) => {
        const g = Math.floor((h * sizes.G) / sizes.H);
        const gates = matrix(z, b, h);
        const keep = (i: number, j: number): boolean => j <= i && (j > i - window || j < sinks);
        const rows = maps(matrix(q, b, h), matrix(k, b, g), keep);
        return {
          y: rows.map(({ p }, i) => weighted(p, matrix(v, b, g)).map((o, e) => o * sigmoid(gates[i]![e]!))),
          lse: rows.map(({ lse }) => lse),
          hit: rows.map(({ p }) => p).reduce((a, p) => plus(a, p)),
        };
      }),
  });

export const cases = [
  windowed('both', { window: 5, sinks: 2 }, { queries: 0, keys: 4 }),
  windowed('a window alone', { window: 3, sinks: 0 }, { queries: 0, keys: 4 }),
  windowed('the first keys alone', { window: 0, sinks: 2 }, { queries: 0, keys: 4 }),
  // The last queries see the first keys alone: their window lies behind all keys.
  windowed('more queries than keys', { window: 4, sinks: 1 }, { queries: 7, keys: 0 }),
  windowed('as written', { window: 1024, sinks: 4 }, { queries: 0, keys: 4 }),
];
