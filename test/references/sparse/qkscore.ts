/** Products and weights of the last query at the tokens of options. */
import { dot, eachHead, element, list, matrix, tensor, vector, type Tensor, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { row } from '../select.ts';

/** Features n and n + D / 2 turned by an angle that falls with n. */
export function turned(x: Vector, position: number): Vector {
  const half = x.length / 2;
  return x.map((a, d) => {
    const angle = position * 10000 ** ((-2 * (d % half)) / x.length);
    const other = d < half ? -x[d + half]! : x[d - half]!;
    return a * Math.cos(angle) + other * Math.sin(angle);
  });
}

const HEAD = 1;

export const cases = [
  referenceCase({
    example: 'qkscore',
    fixed: { D: 6 },
    lengths: [4, 13, 33],
    sizes: (M) => ({ B: 2, H: 4, G: 2, M, S: 4 }),
    params: { head: HEAD },
    inputs: ({ sizes: { B, H, G, M, S, D }, normal, values }) => ({
      q: normal(B, H, D),
      k: normal(B, G, M, D),
      option: values([B, S], (_, n) => Math.floor(((n % S) * M) / S)),
    }),
    reference: ({ q, k, option }, sizes) => {
      const all = eachHead(sizes, (b, h) => {
        const [own, keys] = [vector(q, b, h), matrix(k, b, h >> 1)];
        const p = row(
          turned(own, keys.length - 1),
          keys.map((key, j) => turned(key, j)),
        );
        const at = vector(option, b);
        return { qk: at.map((j) => dot(own, keys[j]!)), att: at.map((j) => p[j]!) };
      });
      const best = (x: Tensor): Tensor =>
        tensor(
          list(sizes.B, (b) => {
            const scores = list(sizes.S, (n) => element(x, b, HEAD, n));
            return scores.indexOf(Math.max(...scores));
          }),
        );
      return { ...all, by_qk: best(all.qk), by_weight: best(all.att) };
    },
  }),
];
