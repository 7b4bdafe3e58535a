/** Masks over one axis of positions, each with its keys found in another way than the example's formula does. */
import { attendDense, normal, upTo, whole, type Dense, type MaskCase } from './mask-reference.ts';

const [B, H, N, D, E] = [2, 2, 23, 4, 3];

type Sees = Dense['sees'];
interface Rest {
  readonly params?: Readonly<Record<string, number>>;
  readonly inputs?: MaskCase['inputs'];
  readonly keys?: number;
  readonly groups?: number;
  readonly title?: string;
}

/** A case over tensors [b, h, position, feature]. */
function rows(example: string, sees: Sees, rest: Rest = {}): MaskCase {
  const keys = rest.keys ?? N;
  const groups = rest.groups ?? H;
  const q = normal(`${example} q`, B, H, N, D);
  const k = normal(`${example} k`, B, groups, keys, D);
  const v = normal(`${example} v`, B, groups, keys, E);
  const { y } = attendDense({ batches: B, heads: H, groups, rows: N, keys, q, k, v, sees });
  return {
    example,
    title: rest.title,
    params: rest.params,
    inputs: { q, k, v, ...rest.inputs },
    expected: { y },
  };
}

/** Documents of these lengths, one behind the other, as lists of their positions. */
const documents = (lengths: readonly number[]): number[][] => {
  let at = 0;
  return lengths.map((n) => upTo(n).map(() => at++));
};
const PACKED = [documents([5, 1, 9, 8]), documents([14, 2, 7])];

function prefixDocument(prefix: number): MaskCase {
  const id = PACKED.flatMap((all) => all.flatMap((positions, n) => positions.map(() => n)));
  const start = PACKED.flatMap((all) => all.flatMap((positions) => positions.map(() => positions[0]!)));
  const sees: Sees = (b, i, j) =>
    PACKED[b]!.some((positions) => {
      const [from, to] = [positions.indexOf(i), positions.indexOf(j)];
      return from >= 0 && to >= 0 && (to <= from || to < prefix);
    });
  return rows('prefix_document', sees, {
    params: { prefix },
    inputs: { id: whole(id, B, N), start: whole(start, B, N) },
  });
}

/** Consecutive positions in groups of a size; the last group may be smaller. */
const groupsOf = (size: number, n = N): number[][] =>
  upTo(Math.ceil(n / size)).map((at) => upTo(n).slice(at * size, (at + 1) * size));
const together = (size: number, i: number, j: number): boolean =>
  groupsOf(size).some((group) => group.includes(i) && group.includes(j));

function globalTokens(width: number): MaskCase {
  const marked = [new Set([0, 11]), new Set([7])];
  return rows(
    'global',
    (b, i, j) => (i - width < j && j < i + width) || marked[b]!.has(i) || marked[b]!.has(j),
    {
      params: { width },
      inputs: {
        marked: whole(
          marked.flatMap((m) => upTo(N).map((n) => +m.has(n))),
          B,
          N,
        ),
      },
    },
  );
}

/** The two sets of the paper, without its two heads. */
function strided(stride: number): MaskCase {
  const keys = (i: number): Set<number> => {
    const near = upTo(N).filter((j) => j >= Math.max(0, i - stride) && j <= i);
    const far: number[] = [];
    for (let j = i; j >= 0; j -= stride) far.push(j);
    return new Set([...near, ...far]);
  };
  return rows('strided', (_, i, j) => keys(i).has(j), { params: { stride } });
}
function fixedSummaries(size: number, summaries: number): MaskCase {
  const lasts = new Set(groupsOf(size).flatMap((g) => (g.length < size ? [] : g.slice(size - summaries))));
  const partial = groupsOf(size).filter((g) => g.length < size)[0] ?? [];
  for (const j of partial) if (partial.indexOf(j) >= size - summaries) lasts.add(j);
  return rows('fixed_summaries', (_, i, j) => j <= i && (together(size, i, j) || lasts.has(j)), {
    params: { size, summaries },
  });
}

function powerBlocks(size: number, window: number, sinks: number): MaskCase {
  const distances = new Set([...upTo(window), 0, 1, 2, 4, 8, 16]);
  const blockOf = (i: number): number => groupsOf(size).findIndex((g) => g.includes(i));
  return rows(
    'powerattn',
    (_, i, j) => j <= i && (blockOf(j) < sinks || distances.has(blockOf(i) - blockOf(j))),
    { params: { size, window, sinks }, title: `window ${window}, sinks ${sinks}` },
  );
}

/** Learned queries and the tokens of F frames: a query sees the first frames in proportion to its place. */
function videoFrames(frames: number, queries: number, tokens: number): MaskCase {
  const [n, m] = [frames * queries, frames * tokens];
  const q = normal('video q', H, n, D);
  const k = normal('video k', B, H, m, D);
  const v = normal('video v', B, H, m, E);
  const repeated = { shape: [B, H, n, D], data: [...q.data, ...q.data] };
  const frameOf = (j: number): number => groupsOf(tokens, m).findIndex((g) => g.includes(j));
  const sees: Sees = (_, i, j) => frameOf(j) * n < (i + 1) * frames;
  const { y } = attendDense({ batches: B, heads: H, rows: n, keys: m, q: repeated, k, v, sees });
  return { example: 'video_frames', params: { queries, tokens }, inputs: { q, k, v }, expected: { y } };
}

/** Lengths of the batches, queries and keys; the last query sees the last key. */
function raggedPadded(): MaskCase {
  const M = 31;
  const queries = [N, 6];
  const keys = [M, 13];
  const sees: Sees = (b, i, j) =>
    i < queries[b]! && keys[b]! - 1 - j >= queries[b]! - 1 - i && keys[b]! - 1 - j >= 0;
  return rows('ragged_padded', sees, { keys: M, inputs: { queries: whole(queries), keys: whole(keys) } });
}

function boolEdges(): MaskCase {
  const M = 37;
  const edge = normal('edges', B, N, M).data.map((x, at) => +(x > 0.75 && Math.floor(at / M) !== 3));
  return rows('adjacency_bool', (b, i, j) => edge[(b * N + i) * M + j] === 1, {
    keys: M,
    inputs: { edge: whole(edge, B, N, M) },
  });
}

export const ROW_CASES: readonly MaskCase[] = [
  globalTokens(3),
  strided(5),
  fixedSummaries(5, 2),
  powerBlocks(2, 1, 0),
  powerBlocks(2, 3, 1),
  prefixDocument(3),
  rows('chunked_local', (_, i, j) => j <= i && together(6, i, j), { params: { size: 6 }, groups: 1 }),
  rows('block_diag', (_, i, j) => together(7, i, j), { params: { size: 7 } }),
  rows(
    'sink_window',
    (_, i, j) => [0, 1, ...upTo(N).slice(Math.max(0, i - 3), i + 1)].filter((n) => n <= i).includes(j),
    {
      params: { width: 4, sinks: 2 },
    },
  ),
  videoFrames(5, 3, 7),
  raggedPadded(),
  boolEdges(),
];
