/** The gated attention unit with the Laplace function, here with erf as a series and a continued fraction. */
import { referenceCase } from '../case.ts';
import { gau, inputs } from './gau.ts';

/** The error function to float64: its series where it converges fast, else the continued fraction of its complement. */
export function erf(x: number): number {
  if (Math.abs(x) < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      total += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * total;
  }
  let fraction = 0;
  const z = Math.abs(x);
  for (let n = 120; n >= 1; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}

export const cases = [
  referenceCase({
    example: 'gau_laplace',
    fixed: { D: 6, E: 5 },
    sizes: (N) => ({ B: 2, N }),
    inputs,
    reference: (x, sizes) =>
      gau(x, sizes, (product, bias) => {
        const s = product / sizes.N + bias;
        return (1 + erf((s - 0.707107) / (0.282095 * Math.SQRT2))) / 2;
      }),
  }),
];
