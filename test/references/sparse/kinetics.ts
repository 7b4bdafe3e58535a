/** One query of each head over the first keys, the last ones, and the blocks between them that suit its group. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, vector, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, exact, few, HALF, mean, topK } from '../select.ts';

const BLOCK = 8;

interface Params {
  readonly top: number;
  readonly sinks: number;
  readonly near: number;
}

function kept(group: Matrix, k: Matrix, { top, sinks, near }: Params): (j: number) => boolean {
  const blocks = Math.floor(Math.max(0, k.length - near - sinks) / BLOCK);
  const query = mean(group);
  const scores = list(blocks, (c) => {
    const from = sinks + c * BLOCK;
    return dot(query, mean(k.slice(from, from + BLOCK)));
  });
  const chosen = topK(scores, top);
  return (j) => j < sinks || j >= sinks + blocks * BLOCK || chosen.has(Math.floor((j - sinks) / BLOCK));
}

const cased = (
  variant: string,
  params: Params,
  value: (r: Random) => number,
  keep: (group: Matrix, k: Matrix) => (j: number) => boolean = (group, k) => kept(group, k, params),
) =>
  referenceCase({
    example: 'kinetics',
    variant,
    consts: { block: BLOCK },
    fixed: { D: 8, E: 4 },
    lengths: [1, 20, 64, 65, 200],
    tolerance: HALF,
    sizes: (M) => ({ B: 2, H: 4, G: 2, M }),
    params: { ...params },
    inputs: ({ sizes: { B, H, G, M, D, E }, values }) => ({
      q: values([B, H, D], value),
      k: values([B, G, M, D], value),
      v: values([B, G, M, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h): { y: Vector } => {
        const [keys, values] = [matrix(k, b, h >> 1), matrix(v, b, h >> 1)];
        const group = [h & ~1, h | 1].map((n) => vector(q, b, n));
        return { y: attend(vector(q, b, h), keys, values, keep(group, keys)) };
      }),
  });

export const cases = [
  cased('five blocks', { top: 5, sinks: 3, near: 10 }, exact),
  cased('ties', { top: 4, sinks: 4, near: 0 }, few),
  cased('all blocks', { top: 1000, sinks: 4, near: 8 }, exact, () => () => true),
];
