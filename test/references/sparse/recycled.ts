/** Decoding over a list of keys, from which the least is dropped, and the full step that makes the list. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, list, matrix, softmax, sum, tensor, vector, weighted, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, HALF, topK } from '../select.ts';

const MOST = 6;

/** Weights and outputs of one query of each head of a group over keys by their positions. */
function step(x: { q: Tensor; k: Tensor; v: Tensor }, b: number, h: number, at: readonly number[]) {
  const [k, v] = [matrix(x.k, b, h >> 1), matrix(x.v, b, h >> 1)];
  const q = vector(x.q, b, h);
  const p = softmax(at.map((j) => dot(q, k[j]!) * q.length ** -0.5));
  return {
    p,
    y: weighted(
      p,
      at.map((j) => v[j]!),
    ),
  };
}
const overGroup = (p: readonly (readonly number[])[]): number[] =>
  p[0]!.map((_, n) => sum(p.map((row) => row[n]!)) / p.length);

const text = {
  example: 'recycled',
  consts: { most: MOST },
  fixed: { D: 8, E: 4 },
  lengths: [1, 5, 6, 7, 40],
  tolerance: HALF,
  sizes: (M: number) => ({ B: 2, H: 4, G: 2, M }),
};
interface Sizes {
  readonly sizes: Readonly<Record<'B' | 'H' | 'G' | 'M' | 'D' | 'E', number>>;
  readonly values: (shape: readonly number[], value: (r: Random, flat: number) => number) => Tensor;
}
const shared = ({ sizes: { B, H, G, M, D, E }, values }: Sizes, value: (r: Random) => number) => ({
  q: values([B, H, D], value),
  k: values([B, G, M, D], value),
  v: values([B, G, M, E], exact),
});
const range = (n: number): number[] => list(n, (x) => x);

const recycle = (variant: string, value: (r: Random) => number, filled: (M: number) => number) =>
  referenceCase({
    ...text,
    variant,
    inputs: (draw) => {
      const { B, G, M } = draw.sizes;
      const count = Math.min(filled(M), MOST, M - 1);
      return {
        ...shared(draw, value),
        // Past positions, no two alike, in no order.
        list: draw.values([B, G, MOST], (_, n) =>
          n % MOST < count ? (M - 2 - (n % MOST) * 5 + 5 * M) % (M - 1) : -1,
        ),
        count: draw.values([B, G], () => count),
      };
    },
    reference: (x, { B, H, G, M }) => {
      const steps = range(B).map((b) =>
        range(G).map((g) => {
          const count = vector(x.count, b)[g]!;
          const at = [...vector(x.list, b, g).slice(0, count), M - 1];
          const heads = [2 * g, 2 * g + 1].map((h) => step(x, b, h, at));
          const weight = overGroup(heads.map((o) => o.p));
          const drop = count < MOST ? MOST : weight.indexOf(Math.min(...weight));
          const next = at.filter((_, n) => n !== drop);
          return { heads, next: list(MOST, (n) => next[n] ?? -1), places: next.length };
        }),
      );
      return {
        y: tensor(range(B).map((b) => range(H).map((h) => steps[b]![h >> 1]!.heads[h & 1]!.y))),
        next: tensor(steps.map((groups) => groups.map((o) => o.next))),
        places: tensor(steps.map((groups) => groups.map((o) => o.places))),
        used: tensor(range(B).map(() => range(G).map(() => 1))),
      };
    },
  });

const full = (variant: string, value: (r: Random) => number) =>
  referenceCase({
    ...text,
    kernel: 'recycled_full',
    variant,
    inputs: (draw) => shared(draw, value),
    reference: (x, { B, H, G, M }) => {
      const heads = range(B).map((b) => range(H).map((h) => step(x, b, h, range(M))));
      const lists = heads.map((own) =>
        range(G).map((g) => [...topK(overGroup([own[2 * g]!.p, own[2 * g + 1]!.p]), MOST)]),
      );
      return {
        y: tensor(heads.map((own) => own.map((o) => o.y))),
        list: tensor(lists.map((groups) => groups.map((own) => list(MOST, (n) => own[n] ?? -1)))),
        count: tensor(lists.map((groups) => groups.map((own) => own.length))),
      };
    },
  });

export const cases = [
  recycle('full list', exact, () => MOST),
  recycle(
    'ties',
    () => 0,
    () => MOST,
  ),
  recycle('list that grows', exact, () => 3),
  recycle('empty list', exact, () => 0),
  full('all keys', exact),
  full('ties', few),
];
