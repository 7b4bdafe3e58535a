/**
 * State spaces along four paths through an image, each as a sum over the path so far, added at each pixel and normed; and
 * state spaces along a sequence in both directions.
 */
import { dot, element, list, scaled, silu, softmax, sum, tensor, vector, weighted } from '../arrays.ts';
import type { Tensor, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { softplus } from './gates.ts';
import { affine } from './rebased.ts';

interface Channel {
  readonly x: Vector;
  readonly delta: Vector;
  readonly A: Vector;
  /** A row for each step. */
  readonly B: readonly Vector[];
  readonly C: readonly Vector[];
  readonly D: number;
}

/** sum_j<=t sum_n C_tn e^(A_n sum_j<r<=t Delta_r) Delta_j B_jn x_j + D x_t of one channel. */
function selected({ x, delta, A, B, C, D }: Channel): Vector {
  return x.map((xt, t) => {
    const terms = list(t + 1, (j) => {
      const past = sum(delta.slice(j + 1, t + 1));
      return sum(A.map((a, n) => C[t]![n]! * Math.exp(a * past) * delta[j]! * B[j]![n]! * x[j]!));
    });
    return sum(terms) + D * xt;
  });
}

/** Pixels of a path in its order. */
function path(p: number, rows: number, columns: number): [number, number][] {
  const [lines, length] = p % 2 === 0 ? [rows, columns] : [columns, rows];
  return list(lines, Number).flatMap((line) => {
    const forwards = list(length, (n): number => n);
    const places = (line + (p >= 2 ? 1 : 0)) % 2 === 0 ? forwards : forwards.reverse();
    return places.map((n): [number, number] => (p % 2 === 0 ? [line, n] : [n, line]));
  });
}

const weights = (normal: (...shape: number[]) => Tensor, lead: number, E: number) => ({
  dt_bias: normal(lead, E),
  D: normal(lead, E),
});

export const cases = [
  referenceCase({
    example: 'cross_scan',
    fixed: { R: 4 },
    sizes: (Y): Record<'Z' | 'Y' | 'X' | 'E', number> => ({ Z: 2, Y, X: 3, E: 5 }),
    lengths: [1, 2, 5],
    hazards: ['normal', 'strong', 'null', 'mixed'],
    params: { eps: 1e-3 },
    inputs: ({ normal, logGates, sizes: { Z, Y, X, E, R } }) => ({
      x: normal(Z, Y, X, E),
      dt: normal(Z, 4, Y, X, E),
      ...weights(normal, 4, E),
      A: logGates(4, E, R),
      B: normal(Z, 4, Y, X, R),
      C: normal(Z, 4, Y, X, R),
      gamma: normal(E),
      beta: normal(E),
    }),
    reference: ({ x, dt, dt_bias, A, B, C, D, gamma, beta }, { Z, Y, X, E }, { eps }) => {
      const image = (b: number) => {
        const total = list(Y, Number).map(() => list(X, Number).map(() => list(E, () => 0)));
        for (const p of [0, 1, 2, 3])
          for (const c of list(E, Number)) {
            const pixels = path(p, Y, X);
            const y = selected({
              x: pixels.map(([row, col]) => element(x, b, row, col, c)),
              delta: pixels.map(([row, col]) =>
                softplus(element(dt, b, p, row, col, c) + element(dt_bias, p, c)),
              ),
              A: vector(A, p, c),
              B: pixels.map(([row, col]) => vector(B, b, p, row, col)),
              C: pixels.map(([row, col]) => vector(C, b, p, row, col)),
              D: element(D, p, c),
            });
            pixels.forEach(([row, col], t) => (total[row]![col]![c]! += y[t]!));
          }
        return total.map((row) => row.map((pixel) => affine(pixel, vector(gamma), vector(beta), eps)));
      };
      return { y: tensor(list(Z, Number).map((b) => image(b))) };
    },
  }),
  referenceCase({
    example: 'mambattention',
    fixed: { R: 4 },
    sizes: (N): Record<'Z' | 'N' | 'E', number> => ({ Z: 2, N, E: 5 }),
    lengths: [1, 5, 33],
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, sizes: { Z, N, E, R } }) => ({
      x: normal(Z, 2, N, E),
      dt: normal(Z, 2, N, E),
      ...weights(normal, 2, E),
      A: logGates(2, E, R),
      B: normal(Z, 2, N, R),
      C: normal(Z, 2, N, R),
      z: normal(Z, 2, N, E),
    }),
    reference: ({ x, dt, dt_bias, A, B, C, D, z }, { Z, N, E }) => {
      const one = (b: number, side: number, c: number): Vector => {
        // The backward block runs on the flipped sequence, and what it gives is flipped back.
        const steps = side === 0 ? list(N, Number) : list(N, Number).reverse();
        const y = selected({
          x: steps.map((t) => element(x, b, side, t, c)),
          delta: steps.map((t) => softplus(element(dt, b, side, t, c) + element(dt_bias, side, c))),
          A: vector(A, side, c),
          B: steps.map((t) => vector(B, b, side, t)),
          C: steps.map((t) => vector(C, b, side, t)),
          D: element(D, side, c),
        });
        return list(N, (t) => y[steps.indexOf(t)]! * silu(element(z, b, side, t, c)));
      };
      const all = list(Z, Number).map((b) =>
        [0, 1].map((side) => list(E, Number).map((c) => one(b, side, c))),
      );
      return {
        y: tensor(
          all.map((sides) => list(N, Number).map((t) => sides.map((channels) => channels.map((y) => y[t]!)))),
        ),
      };
    },
  }),
  referenceCase({
    example: 'mambattention',
    kernel: 'mambattention_axis',
    fixed: { D: 6, E: 5 },
    sizes: (N) => ({ B: 2, H: 3, F: 4, N }),
    lengths: [1, 5, 33],
    inputs: ({ normal, sizes: { B, H, F, N, D, E } }) => ({
      q: normal(B, H, N, F, D),
      k: normal(B, H, N, F, D),
      v: normal(B, H, N, F, E),
    }),
    reference: ({ q, k, v }, { B, H, F, N, D }) => {
      const times = list(N, Number);
      const row = (b: number, h: number, i: number, f: number): Vector => {
        const scores = times.map((j) => dot(vector(q, b, h, i, f), vector(k, b, h, j, f)));
        return weighted(
          softmax(scaled(scores, D ** -0.5)),
          times.map((j) => vector(v, b, h, j, f)),
        );
      };
      return {
        y: tensor(
          list(B, Number).map((b) =>
            list(H, Number).map((h) => times.map((i) => list(F, Number).map((f) => row(b, h, i, f)))),
          ),
        ),
      };
    },
  }),
];
