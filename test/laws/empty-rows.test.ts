/** Verdicts about rows against brute force: what is proven has no empty row, and what is shown is empty. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkText, semanticIr } from '../../src/compile.ts';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { evaluate } from '../../src/expr/evaluate.ts';
import { STORAGE } from '../../src/expr/types.ts';
import { judgeRows, type Verdict } from '../../src/ir/empty-rows/judge.ts';
import { interpretKernel, type InterpretedTensor } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { checkExtents, checkRequires, paramValues } from '../../src/ir/sizes.ts';
import { masks } from '../support/spec-arbitrary-masks.ts';
import { seededRandom } from '../support/mutate.ts';
import { catches, demand, holds } from './law.ts';

/** A definition, because lines over i alone would remove elements of an output over i. */
const VALUE = 'let c[i] = max[j](s)';

interface Case {
  readonly text: string;
  readonly seed: number;
}

/** Conditions with more params and residues than other laws have. */
const MORE = [
  'j < i + p', 'i - j < p', 'abs(i - j) <= p', 'abs(2 * i - 3 * j) <= p + 2', '(i - j) % p == 0', '(i + j) % 3 == p % 3',
  'j / p <= i / p', 'j / p == i / p', 'j % p <= i', 'j >= i / p * p', 'j * p <= i', 'min(i, j) < p', 'max(i, j) > p',
  'clamp(i - j, -p, p) == i - j', 'i * j < p + 9', 'j + p < M', 'j < M - p', 'i + j < N + M - 2', 'j == i', 'j == 0', 'j == M - 1',
  'j >> 1 == i >> 1', '(j & 3) <= p', 'if i < p then j == 0 else j == 1', 'i == j + p', 'f32(abs(i - j)) * 0.5 < p', 'j != p',
  'id == id[i = min(j, N - 1)]', 'j < n', 'keep || j == 0', 'n[i = i / 2] >= j', 's[j = 0] >= s',
]; // prettier-ignore
const REQUIRES = [
  'p >= 1',
  'p >= 0',
  'p < M',
  'N <= M',
  'N == M',
  'M >= 2',
  'p == 2 || N == M',
  'N % 2 == 0 && M % 2 == 0',
  'p > N',
];

const conditions: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...MORE) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...MORE), fc.constantFrom('&&', '||'), fc.constantFrom(...MORE)).map(([a, o, b]) => `(${a}) ${o} (${b})`) },
  { weight: 1, arbitrary: fc.constantFrom(...MORE).map((a) => `!(${a})`) },
); // prettier-ignore

const cases: fc.Arbitrary<Case> = fc
  .record({
    lines: fc.array(conditions, { maxLength: 2 }),
    more: masks,
    requires: fc.uniqueArray(fc.constantFrom(...REQUIRES), { maxLength: 3 }),
    square: fc.boolean(),
    value: fc.integer({ min: -1, max: 4 }),
    seed: fc.nat(),
  })
  .map(({ lines, more, requires, square, value, seed }) => {
    const others = more('').slice(0, lines.length > 0 ? 1 : 2);
    const declared = {
      p: `param p: int = ${value}`,
      s: 'in s: f32[i, j]',
      id: 'in id: i32[i]',
      n: 'in n: i32[i]',
      keep: 'in keep: bool[i, j]',
      ...Object.assign({}, ...others.map((o) => o.declares)),
    } as Record<string, string>;
    const text = [
      'kernel k {',
      'axes i: N, j: M, r: N',
      ...Object.values(declared),
      ...requires.map((r) => `require ${r}`),
      ...(square ? ['require N == M'] : []),
      ...[...lines, ...others.map((o) => o.text)].map((c) => `mask ${c}`),
      VALUE,
      'out y: f32[r] = c[i = r]',
      '}',
    ].join('\n');
    return { text, seed };
  });

