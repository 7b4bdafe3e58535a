/** Random specs whose masks read what selections take, by scores with many ties. */
import fc from 'fast-check';
import type { SpecCase } from './spec-arbitrary.ts';

interface Choices {
  /** Keys per element of the selection's axis, and queries that share one selection; 0: all queries share it. */
  readonly size: number;
  readonly rows: number;
  readonly select: 'topk' | 'few' | 'topp' | 'limit';
  /** Elements of a selection that says how many when it is compiled. */
  readonly few: number;
  readonly forced: boolean;
  readonly exists: 'all' | 'past' | 'data';
  readonly mask: 'alone' | 'causal' | 'or own';
  readonly listed: boolean;
}

const any = {
  size: fc.constantFrom(1, 2, 4, 5),
  rows: fc.constantFrom(0, 1, 2, 4, 3),
  select: fc.constantFrom('topk', 'few', 'topp', 'limit'),
  few: fc.constantFrom(1, 2, 3, 17),
  forced: fc.boolean(),
  exists: fc.constantFrom('all', 'past', 'data'),
  mask: fc.constantFrom('alone', 'causal', 'or own'),
  listed: fc.boolean(),
};
const choices: fc.Arbitrary<Choices> = fc.record(any);
/** A known number of blocks, which have more than one key. */
const bounded: fc.Arbitrary<Choices> = fc.record({
  ...any,
  size: fc.constantFrom(2, 4, 5),
  select: fc.constant('few'),
  few: fc.constantFrom(1, 2, 3),
});

function specText(c: Choices): string {
  const shared = c.rows === 0;
  const score = shared ? 'g[h = 0, r = 0, c = c]' : 'g';
  const own = shared ? 'c == 0' : `c == r * ${c.rows} / ${c.size}`;
  // Few different numbers, none negative, whose sums are exact.
  const value = `floor((${score} + 30.0) / 12.0)`;
  const forced =
    c.forced && (c.select === 'topk' || c.select === 'few') ? `if ${own} then inf else ${value}` : value;
  const taken = {
    topk: `topk[c](fit, top)`,
    few: `topk[c](fit, ${c.few})`,
    topp: `topp[c](fit, share)`,
    limit: 'fit >= 3.0',
  }[c.select];
  const over = shared ? 'c' : 'h, r, c';
  const at = shared ? `chosen[c = j / ${c.size}]` : `chosen[r = i / ${c.rows}, c = j / ${c.size}]`;
  const keep = {
    alone: at,
    causal: `j <= i && ${at}`,
    'or own': `j / ${c.size} == i / ${c.size} || ${at}`,
  }[c.mask];
  return [
    'kernel selected {',
    `  axes h: H, i: N, j: M, r: (N + ${Math.max(1, c.rows)} - 1) / ${Math.max(1, c.rows)}`,
    `  axes c: (M + ${c.size} - 1) / ${c.size}, n: 3, d: 4, e: 4`,
    '  in q: f32[h, i, d]',
    '  in k: f32[h, j, d]',
    '  in v: f32[h, j, e]',
    '  in g: f32[h, r, c]',
    '  in there: bool[c]',
    '  param top: int',
    '  param share: float',
    ...(c.exists === 'past' && !shared ? [`  mask c * ${c.size} <= r * ${c.rows}`] : []),
    ...(c.exists === 'data' ? ['  mask there'] : []),
    `  let fit[${over}] = ${forced}`,
    `  let chosen[${over}] = ${taken}`,
    `  mask ${keep}`,
    '  score s = sum[d](q * k) * 0.01',
    '  normalize p = softmax[j](s)',
    '  out y: f32[h, i, e] = sum[j](p * v)',
    ...(c.listed
      ? [
          `  let list[${shared ? 'n' : 'h, r, n'}] = nth[c](chosen, n)`,
          '  out list',
          '  out count: i32[' + (shared ? '' : 'h, r') + '] = sum[c](chosen)',
        ]
      : []),
    '}',
    '',
  ].join('\n');
}

const LENGTHS = [1, 2, 5, 8, 13, 24, 33] as const;

const specs = (of: fc.Arbitrary<Choices>): fc.Arbitrary<SpecCase> =>
  fc
    .record({
      choices: of,
      H: fc.constantFrom(1, 2),
      N: fc.constantFrom(...LENGTHS),
      M: fc.constantFrom(...LENGTHS),
      top: fc.constantFrom(0, 1, 2, 3, 100),
      share: fc.constantFrom(0, 0.25, 0.5, 0.75, 1),
      seed: fc.nat(2 ** 31 - 1),
    })
    .map(({ choices: c, H, N, M, top, share, seed }) => ({
      text: specText(c),
      sizes: { H, N, M },
      params: { top, share },
      seed,
      scale: 1,
    }));

export const selections = specs(choices);
/** Of which tiles can be made of the rows that selected a block. */
export const boundedSelections = specs(bounded);
