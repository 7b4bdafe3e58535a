/**
 * Random recurrences as source text, for lowering: steps of any kind, affine or not. States over different axes, some of
 * which others repeat; reads before and after assignments; vectors that are mixed, turned round or shifted; integers and
 * truth values; values that are reduced, read at other steps or carried again after the steps.
 */
import fc from 'fast-check';
import type { InterpretedTensor } from '../../src/ir/interpret.ts';
import { seededRandom } from './mutate.ts';

export interface StepsCase {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, InterpretedTensor>>;
  readonly seed: number;
}

/** What a statement of the block needs and makes. */
interface Statement {
  readonly text: string;
  readonly states?: readonly string[];
  readonly makes?: readonly string[];
  readonly reads?: readonly string[];
}

const STATES: Readonly<Record<string, string>> = {
  S: 'state S: f32[b, d, e] = S0',
  R: 'state R: f32[b, e, d]',
  z: 'state z: f32[b, d] = z0 * 0.5 + 0.1',
  u: 'state u: f32[b, e] = sum[d](S0)',
  m: 'state m: f32[b]',
  buf: 'state buf: f32[b, p, e] = 1',
  n: 'state n: i32[b, e] = 3',
  f: 'state f: bool[b, d]',
};

/** For states that no chosen statement assigns. */
const PLAIN: Readonly<Record<string, string>> = {
  S: 'S = g * S + k * v',
  R: 'R = 0.5 * R + k * v',
  z: 'z = g * z + k',
  u: 'u = 0.5 * u + v',
  m: 'm = max(0.5 * m, c)',
  buf: 'buf = 0.5 * buf[p = P - 1 - p] + v',
  n: 'n = n + count',
  f: 'f = if k > 0 then !f else f',
};

const STATEMENTS: readonly Statement[] = [
  { text: 'S = g * S + k * v', states: ['S'] },
  { text: 'S = S * 0.75 - 0.25 * k * sum[d](k * S)', states: ['S'] },
  { text: 'S = 0.5 * sum[x](M[d, x] * S[d = x]) + k * v', states: ['S'] },
  { text: 'S = 0.75 * S[d = D - 1 - d] + k', states: ['S'] },
  { text: 'S = tanh(S + z * c)', states: ['S', 'z'] },
  { text: 'S = S + 0.1 * R', states: ['S', 'R'] },
  { text: 'R = 0.5 * S + 0.25 * R', states: ['S', 'R'] },
  { text: 'z = g * z + k', states: ['z'] },
  { text: 'z = 0.5 * z + 0.125 * sum[e](v * S)', states: ['z', 'S'] },
  { text: 'z = 0.5 * (z + z[d = 0])', states: ['z'] },
  { text: 'u = 0.5 * u + v', states: ['u'] },
  { text: 'u = 0.5 * u + sum[d](k * S) * 0.25', states: ['u', 'S'] },
  { text: 'm = max(0.5 * m, c)', states: ['m'] },
  { text: 'm = 0.5 * m + 0.25 * max[d](z)', states: ['m', 'z'] },
  { text: 'buf = if p == 0 then v else buf[p = p - 1]', states: ['buf'] },
  { text: 'n = n * 3 % 7 + count', states: ['n'] },
  { text: 'n = if v > 0 then n + 1 else 0', states: ['n'] },
  { text: 'f = if k > 0 then !f else f', states: ['f'] },
  { text: 'y1 = sum[d](q * S)', states: ['S'], makes: ['y1'] },
  { text: 'y2 = sum[d](q * S) / (abs(sum[d](q * z)) + 1)', states: ['S', 'z'], makes: ['y2'] },
  { text: 'y3 = u * c + m', states: ['u', 'm'], makes: ['y3'] },
  { text: 'y4 = max[p](buf) - sum[p in 1..P](buf * w)', states: ['buf'], makes: ['y4'] },
  { text: 'y5 = max[d in 0..count](if f then z else -z)', states: ['f', 'z'], makes: ['y5'] },
  { text: 'y6 = 0.5 * S', states: ['S'], makes: ['y6'] },
  { text: 'y7 = if n > 2 then u else v', states: ['n', 'u'], makes: ['y7'] },
  { text: 'y8 = argmax[d](if f then d * 5 % 3 else -1)', states: ['f'], makes: ['y8'] },
  { text: 'y10 = sum[d in 1..n](k * S)', states: ['n', 'S'], makes: ['y10'] },
  { text: 'y11[a, t, e] = sum[d](qa * S[b = a / 2])', states: ['S'], makes: ['y11'] },
  { text: 'y12[a, t, d] = qa * z[b = a / 2]', states: ['z'], makes: ['y12'] },
  { text: 'm = 0.5 * m + 0.25 * max[r](o * c - m)', states: ['m'] },
  { text: 'z = 0.5 * z + 0.1 * sum[r](tanh(z + o))', states: ['z'] },
  { text: 'y13 = sum[r, e](W * u)', states: ['u'], makes: ['y13'] },
  { text: 'y14 = argmax[r](if o > m then r * 5 % 3 else -1)', states: ['m'], makes: ['y14'] },
  { text: 'y9 = sum[d, e](S * R)', states: ['S', 'R'], makes: ['y9'] },
];

