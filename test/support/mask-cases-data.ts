/** Masks that tensors decide: packed sequences, pages, trees and graphs, with data as programs have it. */
import { deriveSeed, randomFrom } from '../../src/runtime/random.ts';
import {
  attend,
  attendDense,
  normal,
  scaledDot,
  upTo,
  whole,
  type Data,
  type Dense,
  type MaskCase,
} from './mask-reference.ts';

const [H, G, D, E] = [4, 2, 4, 3];

/** Where sequences of these lengths start when they lie one behind the other, and their total. */
const starts = (lengths: readonly number[]): number[] =>
  lengths.reduce((all, n) => [...all, all.at(-1)! + n], [0]);

/** Attention of each sequence by itself; queries [i, h, d], keys [j, g, d]. */
function ragged(lengths: readonly (readonly [number, number])[]): MaskCase {
  const cu_q = starts(lengths.map(([n]) => n));
  const cu_k = starts(lengths.map(([, m]) => m));
  const [N, M] = [cu_q.at(-1)!, cu_k.at(-1)!];
  const [q, k, v] = [normal('ragged q', N, H, D), normal('ragged k', M, G, D), normal('ragged v', M, G, E)];
  const y = new Array<number>(N * H * E).fill(NaN);
  lengths.forEach(([n, m], at) => {
    for (let h = 0; h < H; h++) {
      const key = (j: number): number => (cu_k[at]! + j) * G + Math.floor(h / (H / G));
      const part = attend({
        rows: n,
        keys: m,
        width: E,
        sees: (i, j) => j <= i + m - n,
        score: (i, j) => scaledDot(q, (cu_q[at]! + i) * H + h, k, key(j), D),
        value: (j, e) => v.data[key(j) * E + e]!,
      });
      for (let i = 0; i < n; i++) {
        for (let e = 0; e < E; e++) y[((cu_q[at]! + i) * H + h) * E + e] = part.y[i * E + e]!;
      }
    }
  });
  const sequence = lengths.flatMap(([n], at) => upTo(n).map(() => at));
  return {
    example: 'varlen',
    inputs: { q, k, v, sequence: whole(sequence), cu_q: whole(cu_q), cu_k: whole(cu_k) },
    expected: { y },
  };
}

function shuffled(n: number, label: string): number[] {
  const random = randomFrom(deriveSeed(5, label));
  return upTo(n)
    .map((x) => [random.next(), x] as const)
    .sort(([a], [b]) => a - b)
    .map(([, x]) => x);
}

/** Keys [b, g, j, e] in pages that lie in any order; what no key fills holds large numbers. */
function paged(cache: Data, page: number, lengths: readonly number[], table: readonly number[]): Data {
  const [, groups, most, width] = cache.shape as [number, number, number, number];
  const blocks = Math.ceil(most / page);
  const data = new Array<number>(table.length * page * groups * width).fill(50);
  lengths.forEach((n, b) => {
    for (let j = 0; j < n; j++)
      for (let g = 0; g < groups; g++)
        for (let e = 0; e < width; e++) {
          const row = table[b * blocks + Math.floor(j / page)]! * page + (j % page);
          data[(row * groups + g) * width + e] = cache.data[((b * groups + g) * most + j) * width + e]!;
        }
  });
  return { shape: [table.length, page, groups, width], data };
}

/** The same keys in one piece and in pages: `queries` new tokens for each request, or heads as rows for one token. */
function paging(example: 'paged' | 'paged_decode', page: number): MaskCase {
  const lengths = [21, 9];
  const batches = lengths.length;
  const keys = 24;
  const blocks = Math.ceil(keys / page);
  const table = shuffled(batches * blocks, `${example} ${page}`);
  const rows = 2;
  const k = normal(`${example} k`, batches, G, keys, D);
  const v = normal(`${example} v`, batches, G, keys, E);
  // Two queries of four heads, or one query with two heads for each of the two heads of keys.
  const heads = example === 'paged' ? H : G;
  const q = normal(`${example} q`, batches, heads, rows, D);
  const ahead = (row: number): number => (example === 'paged' ? rows - 1 - row : 0);
  const sees: Dense['sees'] = (b, row, key) => key < lengths[b]! - ahead(row);
  const { y, lse } = attendDense({ batches, heads, groups: G, rows, keys, q, k, v, sees });
  return {
    example,
    title: `pages of ${page}`,
    consts: { P: page },
    inputs: {
      q,
      keys: paged(k, page, lengths, table),
      values: paged(v, page, lengths, table),
      table: whole(table, batches, blocks),
      length: whole(lengths),
    },
    expected: example === 'paged' ? { y } : { y, lse },
  };
}

