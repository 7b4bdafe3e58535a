/** Sequences that are shared by ranks: each kernel against the rows that the whole sequence has there. */
import { dot, eachHead, element, list, matrix, plus, scaled, sum, vector, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF } from '../select.ts';
import { part } from './decoding.ts';

const RANK = 2;
const RANKS = 4;

/** sum_n a_n b_n^T with a weight for each n. */
const outer = (a: Matrix, b: Matrix, weight: (n: number) => number = () => 1): Matrix =>
  a[0]!.map((_, d) => b[0]!.map((_e, e) => sum(a.map((row, n) => weight(n) * row[d]! * b[n]![e]!))));
const times = (x: readonly number[], m: Matrix): number[] =>
  m[0]!.map((_, e) => sum(x.map((a, d) => a * m[d]![e]!)));
const added = (all: readonly Matrix[], zero: Matrix): Matrix =>
  all.reduce((a, b) => a.map((row, n) => plus(row, b[n]!)), scaledBy(zero, 0));
const scaledBy = (m: Matrix, x: number): Matrix => m.map((row) => scaled(row, x));
const transposed = (m: Matrix): Matrix => m[0]!.map((_, c) => m.map((row) => row[c]!));

const linear = { fixed: { D: 6, E: 5 }, lengths: [1, 7, 33], params: { rank: RANK } } as const;

export const cases = [
  referenceCase({
    example: 'allgather_cp',
    fixed: { D: 8, E: 4 },
    lengths: [1, 7, 20],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 4, G: 2, N, M: RANKS * N }),
    params: { rank: RANK },
    inputs: ({ sizes: { B, H, G, N, M, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, G, M, D], exact),
      v: values([B, G, M, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const rows = matrix(q, b, h).map((row, i) =>
          part(row, matrix(k, b, h >> 1), matrix(v, b, h >> 1), (j) => j <= RANK * sizes.N + i),
        );
        return { y: rows.map(({ o }) => o), lse: rows.map(({ lse }) => lse) };
      }),
  }),
  referenceCase({
    example: 'ulysses',
    fixed: { D: 8, E: 4 },
    lengths: [1, 7, 12],
    tolerance: HALF,
    sizes: (C) => ({ B: 2, H: 4, G: 2, R: 3, C }),
    inputs: ({ sizes: { B, H, G, R, C, D, E }, values }) => ({
      q: values([R, B, C, H, D], exact),
      k: values([R, B, C, G, D], exact),
      v: values([R, B, C, G, E], exact),
    }),
    reference: ({ q, k, v }, { B, H, R, C, E }) => {
      const sent = new Float64Array(R * B * C * H * E);
      const whole = (x: typeof q, b: number, h: number): Matrix =>
        list(R * C, (i) => i).map((i) => vector(x, Math.floor(i / C), b, i % C, h));
      for (let b = 0; b < B; b++)
        for (let h = 0; h < H; h++) {
          const [keys, values] = [whole(k, b, h >> 1), whole(v, b, h >> 1)];
          whole(q, b, h).forEach((row, i) => {
            const { o } = part(row, keys, values, (j) => j <= i);
            const at = (((Math.floor(i / C) * B + b) * C + (i % C)) * H + h) * E;
            sent.set(o, at);
          });
        }
      return { sent: { shape: [R, B, C, H, E], data: sent } };
    },
  }),
  referenceCase({
    ...linear,
    example: 'lasp2',
    sizes: (N) => ({ B: 2, H: 3, R: RANKS, N }),
    inputs: ({ sizes: { B, H, R, N, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      states: normal(R, B, H, D, E),
    }),
    reference: ({ q, k, v, states }, sizes) =>
      eachHead(sizes, (b, h) => {
        const [keys, values] = [matrix(k, b, h), matrix(v, b, h)];
        // One position after the other, from the states of the ranks before.
        let S = added([matrix(states, 0, b, h), matrix(states, 1, b, h)], matrix(states, 0, b, h));
        const y = matrix(q, b, h).map((row, t) => {
          S = S.map((line, d) => plus(line, values[t]!, keys[t]![d]!));
          return times(row, S);
        });
        return { y };
      }),
  }),
  referenceCase({
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    example: 'lasp2',
    kernel: 'lasp2_state',
    sizes: (N) => ({ B: 2, H: 3, N }),
    hazards: ['normal', 'strong', 'null'],
    inputs: ({ sizes: { B, H, N, D, E }, normal, logGates }) => ({
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_a: logGates(B, H, N),
    }),
    reference: ({ k, v, log_a }, sizes) =>
      eachHead(sizes, (b, h) => {
        const gates = vector(log_a, b, h);
        const after = (j: number): number => sum(gates.slice(j + 1));
        return {
          kv: outer(matrix(k, b, h), matrix(v, b, h), (j) => Math.exp(after(j))),
          log_all: sum(gates),
        };
      }),
  }),
  referenceCase({
    fixed: { D: 6, E: 5 },
    lengths: [3, 7],
    params: { rank: RANK },
    example: 'lasp2',
    kernel: 'lasp2_scan',
    sizes: (R) => ({ B: 2, H: 3, R }),
    hazards: ['normal', 'strong', 'null'],
    inputs: ({ sizes: { B, H, R, D, E }, normal, logGates }) => ({
      states: normal(R, B, H, D, E),
      log_all: logGates(R, B, H),
    }),
    reference: ({ states, log_all }, sizes) =>
      eachHead(sizes, (b, h) => {
        let S = scaledBy(matrix(states, 0, b, h), 0);
        for (let r = 0; r < RANK; r++) {
          const decay = Math.exp(element(log_all, r, b, h));
          S = S.map((row, d) => plus(vector(states, r, b, h, d), row, decay));
        }
        return { S };
      }),
  }),
  referenceCase({
    ...linear,
    example: 'lasp2',
    kernel: 'lasp2_bwd',
    sizes: (N) => ({ B: 2, H: 3, R: RANKS, N }),
    inputs: ({ sizes: { B, H, R, N, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      dy: normal(B, H, N, E),
      states: normal(R, B, H, D, E),
      dstates: normal(R, B, H, D, E),
    }),
    reference: ({ q, k, v, dy, states, dstates }, sizes) =>
      eachHead(sizes, (b, h) => {
        const [Q, K, V, dY] = [q, k, v, dy].map((x) => matrix(x, b, h)) as [Matrix, Matrix, Matrix, Matrix];
        const of = (x: typeof states, ranks: number[]): Matrix =>
          added(
            ranks.map((r) => matrix(x, r, b, h)),
            matrix(x, 0, b, h),
          );
        const S = of(
          states,
          list(RANK, (r) => r),
        );
        const dS = of(
          dstates,
          list(RANKS - RANK - 1, (r) => RANK + 1 + r),
        );
        const dq = dY.map((row, i) =>
          K.reduce((a, key, j) => (j <= i ? plus(a, key, dot(row, V[j]!)) : a), times(row, transposed(S))),
        );
        const dk = V.map((row, j) =>
          Q.reduce((a, qi, i) => (i >= j ? plus(a, qi, dot(dY[i]!, row)) : a), times(row, transposed(dS))),
        );
        const dv = K.map((row, j) =>
          Q.reduce((a, qi, i) => (i >= j ? plus(a, dY[i]!, dot(qi, row)) : a), times(row, dS)),
        );
        return { dq, dk, dv };
      }),
  }),
];
