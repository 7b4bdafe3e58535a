/** Groups of learned queries, one for each frame, that see the tokens of their own frame and of those before it. */
import { eachHead, matrix, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { maps } from '../select.ts';

const frames = (params: Readonly<Record<'queries' | 'tokens', number>>, more: { N: number; M: number }) =>
  referenceCase({
    example: 'video_frames',
    variant: `${params.queries} queries, ${params.tokens} tokens, ${more.N} and ${more.M} more`,
    params,
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (n) => (n === 1 ? { B: 1, H: 1, N: 1, M: 1 } : { B: 2, H: 3, N: n + more.N, M: n + more.M }),
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, sizes, { queries, tokens }) =>
      eachHead(sizes, (b, h) => {
        const seen = (i: number, j: number): boolean => j < tokens * (Math.floor(i / queries) + 1);
        return {
          y: maps(matrix(q, h), matrix(k, b, h), seen).map(({ p }) => weighted(p, matrix(v, b, h))),
        };
      }),
  });

// Tokens of frames that no query has, and queries of frames that have no tokens.
export const cases = [
  frames({ queries: 3, tokens: 4 }, { N: 0, M: 14 }),
  frames({ queries: 2, tokens: 7 }, { N: 5, M: 0 }),
  frames({ queries: 1, tokens: 1 }, { N: 0, M: 3 }),
];