function irOf(text: string): IrKernel {
  const checked = checkText(text);
  expect(checked.diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return semanticIr(checked);
}

/** The kernel that counts what each row keeps. */
const counting = (text: string): IrKernel =>
  irOf(text.replace(VALUE, 'let c[i] = sum[j](1)').replace('out y: f32', 'out y: i32'));

type Numbers = Readonly<Record<string, number>>;

/** How many elements each row keeps; undefined where the numbers break a requirement or an index leaves its tensor. */
function counts(
  k: IrKernel,
  sizes: Numbers,
  given: Numbers,
  inputs: (name: string) => InterpretedTensor | undefined,
  seed: number,
): ArrayLike<number> | undefined {
  const random = seededRandom(seed);
  const known = new Map(Object.entries(sizes));
  const drawn = k.tensors.map((t) => {
    const shape = t.dims.map((d) => evaluate(d.extent, known));
    const float = STORAGE[t.storage].value === 'f32';
    const most = t.storage === 'bool' ? 2 : 7;
    const data = Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => Math.floor(random() * most) - (float ? 3 : 0),
    );
    return [t.name, inputs(t.name) ?? { shape, data }] as const;
  });
  try {
    checkExtents(k, sizes);
    const params = paramValues(k, sizes, given);
    checkRequires(k, sizes, params);
    return interpretKernel(k, Object.fromEntries(drawn), sizes, params)['y']!.data;
  } catch (e) {
    if (e instanceof UserError) return undefined;
    throw e;
  }
}

const masked = (): boolean => true;
const judge = (text: string): Verdict => judgeRows(irOf(text), masked);

let proven = 0;
let shown = 0;

/** What is proven has no empty row under sizes, params and tensors drawn anew; what is shown is one. */
function law(verdictOf: (text: string) => Verdict): (c: Case) => void {
  return ({ text, seed }) => {
    const verdict = verdictOf(text);
    const k = counting(text);
    const random = seededRandom(seed);
    const upTo = (n: number): number => Math.floor(random() * n);
    if (verdict.kind === 'proven') {
      proven++;
      for (let n = 0; n < 40; n++) {
        const sizes = { N: 1 + upTo(11), M: 1 + upTo(11) };
        if (/N == M/.test(text) && upTo(4) > 0) sizes.M = sizes.N;
        const given = Object.fromEntries(k.params.map((p) => [p.name, upTo(13) - 3]));
        const kept = counts(k, sizes, given, () => undefined, seed + n);
        const at = kept ? Array.from(kept).indexOf(0) : -1;
        demand(at < 0, () => `row ${at} is empty for ${JSON.stringify({ ...sizes, ...given })}:\n${text}`);
      }
    } else if (verdict.kind === 'empty') {
      shown++;
      const { numbers, row, data } = verdict.example;
      const pick = (names: readonly string[]): Numbers =>
        Object.fromEntries(names.map((n) => [n, numbers.get(n)!]));
      const sizes = pick(k.sizes);
      const given = pick(k.params.map((p) => p.name));
      for (let n = 0; n < (verdict.byNumbers ? 6 : 1); n++) {
        const kept = counts(k, sizes, given, (name) => data.get(name), seed + n);
        const i = row.find(([axis]) => axis === 'i')?.[1] ?? 0;
        demand(
          !kept || kept[i] === 0,
          () => `row ${i} keeps ${kept![i]} for ${JSON.stringify({ ...sizes, ...given })}:\n${text}`,
        );
      }
    }
  };
}

describe('verdicts about rows', () => {
  it('agree with brute force', async () => {
    await holds(cases, law(judge), 140);
    // So that neither verdict goes untried, with any seed.
    expect(proven).toBeGreaterThan(4);
    expect(shown).toBeGreaterThan(20);
  }, 180_000);

  it('would be caught if everything were proven', async () => {
    await catches(
      cases,
      law(() => ({ kind: 'proven' })),
      60,
    );
  });

  it('would be caught if examples were one index off', async () => {
    const moved = (text: string): Verdict => {
      const v = judge(text);
      if (v.kind !== 'empty') return v;
      const numbers = new Map([
        ...v.example.numbers,
        ['M', v.example.numbers.get('M')! + 2],
        ['N', v.example.numbers.get('N')! + 2],
      ]);
      return { ...v, example: { ...v.example, numbers, data: new Map() } };
    };
    await catches(cases, law(moved), 60);
  });
});
