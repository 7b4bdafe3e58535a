/** Decoding over single keys, overlapping blocks, keys drawn at random, and keys drawn by their weights. */
import type { Random } from '../../../src/runtime/random.ts';
import {
  dot,
  eachHead,
  list,
  matrix,
  plus,
  scaled,
  softmax,
  vector,
  weighted,
  type Matrix,
  type Tensor,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, exact, few, HALF, mean, topK } from '../select.ts';

const [BLOCK, STRIDE] = [8, 3];
const text = {
  example: 'kinetics',
  fixed: { D: 8, E: 4 },
  lengths: [1, 20, 65],
  tolerance: HALF,
};
const range = (n: number): number[] => list(n, (x) => x);

interface Params {
  readonly top: number;
  readonly sinks: number;
  readonly near: number;
}
type Kept = (query: Vector, k: Matrix, p: Params) => (j: number) => boolean;

const tokens: Kept = (query, k, { top, sinks, near }) => {
  const inside = (j: number): boolean => j >= sinks && j < k.length - near;
  const taken = topK(
    k.map((key) => dot(query, key)),
    top,
    inside,
  );
  return (j) => j < sinks || j >= k.length - near || taken.has(j);
};

const strided: Kept = (query, k, { top, sinks, near }) => {
  const starts = range(k.length)
    .map((c) => sinks + c * STRIDE)
    .filter((start) => start + BLOCK <= k.length - near);
  const taken = topK(
    starts.map((start) => dot(query, mean(k.slice(start, start + BLOCK)))),
    top,
  );
  const end = starts.length > 0 ? starts.at(-1)! + BLOCK : sinks;
  return (j) => j < sinks || j >= end || [...taken].some((c) => j >= starts[c]! && j < starts[c]! + BLOCK);
};

const selected = (
  kernel: string,
  kept: Kept,
  variant: string,
  params: Params,
  value: (r: Random) => number,
  all = false,
) =>
  referenceCase({
    ...text,
    kernel,
    variant,
    ...(kernel === 'kinetics_strided' ? { consts: { block: BLOCK, stride: STRIDE } } : {}),
    sizes: (M) => ({ B: 2, H: 4, G: 2, M }),
    params: { ...params },
    inputs: ({ sizes: { B, H, G, M, D, E }, values }) => ({
      q: values([B, H, D], value),
      k: values([B, G, M, D], value),
      v: values([B, G, M, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const [keys, values] = [matrix(k, b, h >> 1), matrix(v, b, h >> 1)];
        const keep = kept(mean([h & ~1, h | 1].map((n) => vector(q, b, n))), keys, params);
        return { y: attend(vector(q, b, h), keys, values, (j) => all || keep(j)) };
      }),
  });

const logits = (x: { q: Tensor; k: Tensor }, b: number, h: number): Vector => {
  const q = vector(x.q, b, h);
  return matrix(x.k, b, h >> 1).map((key) => dot(q, key) * q.length ** -0.5);
};

const sampled = (variant: string, { sinks, near }: Omit<Params, 'top'>) =>
  referenceCase({
    ...text,
    kernel: 'kinetics_sampled',
    variant,
    sizes: (M) => ({ B: 2, H: 4, G: 2, M, S: 5 }),
    params: { sinks, near },
    inputs: ({ sizes: { B, H, G, M, S, D, E }, values }) => ({
      q: values([B, H, D], exact),
      k: values([B, G, M, D], exact),
      v: values([B, G, M, E], exact),
      sample: values([B, G, S], ({ next }) =>
        Math.min(M - 1, sinks + Math.floor(next() * Math.max(1, M - near - sinks))),
      ),
    }),
    reference: (x, sizes) =>
      eachHead(sizes, (b, h) => {
        const { M, S } = sizes;
        const s = logits(x, b, h);
        const v = matrix(x.v, b, h >> 1);
        const fixed = range(M).filter((j) => j < sinks || j >= M - near);
        const drawn = vector(x.sample, b, h >> 1);
        const bias = Math.log(Math.max(1, M - near - sinks) / S);
        const p = softmax([...fixed.map((j) => s[j]!), ...drawn.map((j) => s[j]! + bias)]);
        const rows = [...fixed, ...drawn].map((j) => v[j]!);
        return { y: weighted(p, rows) };
      }),
  });

const oracle = (variant: string, u: (r: Random) => number) =>
  referenceCase({
    ...text,
    kernel: 'kinetics_oracle',
    variant,
    sizes: (M) => ({ B: 2, H: 4, G: 2, M, S: 6 }),
    inputs: ({ sizes: { B, H, G, M, S, D, E }, values }) => ({
      q: values([B, H, D], exact),
      k: values([B, G, M, D], exact),
      v: values([B, G, M, E], exact),
      u: values([B, H, S], u),
    }),
    reference: (x, sizes) =>
      eachHead(sizes, (b, h) => {
        const p = softmax(logits(x, b, h));
        const drawn = vector(x.u, b, h).map((u) => {
          let [j, below] = [0, p[0]!];
          while (below <= u && j < p.length - 1) below += p[++j]!;
          return j;
        });
        const v = matrix(x.v, b, h >> 1);
        const total = drawn.reduce(
          (a, j) => plus(a, v[j]!),
          v[0]!.map(() => 0),
        );
        return { y: scaled(total, 1 / drawn.length), drawn };
      }),
  });

export const cases = [
  selected('kinetics_tokens', tokens, 'five keys', { top: 5, sinks: 3, near: 10 }, exact),
  selected('kinetics_tokens', tokens, 'ties', { top: 6, sinks: 1, near: 0 }, few),
  selected('kinetics_tokens', tokens, 'all keys', { top: 1000, sinks: 1, near: 2 }, exact, true),
  selected('kinetics_strided', strided, 'three blocks', { top: 3, sinks: 3, near: 5 }, exact),
  selected('kinetics_strided', strided, 'ties', { top: 2, sinks: 4, near: 0 }, few),
  selected('kinetics_strided', strided, 'all blocks', { top: 1000, sinks: 4, near: 8 }, exact, true),
  sampled('some keys', { sinks: 2, near: 4 }),
  oracle('some keys', ({ next }) => next()),
  oracle('first key', () => 0),
];
