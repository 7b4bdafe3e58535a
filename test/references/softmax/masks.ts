/** Softmax attention that differs in nothing but which keys a query sees. */
import type { Tensor } from '../arrays.ts';
import { attentionCase, type Pair } from '../attention.ts';
import type { Draw, ReferenceCase } from '../case.ts';

const block = (x: number, size: number): number => Math.floor(x / size);
/** Whole numbers from 0 on, ascending along a row, so that neighbours are often equal. */
const ascending = ({ values }: Draw<string>, rows: number, length: number): Tensor => {
  let last = 0;
  return values([rows, length], ({ int }, flat) => (last = flat % length === 0 ? 0 : last + (int(0, 3) % 2)));
};
const integers = ({ values }: Draw<string>, most: number, ...shape: number[]): Tensor =>
  values(shape, ({ int }) => int(0, most));

/** Two blocks of 3 for each head and block. */
const blocks = (draw: Draw<string>): Tensor => {
  const count = Math.ceil(draw.sizes['N']! / 3);
  return integers(draw, count - 1, 3, count, 2);
};
const inside = (offset: number, left: number, right: number): boolean => -left <= offset && offset <= right;

const keeps = (
  example: string,
  keep: (x: Pair) => boolean,
  text: Partial<Parameters<typeof attentionCase>[0]> = {},
): ReferenceCase => attentionCase({ example, keep, ...text });

/** Fewer queries than keys, so that the last of both can be aligned. */
const few = (length: number) => ({ B: 2, H: 3, N: length, M: length + 6 });

