/** Masks that people use, each as a kernel and once more as a function over positions, with sizes and tensors to try. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TensorData } from '../../src/tile/count-facts.ts';
import { seededRandom } from './mutate.ts';

export type Numbers = Readonly<Record<string, number>>;
export interface Setting {
  /** Sizes and params. */
  readonly values: Numbers;
  readonly tensors?: Readonly<Record<string, TensorData>>;
}
export interface CatalogueMask {
  readonly name: string;
  readonly source: string;
  readonly consts?: Numbers;
  readonly settings: readonly Setting[];
  /** The mask at a point: coordinates by axis. */
  readonly keeps: (at: Numbers, s: Setting) => boolean;
  /** More tiles may be visited than hold a kept pair: the mask's parts hang together in a way that is not seen. */
  readonly visitedUnseen?: true;
  /** Some full tiles cannot be told from what is known of a block: data decide element by element. */
  readonly fullUnseen?: true;
}

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../examples', `${name}.attn`), 'utf8');

/** A kernel with these mask lines over i and j. */
const plain = (declarations: string, ...masks: readonly string[]): string => `
kernel k {
  axes b: B, h: H, i: N, j: M, d: D, e: E
  in q: f32[b, h, i, d]
  in k: f32[b, h, j, d]
  in v: f32[b, h, j, e]
  ${declarations}
${masks.map((m) => `  mask ${m}`).join('\n')}
  score     s = scaled_dot[d](q, k)
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * v)
  out y: f32[b, h, i, e]
}`;

const lengths: readonly Numbers[] = [
  { B: 1, H: 2, G: 1, N: 64, M: 64 },
  { B: 1, H: 2, G: 1, N: 41, M: 23 },
  { B: 1, H: 2, G: 1, N: 19, M: 70 },
];
const squares: readonly Numbers[] = [40, 64, 77].map((N) => ({ B: 1, H: 2, G: 1, N, M: N }));
const images: readonly Numbers[] = [
  { B: 1, H: 1, Y: 8, X: 8 },
  { B: 1, H: 1, Y: 11, X: 7 },
  { B: 1, H: 1, Y: 9, X: 13 },
];

/** All combinations of sizes and params. */
const over = (sizes: readonly Numbers[], ...params: readonly Numbers[]): Setting[] =>
  sizes.flatMap((s) => (params.length > 0 ? params : [{}]).map((p) => ({ values: { ...s, ...p } })));

const tensor = (data: readonly number[], ...shape: number[]): TensorData => ({ shape, data });

/** Ids 0, 0, …, 1, 1, …: documents one after the other. */
function documents(N: number, mean: number, seed: number): number[] {
  const random = seededRandom(seed);
  let id = 0;
  return Array.from({ length: N }, (_, n) => (n > 0 && random() * mean < 1 ? ++id : id));
}
const withDocuments = (sizes: readonly Numbers[], ...params: readonly Numbers[]): Setting[] =>
  over(sizes, ...params).map(({ values }, n) => {
    const id = documents(values['N']!, 12, 7 + n);
    const start = id.map((x) => id.indexOf(x));
    const N = values['N']!;
    return { values, tensors: { id: tensor(id, 1, N), start: tensor(start, 1, N) } };
  });

/** A random tree with nodes in preorder: the greatest descendant of each. */
function greatestDescendants(N: number, seed: number): number[] {
  const random = seededRandom(seed);
  const last = Array.from({ length: N }, (_, n) => n);
  const path: number[] = [];
  for (let n = 0; n < N; n++) {
    while (path.length > 1 && random() < 0.45) path.pop();
    for (const a of path) last[a] = n;
    path.push(n);
  }
  return last;
}

const floorDiv = (a: number, b: number): number => Math.floor(a / b);
const mod = (a: number, b: number): number => a - b * Math.floor(a / b);
const at = (s: Setting, name: string, n: number): number => s.tensors![name]!.data[n]!;
const inNeighborhood = (i: number, j: number, n: number, size: number): boolean => {
  const first = Math.min(Math.max(i - floorDiv(size, 2), 0), n - size);
  return first <= j && j < first + size;
};

