/** Nodes of a tree by their parents: a node sees the text and the path to it, as if the path were all there is. */
import { eachHead, list, matrix, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { exact, HALF } from '../select.ts';
import { part } from './decoding.ts';
import { turned } from './qkscore.ts';

/** In preorder; a root has -1. Two trees of a batch differ. */
const parentsOf = (N: number, b: number): number[] =>
  list(N, (n) => (n === 0 ? -1 : n % 5 === b + 2 ? -1 : n % 3 === 0 ? Math.max(-1, n - 3) : n - 1)).reduce<
    number[]
  >((all, wanted, n) => {
    // A node of a preorder follows its parent's descendants: the parent is on the path to the node before.
    let at = n - 1;
    while (at > wanted && at >= 0) at = all[at]!;
    return [...all, at];
  }, []);

/** From the root to the node. */
const pathTo = (parents: readonly number[], n: number): number[] =>
  n < 0 ? [] : [...pathTo(parents, parents[n]!), n];

const TEXT = 3;
type Sizes = Readonly<Record<'B' | 'H' | 'N' | 'L' | 'D' | 'E', number>>;

const tensors = ({ sizes: { B, H, N, L, D, E }, values }: Pick<Draw<keyof Sizes>, 'sizes' | 'values'>) => ({
  q: values([B, H, N, D], exact),
  k: values([B, H, L + N, D], exact),
  v: values([B, H, L + N, E], exact),
});
/** Bit `of` of a node: whether it is on the path to the node. */
const words = ({ sizes: { B, N }, values }: Pick<Draw<keyof Sizes>, 'sizes' | 'values'>) => {
  const count = Math.ceil(N / 32);
  return values([B, N, count], (_, flat) => {
    const [b, i, w] = [Math.floor(flat / (N * count)), Math.floor(flat / count) % N, flat % count];
    const path = pathTo(parentsOf(N, b), i);
    return path.reduce((bits, n) => (Math.floor(n / 32) === w ? bits + 2 ** (n % 32) : bits), 0);
  });
};

const text = {
  fixed: { D: 8, E: 4 },
  lengths: [1, 7, 23],
  tolerance: HALF,
  sizes: (N: number) => ({ B: 2, H: 2, N, L: TEXT }),
} as const;

/** Sequential decoding: the text, then the path, each key at its place. */
const rowsOf = (q: Matrix, k: Matrix, v: Matrix, parents: readonly number[], turn: boolean): Matrix =>
  q.map((row, i) => {
    const path = pathTo(parents, i).map((n) => TEXT + n);
    const seen = [...list(TEXT, (j) => j), ...path];
    const at = (x: number[], position: number): number[] => (turn ? turned(x, position) : x);
    const keys = seen.map((j, position) => at(k[j]!, position));
    const values = seen.map((j) => v[j]!);
    return part(at(row, seen.length - 1), keys, values, () => true).o;
  });

const reference = (turn: boolean) => (x: Readonly<Record<string, Tensor>>, sizes: Sizes) =>
  eachHead(sizes, (b, h) => {
    const [q, k, v] = [matrix(x['q']!, b, h), matrix(x['k']!, b, h), matrix(x['v']!, b, h)];
    return { y: rowsOf(q, k, v, parentsOf(sizes.N, b), turn) };
  });

export const cases = [
  referenceCase({
    ...text,
    example: 'tree',
    inputs: (draw) => ({
      ...tensors(draw),
      last: draw.values([draw.sizes.B, draw.sizes.N], (_, flat) => {
        const [b, n] = [Math.floor(flat / draw.sizes.N), flat % draw.sizes.N];
        const parents = parentsOf(draw.sizes.N, b);
        return list(draw.sizes.N, (i) => i).findLast((i) => pathTo(parents, i).includes(n))!;
      }),
    }),
    reference: reference(false),
  }),
  referenceCase({
    ...text,
    example: 'tree_bits',
    inputs: (draw) => ({ ...tensors(draw), ancestors: words(draw) }),
    reference: reference(false),
  }),
  referenceCase({
    ...text,
    example: 'tree_positions',
    inputs: (draw) => ({
      ...tensors(draw),
      ancestors: words(draw),
      depth: draw.values([draw.sizes.B, draw.sizes.N], (_, flat) => {
        const [b, n] = [Math.floor(flat / draw.sizes.N), flat % draw.sizes.N];
        return pathTo(parentsOf(draw.sizes.N, b), n).length - 1;
      }),
    }),
    reference: reference(true),
  }),
];
