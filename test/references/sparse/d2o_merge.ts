/** Keys that leave, one after the other, with where each goes. */
import { dot, eachHead, element, list, matrix, plus, scaled, sum, tensor, vector } from '../arrays.ts';
import type { Matrix, Tensor, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import type { Random } from '../../../src/runtime/random.ts';
import { exact } from '../select.ts';

/** The most similar key that stays, the first of equals, and the cosine. */
function nearestOf(k: Vector, stays: Matrix): { to: number; u: number } {
  const cosines = stays.map((c) => dot(k, c) / (Math.sqrt(dot(k, k) + 1e-12) * Math.sqrt(dot(c, c) + 1e-12)));
  const u = Math.max(...cosines);
  return { to: cosines.indexOf(u), u };
}

const sizes = (N: number) => ({ B: 2, H: 3, N, M: N + 3 });
const fixed = { D: 6, E: 5 };
const lengths = [1, 7, 33];

/** Keys of two kinds, so that many are equal. */
const twoRows =
  (D: number) =>
  (_: Random, flat: number): number =>
    Math.round(64 * Math.sin(1 + (flat % D) + 7 * (Math.floor(flat / D) % 2))) / 64;

const repository = (
  variant: string,
  alpha: number,
  beta: number,
  value: (r: Random) => number,
  repeats = false,
) =>
  referenceCase({
    example: 'd2o_merge',
    variant,
    fixed,
    lengths,
    sizes,
    params: { alpha, beta },
    inputs: ({ sizes: { B, H, N, M, D, E }, values }) => ({
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
      kc: values([B, H, M, D], repeats ? twoRows(D) : value),
      vc: values([B, H, M, E], exact),
      tau_before: values([B], () => 0.25),
    }),
    reference: ({ k, v, kc, vc, tau_before }, { B, H, N }) => {
      const near = list(B, (b) => b).map((b) =>
        list(H, (h) => h).map((h) => matrix(k, b, h).map((key) => nearestOf(key, matrix(kc, b, h)))),
      );
      const score = near.map((heads) => list(N, (i) => sum(heads.map((rows) => rows[i]!.u)) / H));
      const tau = score.map((row, b) => alpha * element(tau_before, b) + beta * (sum(row) / N));
      const merged = (leaves: Tensor, stays: Tensor, b: number, h: number): Matrix => {
        const groups = matrix(stays, b, h).map((row) => [row]);
        near[b]![h]!.forEach(({ to, u }, i) => {
          if (score[b]![i]! >= tau[b]!) groups[to]!.push(scaled(vector(leaves, b, h, i), u));
        });
        return groups.map((rows) =>
          scaled(
            rows.reduce((a, r) => plus(a, r)),
            1 / rows.length,
          ),
        );
      };
      return {
        ...eachHead({ B, H }, (b, h) => ({
          k_merged: merged(k, kc, b, h),
          v_merged: merged(v, vc, b, h),
          to: near[b]![h]!.map(({ to }, i) => (score[b]![i]! >= tau[b]! ? to : -1)),
        })),
        tau: tensor(tau),
      };
    },
  });

export const cases = [
  // Several that leave: a single one is its own mean, and rounding decides whether it reaches it.
  { ...repository('first call', 0, 1, exact), lengths: [7, 33] },
  repository('later call', 0.5, 0.5, exact),
  // A low limit, so that all merge; of keys that are equal the first is taken.
  repository('ties', 0.5, 0, exact, true),
  referenceCase({
    example: 'd2o_merge',
    kernel: 'd2o_merge_weighted',
    fixed,
    lengths,
    sizes,
    params: { alpha: 0.5, beta: 0.5 },
    inputs: ({ sizes: { B, H, N, M, D, E }, normal, values }) => ({
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      kc: normal(B, H, M, D),
      vc: normal(B, H, M, E),
      tau_before: values([B, H], () => 0.25),
    }),
    reference: ({ k, v, kc, vc, tau_before }, { B, H, N }) =>
      eachHead({ B, H }, (b, h) => {
        const near = matrix(k, b, h).map((key) => nearestOf(key, matrix(kc, b, h)));
        const tau = 0.5 * element(tau_before, b, h) + 0.5 * (sum(near.map(({ u }) => u)) / N);
        const merged = (leaves: Tensor, stays: Tensor): Matrix =>
          matrix(stays, b, h).map((row, j) => {
            const come = near.map(({ to, u }, i) => ({ i, u, here: to === j && u >= tau }));
            const here = come.filter((one) => one.here);
            const total = Math.E + sum(here.map(({ u }) => Math.exp(u)));
            return here.reduce(
              (a, { i, u }) => plus(a, vector(leaves, b, h, i), Math.exp(u) / total),
              scaled(row, Math.E / total),
            );
          });
        return { k_merged: merged(k, kc), v_merged: merged(v, vc), tau };
      }),
  }),
];
