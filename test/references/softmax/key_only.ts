/** One learned query for each head: the weights of keys do not depend on where the query is, only how many there are. */
import { dot, eachHead, list, matrix, plus, scaled, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

const learned = (variant: string, scale: number) =>
  referenceCase({
    example: 'key_only',
    variant,
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => (N === 1 ? { B: 1, H: 1, N } : { B: 2, H: 3, N }),
    inputs: ({ normal, values, sizes: { B, H, N, D, E } }) => ({
      q: values([H, D], (random) => scale * random.normal()),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const values = matrix(v, b, h);
        const scores = matrix(k, b, h).map((key) => dot(vector(q, h), key) / Math.sqrt(sizes.D));
        // A running sum, multiplied down when a greater score comes.
        let [top, total, o] = [-Infinity, 0, list(sizes.E, () => 0)];
        return {
          y: scores.map((s, t) => {
            const shrink = Math.exp(top - Math.max(top, s));
            top = Math.max(top, s);
            total = total * shrink + Math.exp(s - top);
            o = plus(scaled(o, shrink), values[t]!, Math.exp(s - top));
            return scaled(o, 1 / total);
          }),
        };
      }),
  });

export const cases = [learned('usual scores', 1), learned('scores of some hundreds', 300)];