export const cases = [
  keeps('causal', ({ i, j }) => j <= i),
  keeps('causal_bottom_right', ({ i, j, n }) => j <= i + n['M']! - n['N']!, { lse: true }),
  keeps('decode', ({ i, j, n }) => j <= i + n['M']! - n['N']!, { grouped: true }),
  keeps('gqa', ({ i, j }) => j <= i, { grouped: true }),
  keeps('cross', ({ b, j, at }) => j < at('length', b), {
    more: (draw) => ({ length: integers(draw, 9, draw.sizes['B']!) }),
    lse: true,
  }),
  keeps('sliding_window', ({ i, j }) => Math.abs(i - j) < 4, { params: { width: 4 } }),
  keeps('sink_window', ({ i, j }) => j <= i && (j < 2 || j > i - 5), {
    square: true,
    params: { width: 5, sinks: 2 },
  }),
  keeps('block_causal', ({ i, j }) => block(j, 5) <= block(i, 5), { params: { size: 5 } }),
  keeps('block_diag', ({ i, j }) => block(j, 5) === block(i, 5), { square: true, params: { size: 5 } }),
  keeps('chunked_local', ({ i, j }) => j <= i && block(j, 5) === block(i, 5), {
    square: true,
    grouped: true,
    params: { size: 5 },
  }),
  keeps('document', ({ b, i, j, at }) => j <= i && at('id', b, i) === at('id', b, j), {
    square: true,
    more: (draw) => ({ id: ascending(draw, draw.sizes['B']!, draw.sizes['N']!) }),
  }),
  keeps(
    'prefix_document',
    ({ b, i, j, at }) => at('id', b, i) === at('id', b, j) && (j <= i || j < at('start', b, i) + 2),
    {
      square: true,
      params: { prefix: 2 },
      more: ({ values, sizes: { B, N } }) => ({
        id: values([B!, N!], (_, flat) => block(flat % N!, 6)),
        start: values([B!, N!], (_, flat) => block(flat % N!, 6) * 6),
      }),
    },
  ),
  keeps('prefix', ({ b, i, j, at }) => j <= i || j < at('length', b), {
    more: (draw) => ({ length: integers(draw, 12, draw.sizes['B']!) }),
  }),
  keeps('dilated', ({ i, j }) => j <= i && i - j < 10 && (i - j) % 3 === 0, {
    params: { width: 10, step: 3 },
  }),
  keeps('strided', ({ i, j }) => j <= i && (i - j < 6 || (i - j) % 6 === 0), {
    square: true,
    params: { stride: 6 },
  }),
  keeps('fixed_summaries', ({ i, j }) => j <= i && (block(j, 6) === block(i, 6) || j % 6 >= 4), {
    square: true,
    params: { size: 6, summaries: 2 },
  }),
  keeps(
    'global',
    ({ b, i, j, at }) => Math.abs(i - j) < 3 || at('marked', b, i) === 1 || at('marked', b, j) === 1,
    {
      square: true,
      params: { width: 3 },
      more: ({ values, sizes: { B, N } }) => ({ marked: values([B!, N!], ({ int }) => +(int(0, 5) === 0)) }),
    },
  ),
  keeps(
    'powerattn',
    ({ i, j }) => {
      const x = block(i, 3) - block(j, 3);
      return j <= i && (block(j, 3) < 1 || x < 2 || Number.isInteger(Math.log2(x)));
    },
    { square: true, params: { size: 3, window: 2, sinks: 1 }, lengths: [1, 7, 41] },
  ),
  keeps('merged_blocks', ({ i, j }) => j <= i && (j < 2 || i - j < 5), { params: { window: 5, sinks: 2 } }),
  keeps('ragged_padded', raggedPadded, {
    sizes: few,
    more: (draw) => ({
      queries: integers(draw, draw.sizes['N']!, 2),
      keys: integers(draw, draw.sizes['M']!, 2),
    }),
  }),
  keeps('cab', ({ b, j, at }) => j < at('length', b), {
    kernel: 'cab_noncausal_self',
    square: true,
    more: paddedWithBias,
    score: ({ dot, i, j, at }) => dot + at('bias', i, j),
  }),
  keeps('cab', ({ b, i, j, at }) => j <= i && j < at('length', b), {
    kernel: 'cab_causal_self',
    square: true,
    more: paddedWithBias,
    score: ({ dot, i, j, at }) => dot + at('bias', i, j),
  }),
  keeps('cab', ({ b, j, at }) => j < at('length', b), {
    kernel: 'cab_noncausal_cross',
    more: paddedWithBias,
    score: ({ dot, i, j, at }) => dot + at('bias', i, j),
  }),
  keeps('cab', () => true, { kernel: 'cab_causal_cross', absent: ['length'] }),
  ...[
    { variant: 'first aligned', offsets: () => [0, 0] },
    { variant: 'last aligned', offsets: (n: number, m: number) => [m - n, m - n] },
    { variant: 'offsets', offsets: () => [-3, 4] },
  ].flatMap(({ variant, offsets }) =>
    [few, (length: number) => ({ B: 2, H: 3, N: length + 6, M: length })].map((sizes, shape) =>
      keeps('masked_cross', ({ b, i, j, at }) => j <= i + at('offset', b), {
        variant: `${variant}, ${shape === 0 ? 'fewer' : 'more'} queries`,
        sizes,
        more: ({ values, sizes: { N, M } }) => ({ offset: values([2], (_, b) => offsets(N!, M!)[b]!) }),
        lse: true,
      }),
    ),
  ),
  ...[
    { left: 4, right: 2 },
    { left: 0, right: 0 },
    { left: 3, right: 0 },
  ].map((params) =>
    keeps('window', ({ i, j, n }) => inside(j - (i + n['M']! - n['N']!), params.left, params.right), {
      variant: `${params.left} before and ${params.right} behind`,
      sizes: few,
      params,
    }),
  ),
  keeps(
    'frame_sink',
    ({ i, j }) => {
      const [ci, cj] = [block(i, 4), block(j, 4)];
      return cj <= ci && (cj < 1 || cj > ci - 2);
    },
    { square: true, params: { size: 4, sinks: 1, chunks: 3 } },
  ),
  keeps(
    'frame_window',
    ({ b, i, j, at }) => {
      const end = 4 * (block(i, 4) + 1);
      return (j < end && j >= end - 8 && j < at('length', b)) || j === i;
    },
    {
      square: true,
      params: { size: 4, frames: 2 },
      more: (draw) => ({ length: integers(draw, draw.sizes['N']!, draw.sizes['B']!) }),
    },
  ),
  keeps(
    'dilated_heads',
    ({ h, i, j, at }) => Math.abs(i - j) <= 3 * at('step', h) && Math.abs(i - j) % at('step', h) === 0,
    {
      square: true,
      params: { reach: 3 },
      more: ({ values, sizes: { H } }) => ({ step: values([H!], (_, h) => 1 + (h % 4)) }),
    },
  ),
  keeps(
    'bigbird',
    ({ h, i, j, n, at }) => {
      const [ci, cj, end] = [block(i, 3), block(j, 3), Math.ceil(n['N']! / 3) - 1];
      const ends = [ci, cj].some((c) => c === 0 || c === end);
      return ends || Math.abs(ci - cj) <= 1 || at('random', h, ci, 0) === cj || at('random', h, ci, 1) === cj;
    },
    {
      square: true,
      lengths: [1, 36, 38],
      sizes: (length) => ({ B: 2, H: 3, N: length, R: 2 }),
      consts: { size: 3 },
      more: (draw) => ({ random: blocks(draw) }),
    },
  ),
  keeps(
    'duplex_mask',
    ({ b, i, j, at }) => {
      const rule = at('rule', at('modality', b, i), at('modality', b, j));
      return rule === 2 || (rule === 1 && j <= i);
    },
    {
      square: true,
      sizes: (length) => ({ B: 2, H: 3, N: length, K: 3 }),
      more: (draw) => ({
        modality: integers(draw, 2, 2, draw.sizes['N']!),
        // The last modality sees nothing of itself and others, so that there are rows without keys.
        rule: draw.values([3, 3], (_, flat) => [2, 0, 1, 1, 2, 1, 0, 0, 0][flat]!),
      }),
    },
  ),
];

function paddedWithBias(draw: Draw<string>): Record<string, Tensor> {
  const { B, N, M = N } = draw.sizes;
  return { length: integers(draw, M!, B!), bias: draw.normal(N!, M!) };
}

function raggedPadded({ b, i, j, at }: Pair): boolean {
  const [queries, keys] = [at('queries', b), at('keys', b)];
  return i < queries && j < keys && j - keys <= i - queries;
}
