/** Three branches: compressed blocks, the blocks that their weights choose for a group of heads, and a window. */
import type { Random } from '../../../src/runtime/random.ts';
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  plus,
  scaled,
  sigmoid,
  softmax,
  sum,
  tensor,
} from '../arrays.ts';
import type { Matrix, Tensor, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, causal, exact, few, HALF, mean, topK } from '../select.ts';

const [SIZE, STRIDE, BLOCK] = [8, 4, 16];

/** Whole compressed blocks of rows. */
const compress = (rows: Matrix): Matrix => {
  const out: Matrix = [];
  for (let from = 0; from + SIZE <= rows.length; from += STRIDE)
    out.push(mean(rows.slice(from, from + SIZE)));
  return out;
};

/** Weights of the compressed blocks that end at or before the query. */
function weightsOf(q: Vector, keys: Matrix, i: number): Vector {
  const visible = keys.filter((_, c) => c * STRIDE + SIZE - 1 <= i);
  return visible.length === 0 ? [] : softmax(visible.map((k) => dot(q, k) * q.length ** -0.5));
}

/** Tokens that a compressed block and a block have in common. */
const overlap = (c: number, s: number): number =>
  Math.max(0, Math.min(c * STRIDE + SIZE, (s + 1) * BLOCK) - Math.max(c * STRIDE, s * BLOCK));

function chosenBlocks(queries: Matrix, keys: Matrix, i: number, top: number): ReadonlySet<number> {
  const last = Math.floor(i / BLOCK);
  const weights = queries.map((q) => weightsOf(q, keys, i));
  const matters = list(last + 1, (s) =>
    s === 0 || s >= last - 1
      ? Infinity
      : sum(weights.map((w) => sum(w.map((x, c) => (x * overlap(c, s)) / STRIDE)))),
  );
  return topK(matters, top);
}

interface Inputs {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly z_compressed: Tensor;
  readonly z_chosen: Tensor;
  readonly z_window: Tensor;
}
interface Params {
  readonly top: number;
  readonly window: number;
}

function rowsOf(x: Inputs, b: number, h: number, group: readonly number[], { top, window }: Params): Matrix {
  const g = h >> 1;
  const [k, v] = [matrix(x.k, b, g), matrix(x.v, b, g)];
  const keys = compress(k);
  const values = compress(v);
  const heads = group.map((n) => matrix(x.q, b, n));
  const gate = (z: Tensor, i: number): number => sigmoid(element(z, b, h, i));
  return matrix(x.q, b, h).map((q, i) => {
    const weights = weightsOf(q, keys, i);
    const zero = v[0]!.map(() => 0);
    const compressed = weights.reduce((a, w, c) => plus(a, values[c]!, w), zero);
    const blocks = chosenBlocks(
      heads.map((rows) => rows[i]!),
      keys,
      i,
      top,
    );
    const chosen = attend(q, k, v, (j) => j <= i && blocks.has(Math.floor(j / BLOCK)));
    const near = attend(q, k, v, (j) => j <= i && i - j < window);
    return plus(
      plus(scaled(compressed, gate(x.z_compressed, i)), chosen, gate(x.z_chosen, i)),
      near,
      gate(x.z_window, i),
    );
  });
}

const text = {
  example: 'nsa',
  consts: { size: SIZE, stride: STRIDE, block: BLOCK },
  fixed: { D: 8, E: 4 },
  lengths: [1, 7, 64, 65, 200],
  tolerance: HALF,
  sizes: (N: number) => ({ B: 1, H: 4, G: 2, N }),
};
const draws =
  (value: (r: Random) => number) =>
  ({
    sizes: { B, H, G, N, D, E },
    values,
    normal,
  }: {
    sizes: Readonly<Record<'B' | 'H' | 'G' | 'N' | 'D' | 'E', number>>;
    values: (shape: readonly number[], value: (r: Random) => number) => Tensor;
    normal: (...shape: number[]) => Tensor;
  }) => ({
    q: values([B, H, N, D], value),
    k: values([B, G, N, D], value),
    v: values([B, G, N, E], exact),
    z_compressed: normal(B, H, N),
    z_chosen: normal(B, H, N),
    z_window: normal(B, H, N),
  });
const covered = (N: number): Tensor => tensor(list(N, (i) => (i >= SIZE - 1 && N >= SIZE ? 1 : 0)));

const cased = (variant: string, params: Params, value: (r: Random) => number) =>
  referenceCase({
    ...text,
    variant,
    params: { ...params },
    inputs: draws(value),
    reference: (x, sizes) => ({
      ...eachHead(sizes, (b, h) => ({ y: rowsOf(x, b, h, [h & ~1, h | 1], params) })),
      covered: covered(sizes.N),
    }),
  });

export const cases = [
  cased('four blocks', { top: 4, window: 12 }, exact),
  cased('ties', { top: 4, window: 12 }, few),
  // With gates that let one branch through, it is attention over all keys.
  referenceCase({
    ...text,
    variant: 'all blocks',
    params: { top: 1000, window: 5 },
    inputs: (draw) => {
      const shut = draw.values([draw.sizes.B, draw.sizes.H, draw.sizes.N], () => -1000);
      const open = draw.values([draw.sizes.B, draw.sizes.H, draw.sizes.N], () => 1000);
      return { ...draws(exact)(draw), z_compressed: shut, z_chosen: open, z_window: shut };
    },
    reference: ({ q, k, v }, sizes) => ({
      ...eachHead(sizes, (b, h) => ({
        y: causal(matrix(q, b, h), matrix(k, b, h >> 1), matrix(v, b, h >> 1)),
      })),
      covered: covered(sizes.N),
    }),
  }),
];