/** Outside of the block: over values that it may have made. */
const AFTER: readonly Statement[] = [
  { text: 'let a1 = y1 * rsqrt(mean[e](y1 * y1) + 1)', reads: ['y1'], makes: ['a1'] },
  { text: 'let a2 = if t > 0 then y1[t = t - 1] else 0.0', reads: ['y1'], makes: ['a2'] },
  { text: 'let a3 = sum[j in 0..t + 1](y3[t = j])', reads: ['y3'], makes: ['a3'] },
  { text: 'let a4 = sum[t](y2)', reads: ['y2'], makes: ['a4'] },
  { text: 'let a5 = y1 - y2', reads: ['y1', 'y2'], makes: ['a5'] },
  { text: 'let a6 = sum[d](S) * 2', states: ['S'], makes: ['a6'] },
  { text: 'let a7 = y7 + u', states: ['u'], reads: ['y7'], makes: ['a7'] },
];

const SECOND: readonly { readonly reads: readonly string[]; readonly text: string }[] = [
  {
    reads: ['y1'],
    text: 'state T: f32[b, e] = 1\n recurrence over t reverse { T = 0.5 * T + y1\n r1 = T * v }\n out r1\n out T',
  },
  { reads: ['y3'], text: 'state T: f32[b, e]\n recurrence over t { r1 = T\n T = 0.5 * T + y3 }\n out r1' },
  { reads: ['y2'], text: 'state T: f32[b, t]\n recurrence over e { T = 0.5 * T + y2 }\n out T' },
];

const HEAD = `axes b: B, t: N, j: N, p: P, d: D, e: E, x: D, r: L, a: 2 * B
  in q: f32[b, t, d]
  in qa: f32[a, t, d]
  in k: f32[b, t, d]
  in v: f32[b, t, e]
  in g: f32[b, t, d]
  in c: f32[b, t]
  in M: f32[d, x]
  in w: f32[p]
  in o: f32[b, r]
  in W: f32[r, e]
  in count: i32[b, t]
  in S0: f32[b, d, e]
  in z0: f32[b, d]`;

function textOf(
  chosen: readonly number[],
  after: readonly number[],
  second: number,
  reverse: boolean,
): string {
  const block: Statement[] = [];
  const made = new Set<string>();
  for (const n of chosen) {
    const s = STATEMENTS[n % STATEMENTS.length]!;
    if (s.makes?.some((x) => made.has(x))) continue;
    s.makes?.forEach((x) => made.add(x));
    block.push(s);
  }
  const outside = [...new Set(after)]
    .map((n) => AFTER[n % AFTER.length]!)
    .filter((s, at, all) => all.indexOf(s) === at && (s.reads ?? []).every((x) => made.has(x)));
  const states = new Set([...block, ...outside].flatMap((s) => s.states ?? []));
  const carried = SECOND.filter((s) => s.reads.every((x) => made.has(x)));
  const again = carried.length > 0 && second % 3 > 0 ? carried[second % carried.length] : undefined;
  const values = [...made, ...outside.flatMap((s) => s.makes ?? [])];
  return [
    'kernel random {',
    `  ${HEAD}`,
    ...[...states].map((s) => `  ${STATES[s]!}`),
    `  recurrence over t${reverse ? ' reverse' : ''} {`,
    ...block.map((s) => `    ${s.text}`),
    ...[...states]
      .filter((x) => !block.some((s) => s.text.startsWith(`${x} =`)))
      .map((x) => `    ${PLAIN[x]!}`),
    '  }',
    ...outside.map((s) => `  ${s.text}`),
    ...(again ? [`  ${again.text}`] : []),
    ...values.map((x) => `  out ${x}`),
    ...[...states].map((s) => `  out ${s}`),
    '}',
    '',
  ].join('\n');
}

const EXTENTS: Readonly<Record<string, string>> = { b: 'B', t: 'N', d: 'D', e: 'E', x: 'D', p: 'P', r: 'L' };

function tensorsOf(text: string, sizes: Readonly<Record<string, number>>, seed: number): StepsCase['inputs'] {
  const random = seededRandom(seed);
  const out: Record<string, InterpretedTensor> = {};
  for (const [, name, type, dims] of text.matchAll(/in (\w+): (\w+)\[([^\]]*)\]/g)) {
    const shape = dims!
      .split(',')
      .map((a) => (a.trim() === 'a' ? 2 * sizes['B']! : sizes[EXTENTS[a.trim()]!]!));
    const value = (): number =>
      type === 'i32'
        ? Math.floor(4 * random())
        : name === 'g'
          ? Math.fround(random())
          : Math.fround(2 * random() - 1);
    out[name!] = { shape, data: Float64Array.from({ length: shape.reduce((x, y) => x * y, 1) }, value) };
  }
  return out;
}

export const stepsCases: fc.Arbitrary<StepsCase> = fc
  .record({
    chosen: fc.array(fc.nat(1000), { minLength: 2, maxLength: 7 }),
    after: fc.array(fc.nat(1000), { maxLength: 3 }),
    second: fc.nat(100),
    reverse: fc.boolean(),
    n: fc.constantFrom(0, 1, 2, 5, 9),
    d: fc.constantFrom(1, 2, 3, 4, 4, 5, 6, 8),
    e: fc.integer({ min: 1, max: 11 }),
    p: fc.integer({ min: 1, max: 3 }),
    r: fc.constantFrom(0, 1, 3, 7),
    seed: fc.integer({ min: 0, max: 2 ** 30 }),
  })
  .map(({ chosen, after, second, reverse, n, d, e, p, r, seed }) => {
    const text = textOf(chosen, after, second, reverse);
    const sizes = { B: 2, N: n, P: p, D: d, E: e, L: r };
    return { text, sizes, inputs: tensorsOf(text, sizes, seed), seed };
  })
  .filter(({ text }) => /^ {2}out/m.test(text));
