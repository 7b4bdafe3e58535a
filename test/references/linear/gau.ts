/** The gated attention unit, token by token: queries and keys from one base, an activation of scores, and a gate. */
import {
  dot,
  element,
  list,
  matrix,
  silu,
  tensor,
  vector,
  weighted,
  type Matrix,
  type Tensor,
} from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { relu } from './la_relu.ts';

export type Inputs = Readonly<Record<'z' | 'u' | 'v' | 'gamma' | 'beta' | 'bias', Tensor>>;
type Sizes = Readonly<Record<'B' | 'N' | 'D' | 'E', number>>;

export const inputs = ({ normal, sizes: { B, N, D, E } }: Draw<keyof Sizes>): Inputs => ({
  z: normal(B, N, D),
  u: normal(B, N, E),
  v: normal(B, N, E),
  gamma: normal(2, D),
  beta: normal(2, D),
  bias: normal(2 * N - 1),
});

/** `weight` is of a product q . k and a bias. */
export function gau(
  x: Inputs,
  { B, N }: Sizes,
  weight: (product: number, bias: number) => number,
): Record<'y', Tensor> {
  const affine = (row: number[], side: 0 | 1): number[] =>
    row.map((a, d) => silu(a) * element(x.gamma, side, d) + element(x.beta, side, d));
  const one = (b: number): Matrix => {
    const base = matrix(x.z, b);
    const keys = base.map((row) => affine(row, 1));
    const values = matrix(x.v, b).map((row) => row.map(silu));
    return base.map((row, i) => {
      const query = affine(row, 0);
      const weights = list(i + 1, (j) => weight(dot(query, keys[j]!), element(x.bias, i - j + N - 1)));
      const gates = vector(x.u, b, i).map(silu);
      return weighted(weights, values).map((a, e) => a * gates[e]!);
    });
  };
  return { y: tensor(Array.from({ length: B }, (_, b) => one(b))) };
}

export const cases = [
  referenceCase({
    example: 'gau',
    fixed: { D: 6, E: 5 },
    sizes: (N) => ({ B: 2, N }),
    inputs,
    reference: (x, sizes) => gau(x, sizes, (product, bias) => relu((product + bias) / sizes.N) ** 2),
  }),
];
