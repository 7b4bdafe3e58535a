/** Softmax near, linear attention far, one normaliser: all weights of a row in one list, as published. */
import { column, dot, eachHead, element, matrix, scaled, shaped, sigmoid, sum, weighted } from '../arrays.ts';
import type { Matrix, Tensor } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { hedgehog } from './la_hedgehog.ts';

type Inputs = Readonly<Record<'q' | 'k' | 'v' | 'wq' | 'wk' | 'window_factor', Tensor>>;
type Sizes = Readonly<Record<'B' | 'H' | 'N' | 'D' | 'E' | 'F', number>>;

/** Whether key j <= t is under softmax. */
type Near = (t: number, j: number) => boolean;

function rows(inputs: Inputs, b: number, h: number, near: Near, affine: boolean) {
  const [q, k, v] = [inputs.q, inputs.k, inputs.v].map((x) => matrix(x, b, h)) as [Matrix, Matrix, Matrix];
  const fq = q.map((x) => hedgehog(x, matrix(inputs.wq, h)));
  const fk = k.map((x) => hedgehog(x, matrix(inputs.wk, h)));
  const gamma = sigmoid(element(inputs.window_factor, h));
  const lambda = affine ? 1 - gamma : 1;
  const y = q.map((qt, t) => {
    const keys = k.slice(0, t + 1);
    const scores = keys.map((kj) => dot(qt, kj) / Math.sqrt(qt.length));
    const top = Math.max(...scores.filter((_, j) => near(t, j)));
    const weights = keys.map((_, j) =>
      near(t, j) ? gamma * Math.exp(scores[j]! - top) : lambda * dot(fq[t]!, fk[j]!),
    );
    return weighted(scaled(weights, 1 / sum(weights)), v);
  });
  return { y, fk, v };
}

export const inputs = ({ normal, sizes: { B, H, N, D, E, F } }: Draw<keyof Sizes>): Inputs => ({
  q: normal(B, H, N, D),
  k: normal(B, H, N, D),
  v: normal(B, H, N, E),
  wq: normal(H, D, F),
  wk: normal(H, D, F),
  window_factor: normal(H),
});

export const terraced = (given: Inputs, sizes: Sizes, near: Near, affine: boolean) =>
  eachHead(sizes, (b, h) => ({ y: rows(given, b, h, near, affine).y }));

export const cases = [
  { width: 1, affine: false },
  { width: 8, affine: true },
  { width: 64, affine: false },
].map(({ width, affine }) =>
  referenceCase({
    example: 'lolcats',
    variant: `${width} keys under softmax`,
    consts: { affine: +affine },
    fixed: { D: 6, E: 5, F: 4 },
    params: { width },
    inputs,
    reference: (given, sizes) => {
      const { B, H, N, E, F } = sizes;
      const { y, S, z } = eachHead(sizes, (b, h) => {
        const { y, fk, v } = rows(given, b, h, (t, j) => j > t - width, affine);
        // What has left the window of the last query.
        const gone = fk.map((x, j) => (j <= N - 1 - width ? x : scaled(x, 0)));
        const features = Array.from({ length: 2 * F }, (_, f) => column(gone, f));
        return { y, S: features.map((x) => weighted(x, v)), z: features.map(sum) };
      });
      return { y, S: shaped(S, B, H, 2, F, E), z: shaped(z, B, H, 2, F) };
    },
  }),
);
