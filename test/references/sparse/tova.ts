/** The last row of the map, its mean over all heads, and the keys with the greatest. */
import { eachHead, element, list, matrix, sum, tensor, vector, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, row, topK } from '../select.ts';

const cased = (variant: string, size: number) =>
  referenceCase({
    example: 'tova',
    variant,
    consts: { size },
    fixed: { D: 8, E: 5 },
    lengths: [1, 7, 33, 65],
    sizes: (M) => ({ B: 2, H: 4, G: 2, M }),
    inputs: ({ sizes: { B, H, G, M, D, E }, values }) => ({
      q: values([B, H, D], exact),
      k: values([B, G, M, D], exact),
      v: values([B, G, M, E], exact),
    }),
    reference: ({ q, k, v }, sizes) => {
      const all = eachHead(sizes, (b, h) => {
        const p = row(vector(q, b, h), matrix(k, b, h >> 1));
        return { p, y: weighted(p, matrix(v, b, h >> 1)) };
      });
      const means = list(sizes.B, (b) => b).map((b) =>
        list(sizes.M, (j) => sum(list(sizes.H, (h) => element(all.p, b, h, j))) / sizes.H),
      );
      const kept = means.map((scores) => [...topK(scores, size)]);
      return {
        y: all.y,
        mean_p: tensor(means),
        keep: tensor(kept.map((own) => list(sizes.M, (j) => (own.includes(j) ? 1 : 0)))),
        at: tensor(kept.map((own) => list(size, (n) => own[n] ?? -1))),
      };
    },
  });

export const cases = [cased('six keys', 6), cased('all keys', 80)];
