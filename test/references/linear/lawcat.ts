/** Convolved queries and keys, learned features, weights under products of gates, and optionally a softmax window. */
import {
  column,
  dot,
  eachHead,
  element,
  matrix,
  plus,
  scaled,
  shaped,
  sigmoid,
  sum,
  vector,
  weighted,
} from '../arrays.ts';
import type { Matrix, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { hedgehog } from './la_hedgehog.ts';
import { shortConv } from './short_conv.ts';

/** Halves of the vector turned against each other. */
function rotary(x: Vector, position: number, base: number): Vector {
  const half = x.length / 2;
  return x.map((a, d) => {
    const angle = position * base ** ((-2 * (d % half)) / x.length);
    const other = d < half ? -x[d + half]! : x[d - half]!;
    return a * Math.cos(angle) + other * Math.sin(angle);
  });
}

interface Head {
  readonly fq: Matrix;
  readonly fk: Matrix;
  readonly v: Matrix;
  readonly logGates: Matrix;
  readonly S0: Matrix;
  readonly z0: Vector;
}

/** Keys as step t sees them, each under the gates after it; what is left of the state before comes under `old`. */
function seenFrom({ fk, logGates }: Head, t: number): { readonly keys: Matrix; readonly old: Vector } {
  const keys: Matrix = [];
  let gates: Vector = fk[0]!.map(() => 0);
  for (let j = t; j >= 0; j--) {
    keys.push(fk[j]!.map((x, f) => x * Math.exp(gates[f]!)));
    gates = plus(gates, logGates[j]!);
  }
  return { keys: keys.reverse(), old: gates.map(Math.exp) };
}

/** Numerators, denominators and final states of the gated part. */
function gated(head: Head) {
  const { fq, v, S0, z0 } = head;
  const rows = fq.map((qt, t) => {
    const { keys, old } = seenFrom(head, t);
    const weights = keys.map((key) => dot(qt, key));
    const before = old.map((x, f) => x * qt[f]!);
    const numerator = plus(weighted(weights, v), weighted(before, S0));
    return { numerator, total: sum(weights) + dot(before, z0) };
  });
  const { keys, old } = seenFrom(head, fq.length - 1);
  const S = S0.map((row, f) => plus(weighted(column(keys, f), v), row, old[f]!));
  return { rows, S, z: z0.map((x, f) => old[f]! * x + sum(column(keys, f))) };
}

export const cases = [0, 9].map((width) =>
  referenceCase({
    example: 'lawcat',
    variant: width === 0 ? 'without a window' : `${width} keys under softmax`,
    fixed: { D: 6, E: 5, F: 4 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    params: { linear_factor: 0.7, width, base: 1000, eps: 1e-2 },
    inputs: ({ normal, values, logGates, sizes: { B, H, N, D, E, F } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_g: logGates(B, H, N, 2, F),
      conv: normal(2, H, D, 4),
      map: normal(H, D, F),
      tail: normal(2, B, H, 3, D),
      S0: normal(B, H, 2, F, E),
      z0: values([B, H, 2, F], (r) => r.next()),
      window_factor: normal(H),
    }),
    reference: (inputs, { B, H, N, D, E, F }, { linear_factor, base, eps }) => {
      const gates = shaped(inputs.log_g, B, H, N, 2 * F);
      const { y, S, z } = eachHead({ B, H }, (b, h) => {
        const [q, k, v] = [inputs.q, inputs.k, inputs.v].map((x) => matrix(x, b, h)) as [
          Matrix,
          Matrix,
          Matrix,
        ];
        const features = (x: Matrix, side: 0 | 1): Matrix =>
          shortConv(x, matrix(inputs.conv, side, h), matrix(inputs.tail, side, b, h)).y.map((row) =>
            hedgehog(row, matrix(inputs.map, h)),
          );
        const head = {
          fq: features(q, 0).map((row) => row.map((x) => x / Math.sqrt(D))),
          fk: features(k, 1),
          v,
          logGates: matrix(gates, b, h),
          S0: matrix(shaped(inputs.S0, B, H, 2 * F, E), b, h),
          z0: vector(shaped(inputs.z0, B, H, 2 * F), b, h),
        };
        const { rows, ...states } = gated(head);
        const gamma = sigmoid(element(inputs.window_factor, h));
        const [turnedQ, turnedK] = [q, k].map((x) => x.map((row, t) => rotary(row, t, base)));
        const y = rows.map(({ numerator, total }, t) => {
          const first = Math.max(t - width + 1, 0);
          const scores = turnedK!.slice(first, t + 1).map((kj) => dot(turnedQ![t]!, kj) / Math.sqrt(D));
          const weights = scores.map((s) => Math.exp(s - Math.max(...scores)));
          const near = width > 0 ? weighted(weights, v.slice(first)) : scaled(v[0]!, 0);
          const denominator = gamma * sum(weights) + linear_factor * total + eps;
          return near.map((x, e) => (gamma * x + linear_factor * numerator[e]!) / denominator);
        });
        return { y, ...states };
      });
      return { y, S: shaped(S, B, H, 2, F, E), z: shaped(z, B, H, 2, F) };
    },
  }),
);
