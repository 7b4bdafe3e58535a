/** Linear attention with a decay for each step: forward, one chunk, and gradients that differences confirm. */
import {
  dot,
  eachHead,
  list,
  matrix,
  plus,
  scaled,
  sum,
  vector,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { slopeAt } from '../sparse/backward.ts';

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly logA: Vector;
  readonly S0: Matrix;
}

/** Weight of what step j writes at step t: the decays behind it. */
const kept = (logA: Vector, j: number, t: number): number => Math.exp(sum(logA.slice(j + 1, t + 1)));

/** Each step sums over all before it. */
function forward({ q, k, v, logA, S0 }: Head): { o: Matrix; S: Matrix } {
  const o = q.map((row, t) => {
    const weights = k.map((key, j) => (j <= t ? dot(row, key) * kept(logA, j, t) : 0));
    return plus(weighted(weights, v), weighted(row, S0), kept(logA, -1, t));
  });
  const end = q.length - 1;
  const S = S0.map((row, d) =>
    k.reduce((a, key, j) => plus(a, v[j]!, key[d]! * kept(logA, j, end)), scaled(row, kept(logA, -1, end))),
  );
  return { o, S };
}

const objective = (head: Head, dO: Matrix, dS: Matrix): number => {
  const { o, S } = forward(head);
  return sum(o.map((row, t) => dot(row, dO[t]!))) + sum(S.map((row, d) => dot(row, dS[d]!)));
};

/** Gradients as sums over pairs of steps, without states. */
function backward(head: Head, dO: Matrix, dS: Matrix) {
  const { q, k, v, logA, S0 } = head;
  const N = q.length;
  const end = N - 1;
  const dq = dO.map((row, t) =>
    k.reduce(
      (a, key, j) => (j <= t ? plus(a, key, dot(row, v[j]!) * kept(logA, j, t)) : a),
      S0.map((line) => dot(line, row) * kept(logA, -1, t)),
    ),
  );
  const dk = v.map((row, j) =>
    q.reduce(
      (a, qt, t) => (t >= j ? plus(a, qt, dot(dO[t]!, row) * kept(logA, j, t)) : a),
      dS.map((line) => dot(line, row) * kept(logA, j, end)),
    ),
  );
  const dv = k.map((row, j) =>
    q.reduce(
      (a, qt, t) => (t >= j ? plus(a, dO[t]!, dot(qt, row) * kept(logA, j, t)) : a),
      scaled(weighted(row, dS), kept(logA, j, end)),
    ),
  );
  const dS0 = S0.map((_, d) =>
    q.reduce((a, qt, t) => plus(a, dO[t]!, qt[d]! * kept(logA, -1, t)), scaled(dS[d]!, kept(logA, -1, end))),
  );
  // A decay at u scales all that is written before it and read at or after it.
  const dlog_a = list(N, (u) => {
    let total = 0;
    for (let t = u; t < N; t++) {
      for (let j = 0; j < u; j++) total += dot(q[t]!, k[j]!) * kept(logA, j, t) * dot(v[j]!, dO[t]!);
      total += dot(weighted(q[t]!, S0), dO[t]!) * kept(logA, -1, t);
    }
    for (let j = 0; j < u; j++)
      total +=
        kept(logA, j, end) *
        dot(
          k[j]!,
          dS.map((line) => dot(line, v[j]!)),
        );
    return total + kept(logA, -1, end) * sum(S0.map((row, d) => dot(row, dS[d]!)));
  });
  return { dq, dk, dv, dlog_a, dS0 };
}

const text = {
  fixed: { D: 6, E: 5 },
  hazards: ['normal', 'strong', 'null', 'mixed'],
} as const;

export const cases = [
  referenceCase({
    ...text,
    example: 'lin_decay_fwd',
    inputs: ({ normal, logGates, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_a: logGates(B, H, N),
      S0: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, log_a, S0 }, sizes) =>
      eachHead(sizes, (b, h) =>
        forward({
          q: matrix(q, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          logA: vector(log_a, b, h),
          S0: matrix(S0, b, h),
        }),
      ),
  }),
  referenceCase({
    ...text,
    example: 'lin_decay_fwd',
    kernel: 'lin_decay_fwd_chunk',
    lengths: [1, 5, 16],
    inputs: ({ normal, logGates, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_a: logGates(B, H, N),
      S_in: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, log_a, S_in }, sizes) =>
      eachHead(sizes, (b, h) => {
        const { o, S } = forward({
          q: matrix(q, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          logA: vector(log_a, b, h),
          S0: matrix(S_in, b, h),
        });
        return { o, S_out: S };
      }),
  }),
  referenceCase({
    ...text,
    example: 'lin_decay_bwd',
    lengths: [1, 5, 20, 70],
    // Where gates let nothing through, their gradient is what is left of sums that cancel.
    hazards: ['normal', 'null', 'mixed'],
    inputs: ({ normal, logGates, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_a: logGates(B, H, N),
      S0: normal(B, H, D, E),
      do: normal(B, H, N, E),
      dS_end: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, log_a, S0, do: dO, dS_end }, sizes) =>
      eachHead(sizes, (b, h) => {
        const head = {
          q: matrix(q, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          logA: vector(log_a, b, h),
          S0: matrix(S0, b, h),
        };
        const [own, end] = [matrix(dO, b, h), matrix(dS_end, b, h)];
        const gradients = backward(head, own, end);
        if (sizes.N <= 20) {
          const value = (): number => objective(head, own, end);
          const t = sizes.N >> 1;
          const pairs = [
            [slopeAt(value, [head.q[t]!, 1]), gradients.dq[t]![1]!],
            [slopeAt(value, [head.k[t]!, 2]), gradients.dk[t]![2]!],
            [slopeAt(value, [head.v[t]!, 3]), gradients.dv[t]![3]!],
            [slopeAt(value, [head.logA, t]), gradients.dlog_a[t]!],
            [slopeAt(value, [head.S0[1]!, 2]), gradients.dS0[1]![2]!],
          ] as const;
          for (const [slope, gradient] of pairs)
            if (!(Math.abs(slope - gradient) <= 1e-4 * (1 + Math.abs(slope))))
              throw new Error(`a gradient is ${gradient} where differences give ${slope}`);
        }
        return gradients;
      }),
  }),
];
