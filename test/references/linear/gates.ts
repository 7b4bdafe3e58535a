/** Running sums of log-gates: a gate between two positions is the exponential of a difference of them. */
import { plus, type Matrix, type Vector } from '../arrays.ts';

/** Row t is the sum of rows 0 to t. */
export function runningSums(rows: Matrix): Matrix {
  const sums: Matrix = [];
  for (const row of rows) sums.push(sums.length > 0 ? plus(sums.at(-1)!, row) : row);
  return sums;
}

/** e^(upper - lower), element by element; a missing lower end is 0, the start of the sequence. */
export const between = (upper: Vector, lower?: Vector): Vector =>
  upper.map((x, n) => Math.exp(x - (lower?.[n] ?? 0)));

export const times = (x: Vector, y: Vector): Vector => x.map((a, n) => a * y[n]!);

/** log(1 + e^x); its logarithm of a sum never sees an infinity. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const logSigmoid = (x: number): number => -softplus(-x);

/** Divided by the root of the mean square. */
export function rmsNorm(x: Vector, eps: number): Vector {
  const meanSquare = x.reduce((a, b) => a + b * b, 0) / x.length;
  return x.map((a) => a / Math.sqrt(meanSquare + eps));
}
