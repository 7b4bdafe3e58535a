/** A beam search over nodes of blocks, in which the first block of a node stands for all of it. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, tensor, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, block as blockOf, causal, exact, few, HALF, topK } from '../select.ts';

const [SIZE, BLOCK, MOST] = [8, 4, 3];

interface Params {
  readonly first: number;
  readonly step: number;
  readonly near: number;
  readonly sinks: number;
}
type Node = readonly [number, number];

/** Blocks of keys that a block of queries finds among those from `start` to before `end`. */
function search(queries: Matrix, k: Matrix, start: number, end: number): readonly number[] {
  const count = Math.max(0, end - start);
  if (count <= MOST) return list(count, (n) => start + n);
  let nodes = list(MOST, (t) => t).map((t): Node => [
    start + Math.floor((count * t) / MOST),
    start + Math.floor((count * (t + 1)) / MOST),
  ]);
  const fit = ([from]: Node): number =>
    Math.max(...blockOf(k, from, BLOCK).flatMap((key) => queries.map((q) => dot(q, key))));
  while (nodes.some(([from, to]) => to - from > 1)) {
    const halves = nodes
      .flatMap(([from, to]): Node[] => {
        const middle = from + Math.floor((to - from) / 2);
        return [
          [from, middle],
          [middle, to],
        ];
      })
      .filter(([from, to]) => from < to);
    nodes = [...topK(halves.map(fit), MOST)].map((n) => halves[n]!);
  }
  return nodes.map(([from]) => from);
}

function keptOf(
  q: Matrix,
  k: Matrix,
  { first, step, near, sinks }: Params,
): (i: number, j: number) => boolean {
  const found = list(Math.ceil(q.length / SIZE), (r) => r).map((r) => {
    const asked = blockOf(q, r, SIZE).filter((_, x) => x >= first && (x - first) % step === 0);
    const last = Math.min((r + 1) * SIZE, q.length) - 1;
    const visible = Math.floor(last / BLOCK) + 1;
    const blocks = new Set(search(asked, k, sinks, visible - near));
    return (n: number): boolean => blocks.has(n) || n < sinks || n >= visible - near;
  });
  return (i, j) => j <= i && found[Math.floor(i / SIZE)]!(Math.floor(j / BLOCK));
}

const cased = (variant: string, params: Params, value: (r: Random) => number, all = false) =>
  referenceCase({
    example: 'hip',
    variant,
    consts: { size: SIZE, block: BLOCK, most: MOST, rounds: 3 },
    fixed: { D: 8, E: 4 },
    lengths: all ? [1, 9, 12] : [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) => {
      const rows = list(sizes.N, (i) => i);
      const asked = rows.slice(0, Math.ceil(sizes.N / SIZE)).map((r) => {
        const own = Math.min(SIZE, sizes.N - r * SIZE);
        return own > params.first ? 1 : 0;
      });
      return {
        ...eachHead(sizes, (b, h) => {
          const [queries, keys, values] = [matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)];
          const keep = keptOf(queries, keys, params);
          const y = queries.map((row, i) => attend(row, keys, values, (j) => keep(i, j)));
          return {
            y: all ? causal(queries, keys, values) : y,
            kept: rows.map((i) => (rows.some((j) => keep(i, j)) ? 1 : 0)),
          };
        }),
        asked: tensor(asked),
      };
    },
  });

export const cases = [
  cased('search alone', { first: 0, step: 1, near: 0, sinks: 0 }, exact),
  cased('every second query', { first: 1, step: 2, near: 2, sinks: 1 }, exact),
  // Halves begin with their parent's first block, so that ties are many; equal keys make more.
  cased('ties', { first: 0, step: 1, near: 0, sinks: 0 }, few),
  cased('all blocks', { first: 0, step: 1, near: 0, sinks: 0 }, exact, true),
];