/** A random forest in preorder, as the parent of each node; roots have −1. */
function forest(n: number, label: string): number[] {
  const random = randomFrom(deriveSeed(7, label));
  const parents: number[] = [];
  for (let node = 0; node < n; node++) {
    // In preorder the parent is the node before, one of its ancestors, or nobody.
    let parent = node - 1;
    while (parent >= 0 && random.next() < 0.4) parent = parents[parent]!;
    parents.push(parent);
  }
  return parents;
}
/** Whether `node` is `of` or comes from it. */
function comesFrom(parents: readonly number[], node: number, of: number): boolean {
  for (let at = node; at >= 0; at = parents[at]!) if (at === of) return true;
  return false;
}

const NODES = 41;
const TEXT = 6;
const FORESTS = [forest(NODES, 'first'), forest(NODES, 'second')];

function treeCase(
  example: string,
  parents: readonly (readonly number[])[],
  inputs: MaskCase['inputs'],
): MaskCase {
  const keys = TEXT + NODES;
  const batches = parents.length;
  const q = normal(`${example} q`, batches, 1, NODES, D);
  const k = normal(`${example} k`, batches, 1, keys, D);
  const v = normal(`${example} v`, batches, 1, keys, E);
  const sees: Dense['sees'] = (b, i, j) => j < TEXT || comesFrom(parents[b]!, i, j - TEXT);
  const { y } = attendDense({ batches, heads: 1, rows: NODES, keys, q, k, v, sees });
  return { example, inputs: { q, k, v, ...inputs }, expected: { y } };
}

function tree(): MaskCase {
  const last = FORESTS.flatMap((parents) =>
    upTo(NODES).map((node) => Math.max(...upTo(NODES).filter((n) => comesFrom(parents, n, node)))),
  );
  return treeCase('tree', FORESTS, { last: whole(last, FORESTS.length, NODES) });
}

/** Rows of bits as words, the lowest bit first. */
function words(rows: readonly (readonly boolean[])[], ...shape: number[]): Data {
  const count = Math.ceil(rows[0]!.length / 32);
  const data = rows.flatMap((bits) =>
    upTo(count).map((w) =>
      bits.slice(32 * w, 32 * w + 32).reduce((sum, on, n) => sum + (on ? 2 ** n : 0), 0),
    ),
  );
  return whole(data, ...shape, count);
}

function treeBits(): MaskCase {
  // Nodes in any order: node n of the tree is at place[n].
  const place = shuffled(NODES, 'places');
  const moved = FORESTS.map((parents) => {
    const out = new Array<number>(NODES);
    parents.forEach((parent, node) => (out[place[node]!] = parent < 0 ? -1 : place[parent]!));
    return out;
  });
  const bits = moved.flatMap((parents) =>
    upTo(NODES).map((node) => upTo(NODES).map((of) => comesFrom(parents, node, of))),
  );
  return treeCase('tree_bits', moved, { ancestors: words(bits, FORESTS.length, NODES) });
}

function adjacency(): MaskCase {
  const [N, M, heads] = [19, 70, 2];
  const random = randomFrom(11);
  const neighbours = upTo(N).map((i) => new Set(i === 4 ? [] : upTo(6).map(() => random.int(0, M - 1))));
  const q = normal('graph q', heads, N, D);
  const k = normal('graph k', heads, M, D);
  const v = normal('graph v', heads, M, E);
  const sees: Dense['sees'] = (_, i, j) => neighbours[i]!.has(j);
  const { y } = attendDense({ batches: 1, heads, rows: N, keys: M, q, k, v, sees });
  const edges = words(
    neighbours.map((set) => upTo(M).map((j) => set.has(j))),
    N,
  );
  return { example: 'adjacency', inputs: { q, k, v, edges }, expected: { y } };
}

export const DATA_CASES: readonly MaskCase[] = [
  ragged([
    [5, 9],
    [7, 7],
    [3, 0],
    [0, 4],
    [6, 2],
    [1, 12],
  ]),
  paging('paged', 16),
  paging('paged_decode', 1),
  paging('paged_decode', 7),
  paging('paged_decode', 16),
  tree(),
  treeBits(),
  adjacency(),
];
