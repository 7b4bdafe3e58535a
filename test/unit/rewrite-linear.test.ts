/** What `rewrite-linear` takes on and what it leaves, what it says of both, and who may decide. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain, printExplanation } from '../../src/index.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { expandReductions } from '../../src/ir/passes/expand-reductions.ts';
import { fixSizes } from '../../src/ir/passes/fix-sizes.ts';
import { rewriteLinear, type RewriteOptions, type Rewritten } from '../../src/ir/passes/rewrite-linear.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { attnc } from '../support/cli.ts';
import { kernelOf } from '../support/kernels.ts';

interface Parts {
  readonly axes?: string;
  readonly mask?: string;
  readonly score?: string;
  readonly weights?: string;
  readonly more?: string;
}
const spec = ({
  axes = 'i: N, j: N',
  mask = 'j <= i',
  score = 'sum[d](q * k)',
  weights = 's',
  more = '',
}: Parts) =>
  `kernel k {
  axes ${axes}, d: D, e: E
  in q: f32[i, d]
  in k: f32[j, d]
  in v: f32[j, e]
  ${more}
  ${mask === '' ? '' : `mask ${mask}`}
  let s[i, j] = ${score}
  let p[i, j] = ${weights}
  out y: f32[i, e] = sum[j](p * v)
}`;

function rewritten(parts: Parts, options: RewriteOptions = {}): Rewritten & { readonly before: IrKernel } {
  const before = expandReductions(fixSizes(kernelOf(spec(parts)), options.sizes ?? {}));
  const made = rewriteLinear(before, options);
  verifyIr(made.kernel, 'rewrite-linear');
  return { ...made, before };
}
const isRewritten = (parts: Parts, options: RewriteOptions = {}): boolean => {
  const { kernel, before } = rewritten(parts, options);
  return kernel !== before;
};
const why = (parts: Parts, options: RewriteOptions = {}): string | undefined =>
  rewritten(parts, options).notes.find((n) => n.def === 'y' && !n.rewritten)?.why;

describe('weights', () => {
  it.each([
    's',
    'l1[j](s)',
    's / (1.0 + sum[j](s))',
    '(if j % 2 == 0 then s else 0.0)',
    's * sum[d](k) - 0.5',
    's * exp(-0.1 * abs(i - j))',
    's * 0.9 ** (i - j)',
    's * exp2(j - i)',
    's * f32(j < i)',
    'exp(sum[d](k))',
    'softmax[j](sum[d](k))',
    'softmax[j](sum[d](k) + sum[d](q))',
    '1.0',
  ])('are products: %s', (weights) => expect(isRewritten({ weights })).toBe(true));

  it.each([
    'softmax[j](s)',
    'relu(s)',
    'exp(s)',
    'exp(sum[d](k) + sum[d](q))',
    's / (1.0 + abs(s))',
    's * 0.9 ** ((i - j) * (i - j))',
    's + bias',
    's * tanh(i - j)',
    '(sum[d](k) - sum[d](q)) * (sum[d](k) - sum[d](q))',
  ])('are no products, or none that can be added up: %s', (weights) =>
    expect(isRewritten({ weights, more: 'in bias: f32[i, j]' })).toBe(false),
  );

  it('may be squares of products where that is asked for', () => {
    const square = { weights: 'square(1.0 + s)' };
    expect(why(square)).toBe('products of features make a large state');
    const { kernel } = rewritten(square, { rewrite: true });
    expect(kernel.states.map((s) => s.indices)).toEqual([
      ['i', 'e'],
      ['i', 'd', 'e'],
      ['i', 'd', 'd_2', 'e'],
    ]);
  });
});

describe('masks', () => {
  it.each([
    'j <= i',
    'j < i',
    'i > j',
    '!(i < j)',
    'j + 1 <= i + 1',
    'j >= i',
    'j - i <= 0 && j % 2 == 0',
    'j == i',
  ])('order positions: %s', (mask) => expect(isRewritten({ mask })).toBe(true));

  it.each([
    'j <= i && i - j < 8',
    'j <= i || j < 4',
    'j / 4 <= i / 4',
    'j <= i + 1',
    '2 * j <= i',
    'j <= i - 3',
  ])('keep something else: %s', (mask) => {
    expect(isRewritten({ mask })).toBe(false);
    expect(why({ mask })).toMatch(/^`.*` ties the two positions|^the mask keeps a range/);
  });

  it('may have names', () =>
    expect(
      isRewritten({
        mask: '',
        more: 'let seen[i, j] = j <= i && j % 3 > 0',
        weights: 'if seen then s else 0.0',
      }),
    ).toBe(true));

  it('need rows and positions of one extent', () => {
    const cross = { axes: 'i: N, j: M' };
    expect(why(cross)).toBe('`i` and `j` may have different extents');
    expect(isRewritten({ ...cross, more: 'require N == M' })).toBe(true);
    expect(isRewritten(cross, { sizes: { N: 4096, M: 4096 } })).toBe(true);
    expect(isRewritten({ ...cross, mask: '' })).toBe(true);
  });
});

describe('costs', () => {
  const wide = { D: 64, E: 64 };
  it('decide when sizes are known', () => {
    expect(isRewritten({}, { sizes: { ...wide, N: 64 } })).toBe(false);
    expect(isRewritten({}, { sizes: { ...wide, N: 256 } })).toBe(true);
    expect(isRewritten({}, { sizes: wide })).toBe(true);
    expect(why({}, { sizes: { ...wide, N: 64 } })).toBe(
      'a state of 4096 numbers costs more than comparing 64 positions',
    );
  });
  it('count rows where one sum serves all of them', () => {
    const full = { axes: 'i: N, j: M', mask: '' };
    expect(isRewritten(full, { sizes: { ...wide, N: 1 } })).toBe(false);
    expect(isRewritten(full, { sizes: { ...wide, N: 4096, M: 16 } })).toBe(false);
    expect(isRewritten(full, { sizes: { ...wide, N: 4096, M: 4096 } })).toBe(true);
  });
  it('do not matter to who insists', () => {
    expect(isRewritten({}, { sizes: { ...wide, N: 2 }, rewrite: true })).toBe(true);
    expect(isRewritten({}, { sizes: { ...wide, N: 4096 }, rewrite: false })).toBe(false);
  });
  it('count all reductions over the same positions', () => {
    const parts = { weights: 'softmax[j](s)', more: 'out total: f32[i] = sum[j](s)' };
    expect(isRewritten(parts)).toBe(false);
    expect(isRewritten(parts, { rewrite: true })).toBe(true);
  });
});

it('keeps in memory what is read at other rows than its own', () => {
  const { kernel } = rewritten({ more: 'out shifted: f32[i, e] = if i > 0 then y[i = i - 1] else 0.0' });
  expect(kernel.defs.find((d) => d.name === 'y')?.stored).toBe(true);
});

describe('explain and the command line', () => {
  const text = spec({});
  it('say what was rewritten and what it costs', () => {
    const at = (options: { readonly rewrite?: boolean; readonly N: number }) => {
      const { value } = explain(text, {
        target: 'cuda',
        set: { D: 64, E: 64, N: options.N },
        ...(options.rewrite === undefined ? {} : { rewrite: options.rewrite }),
      });
      return value!;
    };
    const [half, whole, plain] = [at({ N: 8192 }), at({ N: 16_384 }), at({ N: 16_384, rewrite: false })];
    expect(whole.rewrites).toEqual([
      {
        def: 'y',
        rewritten: true,
        what: 'what is reduced over `j` is carried along `i`',
        why: 'weights are sums over `d` of a factor for `j` times one for `i`',
      },
    ]);
    expect(printExplanation(whole)).toContain(
      '  rewritten    y: what is reduced over `j` is carried along `i`, since weights are sums over `d`',
    );
    expect(Number(whole.operations) / Number(half.operations)).toBeCloseTo(2, 1);
    expect(plain.rewrites).toEqual([]);
    expect(Number(plain.operations) / Number(whole.operations)).toBeGreaterThan(10);
    expect(printExplanation(at({ N: 32 }))).toContain(
      '  as written   y: the reduction over `j` stays, since',
    );
  });

  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'attnc-rewrite-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('take --no-rewrite and --rewrite', async () => {
    const file = join(folder, 'k.attn');
    writeFileSync(file, text);
    const explained = async (...flags: string[]): Promise<unknown> => {
      const { stdout } = await attnc('explain', file, '--set', 'D=8', '--set', 'E=8', '--json', ...flags);
      const { kernels } = JSON.parse(stdout) as { kernels: { rewrites: { rewritten: boolean }[] }[] };
      return kernels[0]!.rewrites.map((r) => r.rewritten);
    };
    expect(await explained()).toEqual([true]);
    expect(await explained('--no-rewrite')).toEqual([]);
    expect(await explained('--set', 'N=4')).toEqual([false]);
    expect(await explained('--set', 'N=4', '--rewrite')).toEqual([true]);
    const emitted = await attnc(
      'compile',
      file,
      '--emit',
      'kernel',
      '--set',
      'D=8',
      '--set',
      'E=8',
      '--no-rewrite',
    );
    expect(emitted.stdout).not.toContain('y.S');
  });
});