export const CATALOGUE: readonly CatalogueMask[] = [
  { name: 'full', source: example('sdpa'), settings: over(lengths), keeps: () => true },
  {
    name: 'causal, first query and first key together',
    source: plain('', 'causal(i, j)'),
    settings: over(lengths),
    keeps: ({ i, j }) => j! <= i!,
  },
  {
    name: 'causal, last query and last key together',
    source: example('causal_bottom_right'),
    settings: over(lengths),
    keeps: ({ i, j }, { values: { N, M } }) => j! - M! <= i! - N!,
  },
  {
    name: 'window on both sides',
    source: example('sliding_window'),
    settings: over(lengths, { width: 1 }, { width: 9 }, { width: 24 }),
    keeps: ({ i, j }, { values }) => Math.abs(i! - j!) < values['width']!,
  },
  {
    name: 'causal window',
    source: plain('param width: int = 4', 'window(i, j, width)'),
    settings: over(lengths, { width: 1 }, { width: 9 }, { width: 24 }),
    keeps: ({ i, j }, { values }) => j! <= i! && i! - j! < values['width']!,
  },
  {
    name: 'sinks and causal window',
    source: example('sink_window'),
    settings: over(squares, { width: 5, sinks: 2 }, { width: 24, sinks: 9 }, { width: 9, sinks: 0 }),
    keeps: ({ i, j }, { values }) => j! <= i! && (i! - j! < values['width']! || j! < values['sinks']!),
  },
  {
    name: 'prefix',
    source: example('prefix'),
    settings: over(lengths).map(({ values }, n) => ({
      values: { ...values, B: 2 },
      tensors: { length: tensor([3 + 5 * n, 40 - 9 * n], 2) },
    })),
    keeps: ({ b, i, j }, s) => j! <= i! || j! < at(s, 'length', b!),
  },
  {
    name: 'dilated window',
    source: example('dilated'),
    settings: over(lengths, { width: 24, step: 10 }, { width: 12, step: 17 }, { width: 40, step: 1 }),
    keeps: ({ i, j }, { values }) =>
      j! <= i! && i! - j! < values['width']! && mod(i! - j!, values['step']!) === 0,
  },
  {
    name: 'blocks on the diagonal',
    source: example('block_diag'),
    settings: over(squares, { size: 16 }, { size: 5 }, { size: 24 }),
    keeps: ({ i, j }, { values }) => floorDiv(i!, values['size']!) === floorDiv(j!, values['size']!),
  },
  {
    name: 'causal between blocks',
    source: example('block_causal'),
    settings: over(lengths, { size: 16 }, { size: 5 }, { size: 24 }),
    keeps: ({ i, j }, { values }) => floorDiv(j!, values['size']!) <= floorDiv(i!, values['size']!),
  },
  {
    name: 'strided',
    source: example('strided'),
    settings: over(squares, { stride: 3 }, { stride: 21 }, { stride: 30 }),
    keeps: ({ i, j }, { values }) =>
      j! <= i! && (i! - j! < values['stride']! || mod(i! - j!, values['stride']!) === 0),
  },
  {
    name: 'blocks at distances that are powers of two',
    source: example('powerattn'),
    settings: over(
      [...squares, { B: 1, H: 1, G: 1, N: 140, M: 140 }],
      { size: 8, window: 2, sinks: 1 },
      { size: 3, window: 0, sinks: 0 },
      { size: 5, window: 5, sinks: 2 },
    ),
    keeps: ({ i, j }, { values }) => {
      const x = floorDiv(i!, values['size']!) - floorDiv(j!, values['size']!);
      const power = x === 0 || Number.isInteger(Math.log2(x));
      return j! <= i! && (floorDiv(j!, values['size']!) < values['sinks']! || x < values['window']! || power);
    },
  },
  {
    name: 'documents',
    source: plain('in id: i32[b, i]\n  in key_id: i32[b, j]', 'id == key_id'),
    settings: withDocuments(squares).map((s) => ({
      ...s,
      tensors: { ...s.tensors, key_id: s.tensors!['id']! },
    })),
    keeps: ({ i, j }, s) => at(s, 'id', i!) === at(s, 'id', j!),
  },
  {
    name: 'documents, causal',
    source: example('document'),
    settings: withDocuments(squares),
    keeps: ({ i, j }, s) => at(s, 'id', i!) === at(s, 'id', j!) && j! <= i!,
  },
  {
    name: 'documents with a prefix',
    source: example('prefix_document'),
    settings: withDocuments(squares, { prefix: 3 }, { prefix: 20 }),
    keeps: ({ i, j }, s) =>
      at(s, 'id', i!) === at(s, 'id', j!) && (j! <= i! || j! < at(s, 'start', i!) + s.values['prefix']!),
  },
  {
    name: 'global tokens at the start',
    source: plain(
      'param width: int = 4\n  param first: int = 2',
      'i < first || j < first || abs(i - j) <= width',
    ),
    settings: over(lengths, { width: 5, first: 2 }, { width: 12, first: 11 }, { width: 0, first: 0 }),
    keeps: ({ i, j }, { values }) =>
      i! < values['first']! || j! < values['first']! || Math.abs(i! - j!) <= values['width']!,
  },
  {
    name: 'global tokens anywhere',
    source: example('global'),
    settings: over(squares, { width: 5 }, { width: 12 }).map(({ values }, n) => {
      const random = seededRandom(n + 3);
      const marks = tensor(
        Array.from({ length: values['N']! }, () => (random() < 0.05 ? 1 : 0)),
        1,
        values['N']!,
      );
      return { values, tensors: { marked: marks } };
    }),
    keeps: ({ i, j }, s) =>
      Math.abs(i! - j!) < s.values['width']! || at(s, 'marked', i!) !== 0 || at(s, 'marked', j!) !== 0,
    fullUnseen: true,
  },
  {
    name: 'neighbourhood in two dimensions',
    source: example('neighborhood_2d'),
    settings: over(images, { reach: 1 }, { reach: 3 }),
    keeps: ({ iy, ix, jy, jx }, { values }) =>
      Math.abs(iy! - jy!) <= values['reach']! && Math.abs(ix! - jx!) <= values['reach']!,
  },
  {
    name: 'neighbourhood in two dimensions, shifted at the borders',
    source: example('neighborhood_shifted'),
    settings: over(images, { size: 3 }, { size: 4 }, { size: 9 }),
    keeps: ({ iy, ix, jy, jx }, { values: { size, Y, X } }) =>
      inNeighborhood(iy!, jy!, Y!, size!) && inNeighborhood(ix!, jx!, X!, size!),
  },
  {
    name: 'dilated neighbourhood in two dimensions',
    source: example('neighborhood_2d').replace(
      /(param reach.*\n)([^]*)mask .*/,
      '$1  param step: int = 2\n$2mask abs(iy - jy) <= reach && (iy - jy) % step == 0 && abs(ix - jx) <= reach && (ix - jx) % step == 0',
    ),
    settings: over(images, { reach: 4, step: 2 }, { reach: 6, step: 3 }, { reach: 7, step: 7 }),
    keeps: ({ iy, ix, jy, jx }, { values: { reach, step } }) =>
      [iy! - jy!, ix! - jx!].every((x) => Math.abs(x) <= reach! && mod(x, step!) === 0),
  },
  {
    name: 'dilated neighbourhood in two dimensions, shifted at the borders',
    source: example('neighborhood_dilated'),
    settings: over(images, { size: 3, step: 2 }, { size: 2, step: 3 }, { size: 5, step: 1 }),
    keeps: ({ iy, ix, jy, jx }, { values: { size, step, Y, X } }) =>
      [[iy!, jy!, Y!] as const, [ix!, jx!, X!] as const].every(([i, j, n]) => {
        if (i % step! !== j % step!) return false;
        const own = Array.from({ length: n }, (_, x) => x).filter((x) => x % step! === i % step!);
        return inNeighborhood(own.indexOf(i), own.indexOf(j), own.length, size!);
      }),
    visitedUnseen: true,
    fullUnseen: true,
  },
  {
    name: 'shifted windows of an image',
    // Without its bias, which makes rows of one axis only.
    source: example('swin')
      .replace(/.*table: .*\n/, '')
      .replace(/ \+ relative_bias_2d.*/, ''),
    consts: { size: 4 },
    settings: over(images, { shift: 2 }, { shift: 0 }, { shift: 3 }),
    keeps: ({ iy, ix, jy, jx }, { values: { shift } }) =>
      floorDiv(iy! - shift!, 4) === floorDiv(jy! - shift!, 4) &&
      floorDiv(ix! - shift!, 4) === floorDiv(jx! - shift!, 4),
  },
  {
    name: 'causal within chunks',
    source: example('chunked_local'),
    settings: over(squares, { size: 16 }, { size: 5 }, { size: 24 }),
    keeps: ({ i, j }, { values }) =>
      j! <= i! && floorDiv(i!, values['size']!) === floorDiv(j!, values['size']!),
  },
  {
    name: 'groups of queries that see a growing number of frames',
    source: example('video_frames'),
    settings: over(
      lengths,
      { queries: 8, tokens: 13 },
      { queries: 5, tokens: 3 },
      { queries: 16, tokens: 16 },
    ),
    keeps: ({ i, j }, { values }) => floorDiv(j!, values['tokens']!) <= floorDiv(i!, values['queries']!),
  },
  {
    name: 'a tree of guesses after a text',
    source: example('tree'),
    settings: [8, 21, 48].flatMap((L) =>
      [40, 77].map((N) => ({
        values: { B: 1, H: 2, G: 1, N, M: N + L, L },
        tensors: { last: tensor(greatestDescendants(N, N + L), 1, N) },
      })),
    ),
    keeps: ({ i, j }, s) => {
      const node = j! - s.values['L']!;
      return node < 0 || (node <= i! && i! <= at(s, 'last', node));
    },
  },
];
