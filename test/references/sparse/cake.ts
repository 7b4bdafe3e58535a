/** Spread and change of the last rows over past keys, an indicator for each key, and budgets of layers. */
import { eachHead, element, list, matrix, sum, tensor, type Tensor, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, maps, topK } from '../select.ts';

const LAST = 4;
const GAMMA = 200;

const variance = (x: Vector): number => {
  const mean = sum(x) / x.length;
  return sum(x.map((a) => (a - mean) ** 2)) / (x.length - 1);
};

/** Columns of the past: the weights that the last queries give to each key. */
function columns(q: Tensor, k: Tensor, b: number, h: number): Vector[] {
  const keys = matrix(k, b, h >> 1);
  const past = keys.length - LAST;
  const map = maps(matrix(q, b, h), keys, (r, j) => j <= past + r);
  return Array.from({ length: past }, (_, j) => map.map(({ p }) => p[j]!));
}

const layer = (variant: string, budget: number) =>
  referenceCase({
    example: 'cake',
    variant,
    consts: { last: LAST },
    fixed: { D: 8 },
    lengths: [5, 12, 33, 70],
    sizes: (L) => ({ B: 2, H: 4, G: 2, L }),
    params: { gamma: GAMMA },
    inputs: ({ sizes: { B, H, G, L, D }, values }) => ({
      q: values([B, H, LAST, D], exact),
      k: values([B, G, L, D], exact),
      budget: values([B], (_, b) => budget + b),
    }),
    reference: ({ q, k }, { B, H, G, L }) => {
      const all = list(B, (b) => b).map((b) => list(H, (h) => h).map((h) => columns(q, k, b, h)));
      const entropy = (p: number): number => -p * Math.log(p + 1e-10);
      const groups = eachHead({ B, H: G }, (b, g) => {
        const ofHead = (h: number): Vector => all[b]![h]!.map((x) => sum(x) / LAST + GAMMA * variance(x));
        const [one, two] = [ofHead(2 * g), ofHead(2 * g + 1)];
        const mean = one.map((x, j) => (x + two[j]!) / 2);
        const smooth = mean.map((_, j) => sum(list(5, (x) => mean[j + x - 2] ?? 0)) / 5);
        const kept = topK(smooth, budget + b - LAST);
        return {
          pooled: list(L, (j) => smooth[j] ?? 0),
          keep: list(L, (j) => (j >= L - LAST || kept.has(j) ? 1 : 0)),
        };
      });
      return {
        ...groups,
        spread: tensor(all.map((heads) => sum(heads.flat(2).map(entropy)))),
        change: tensor(all.map((heads) => sum(heads.flat(1).map(variance)))),
      };
    },
  });

const budgets = (variant: string, total: number, length: number, t1: number) =>
  referenceCase({
    example: 'cake',
    kernel: 'cake_budgets',
    variant,
    fixed: {},
    lengths: [1, 3, 12],
    sizes: (L) => ({ B: 2, L }),
    params: { total, length, t1, t2: 2 },
    inputs: ({ sizes: { B, L }, values }) => ({
      spread: values([B, L], ({ next }) => 1 + 9 * next()),
      change: values([B, L], ({ next }) => 1 + 9 * next()),
    }),
    reference: ({ spread, change }, { B, L }) => {
      const rows = list(B, (b) => b).map((b) => {
        const preference = list(
          L,
          (l) => element(spread, b, l) ** (1 / t1) * Math.sqrt(element(change, b, l)),
        );
        const wanted = preference.map((x) => Math.floor((x / sum(preference)) * total));
        const budget = wanted.map((n) => Math.min(n, length));
        const open = list(L, (l) => l).filter((l) => wanted[l]! < length);
        let left = sum(wanted.map((n) => Math.max(0, n - length)));
        // Everybody gets one in turn, until nothing is left.
        for (let n = 0; left > 0 && open.length > 0; n++, left--) budget[open[n % open.length]!]! += 1;
        return { preference, budget };
      });
      return {
        preference: tensor(rows.map((r) => r.preference)),
        budget: tensor(rows.map((r) => r.budget)),
      };
    },
  });

export const cases = [
  layer('half of the keys', 16),
  layer('all keys', 1000),
  budgets('in proportion', 200, 1000, 1),
  budgets('clipped', 200, 20, 0.5),
];
