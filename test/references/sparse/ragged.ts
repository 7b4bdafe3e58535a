/** Packed sequences, cut apart; each is causal with its last query at its last key. */
import { element, list, tensor, vector, type Tensor, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF } from '../select.ts';
import { part } from './decoding.ts';

/** Queries and keys of sequences: more queries than keys, no queries, no keys, single ones, and a longer one. */
const counts = (n: number): readonly (readonly [number, number])[] => [
  [3, 2],
  [0, 4],
  [2, 0],
  [1, 1],
  [n, n + 5],
];
const ends = (n: number, which: 0 | 1): number[] =>
  counts(n).reduce<number[]>((all, pair) => [...all, all.at(-1)! + pair[which]], [0]);
const TOTAL = 6;

export const cases = [
  referenceCase({
    example: 'varlen',
    fixed: { D: 8, E: 4 },
    lengths: [7, 13, 60],
    tolerance: HALF,
    sizes: (N) => ({ H: 4, G: 2, S: 5, N, M: N - TOTAL + 5 + 7 }),
    inputs: ({ sizes: { H, G, S, N, M, D, E }, values }) => {
      const [cuQ, cuK] = [ends(N - TOTAL, 0), ends(N - TOTAL, 1)];
      if (cuQ[S] !== N || cuK[S] !== M) throw new Error('sequences do not fill the tensors');
      return {
        q: values([N, H, D], exact),
        k: values([M, G, D], exact),
        v: values([M, G, E], exact),
        sequence: values([N], (_, i) => cuQ.findLastIndex((start) => start <= i)),
        cu_q: values([S + 1], (_, n) => cuQ[n]!),
        cu_k: values([S + 1], (_, n) => cuK[n]!),
      };
    },
    reference: ({ q, k, v, cu_q, cu_k }, { H, S }) => {
      const rows = (x: Tensor, g: number, from: number, to: number): Vector[] =>
        list(to - from, (n) => from + n).map((n) => vector(x, n, g));
      const out: Vector[][] = [];
      for (let s = 0; s < S; s++) {
        const [firstQ, endQ] = [element(cu_q, s), element(cu_q, s + 1)];
        const [firstK, endK] = [element(cu_k, s), element(cu_k, s + 1)];
        for (let i = firstQ; i < endQ; i++)
          out.push(
            list(H, (h) => h).map((h) => {
              const [keys, values] = [rows(k, h >> 1, firstK, endK), rows(v, h >> 1, firstK, endK)];
              const last = i - firstQ + (endK - firstK) - (endQ - firstQ);
              if (keys.length === 0) return list(v.shape[2]!, () => 0);
              return part(vector(q, i, h), keys, values, (j) => j <= last).o;
            }),
          );
      }
      return { y: tensor(out) };
    },
  }),
];
