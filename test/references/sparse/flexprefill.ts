/** Blocks of columns and diagonals, or blocks by means, per head by what the last queries say. */
import type { Random } from '../../../src/runtime/random.ts';
import {
  dot,
  eachHead,
  list,
  matrix,
  scaled,
  softmax,
  sum,
  table,
  tensor,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, block, causal, exact, HALF, mean, topP } from '../select.ts';

const SIZE = 8;

interface Params {
  readonly share: number;
  readonly limit: number;
}

const product = (a: Vector, b: Vector): number => dot(a, b) * a.length ** -0.5;
const divergence = (p: Vector, q: Vector): number =>
  sum(p.map((x, n) => (x > 0 ? x * Math.log(x / q[n]!) : 0)));

/** Weight of the last queries per block of keys and per band of diagonals. */
function bands(q: Matrix, k: Matrix): { readonly columns: Vector; readonly diagonals: Vector } {
  const N = k.length;
  const last = Math.min(SIZE, N);
  const columns = list(Math.ceil(N / SIZE), () => 0);
  const diagonals = [...columns];
  for (let i = N - last; i < N; i++)
    softmax(k.slice(0, i + 1).map((key) => product(q[i]!, key))).forEach((p, j) => {
      columns[Math.floor(j / SIZE)]! += p / last;
      diagonals[Math.floor((i - j) / SIZE)]! += p / last;
    });
  return { columns, diagonals };
}

function head(q: Matrix, k: Matrix, v: Matrix, { share, limit }: Params): { y: Matrix; by_means: number } {
  const blocks = Math.ceil(k.length / SIZE);
  const means = (rows: Matrix): Matrix => list(blocks, (n) => n).map((n) => mean(block(rows, n, SIZE)));
  const [queries, keys] = [means(q), means(k)];
  const { columns, diagonals } = bands(q, k);
  const newest = mean(q.slice(Math.max(0, q.length - SIZE)));
  const guess = softmax(keys.map((key) => product(newest, key)));
  const middle = guess.map((x, n) => (x + columns[n]!) / 2);
  const apart = Math.sqrt(Math.max(0, (divergence(guess, middle) + divergence(columns, middle)) / 2));
  const [inColumn, inDiagonal] = [topP(columns, share), topP(diagonals, share)];
  const map = queries.flatMap((query, r) => {
    const row = scaled(softmax(keys.slice(0, r + 1).map((key) => product(query, key))), 1 / blocks);
    return list(blocks, (c) => row[c] ?? 0);
  });
  const whole = topP(map, share);
  const kept = table(blocks, blocks, (r, c) =>
    c === 0 ||
    c === r ||
    (apart < limit ? whole.has(r * blocks + c) : inColumn.has(c) || inDiagonal.has(r - c))
      ? 1
      : 0,
  );
  const at = (n: number): number => Math.floor(n / SIZE);
  const y = q.map((row, i) => attend(row, k, v, (j) => j <= i && kept[at(i)]![at(j)] === 1));
  return { y, by_means: apart < limit ? 1 : 0 };
}

const cased = (variant: string, params: Params, value: (r: Random) => number, all = false) =>
  referenceCase({
    example: 'flexprefill',
    variant,
    consts: { size: SIZE },
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 3, N }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) => ({
      ...eachHead(sizes, (b, h) => {
        const [rows, keys, values] = [matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)];
        const made = head(rows, keys, values, params);
        return all ? { ...made, y: causal(rows, keys, values) } : made;
      }),
      looked: tensor(list(SIZE, (x) => (x >= SIZE - sizes.N ? 1 : 0))),
    }),
  });

export const cases = [
  cased('columns and diagonals', { share: 0.6, limit: 0 }, exact),
  cased('by means', { share: 0.7, limit: 10 }, exact),
  cased('as heads say', { share: 0.8, limit: 0.25 }, exact),
  cased('all blocks, columns', { share: 1, limit: 0 }, exact, true),
  cased('all blocks, means', { share: 1, limit: 10 }, exact, true),
];
