/** Tokens by the sum of rectified products of the indexer's heads; all heads attend to the latents of those. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, list, matrix, softmax, sum, tensor, vector, weighted, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, HALF, topK } from '../select.ts';

interface Inputs {
  readonly qi: Tensor;
  readonly ki: Tensor;
  readonly w: Tensor;
  readonly q: Tensor;
  readonly qr: Tensor;
  readonly latent: Tensor;
  readonly kr: Tensor;
}

function rowOf(x: Inputs, b: number, h: number, i: number, A: number, top: number, scale: number) {
  const keys = matrix(x.ki, b);
  const scores = list(i + 1, (j) =>
    sum(
      list(A, (a) => {
        const product = dot(vector(x.qi, b, a, i), keys[j]!);
        return vector(x.w, b, a)[i]! * Math.max(0, product);
      }),
    ),
  );
  const chosen = [...topK(scores, top)];
  const [latents, turned] = [matrix(x.latent, b), matrix(x.kr, b)];
  const [q, qr] = [vector(x.q, b, h, i), vector(x.qr, b, h, i)];
  const weights = softmax(chosen.map((j) => scale * (dot(q, latents[j]!) + dot(qr, turned[j]!))));
  return weighted(
    weights,
    chosen.map((j) => latents[j]!),
  );
}

const cased = (variant: string, top: number, most: number, value: (r: Random) => number) =>
  referenceCase({
    example: 'dsa',
    variant,
    consts: { most },
    fixed: { D: 8, P: 4, R: 4 },
    lengths: [1, 9, 40],
    tolerance: HALF,
    sizes: (N) => ({ B: 2, H: 3, A: 2, N }),
    params: { top, scale: 0.25 },
    inputs: ({ sizes: { B, H, A, N, D, P, R }, values }) => ({
      qi: values([B, A, N, R], value),
      ki: values([B, N, R], value),
      w: values([B, A, N], value),
      q: values([B, H, N, D], exact),
      qr: values([B, H, N, P], exact),
      latent: values([B, N, D], exact),
      kr: values([B, N, P], exact),
    }),
    reference: (x, { B, H, A, N }) => ({
      y: tensor(
        list(B, (b) => b).map((b) =>
          list(H, (h) => h).map((h) => list(N, (i) => i).map((i) => rowOf(x, b, h, i, A, top, 0.25))),
        ),
      ),
      kept: tensor(list(B, (b) => b).map(() => list(N, () => 1))),
    }),
  });

export const cases = [
  cased('six tokens', 6, 8, exact),
  // Rectified products are 0 for many tokens at once.
  cased('ties', 5, 5, few),
  cased('all tokens', 64, 64, exact),
];
