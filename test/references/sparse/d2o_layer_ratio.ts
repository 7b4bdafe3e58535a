/** Shares of layers from the variance of their column sums. */
import { list, softmax, sum, tensor, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

const HEAVY = 0.25;

const cased = (variant: string, rho: number) =>
  referenceCase({
    example: 'd2o_layer_ratio',
    variant,
    fixed: {},
    lengths: [2, 7, 33],
    sizes: (T) => ({ L: 6, H: 3, T }),
    params: { rho, heavy_share: HEAVY },
    inputs: ({ sizes: { L, H, T }, values }) => ({
      hit: values([L, H, T], ({ next }, n) => (1 + (n % 5)) * next()),
    }),
    reference: ({ hit }, { L, H, T }) => {
      const f = list(L, (l) => {
        const spread = list(H, (h) => {
          const row = vector(hit, l, h);
          const mean = sum(row) / T;
          return sum(row.map((x) => (x - mean) ** 2)) / (T - 1);
        });
        const [low, high] = [Math.min(...spread), Math.max(...spread)];
        return sum(spread.map((x) => (x - low) / (high - low + 1e-6))) / H;
      });
      const ratio = softmax(f.map((x) => -x)).map((x, l) =>
        l < 2 || l === L - 1 ? 1 : Math.min(1, Math.max(0.01, x * L * rho)),
      );
      return {
        ratio: tensor(ratio),
        heavy: tensor(ratio.map((x) => x * HEAVY)),
        recent: tensor(ratio.map((x) => x * (1 - HEAVY))),
      };
    },
  });

export const cases = [cased('a fifth', 0.2), cased('hardly any', 0.005), cased('more than all', 1.5)];
