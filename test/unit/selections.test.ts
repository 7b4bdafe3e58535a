/** Selections: the order, what exists, lists, errors, values from outside, and that sparse work is sparse. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { lowerIr } from '../../src/pipeline.ts';
import { NO_LIMITS } from '../../src/tile/plan.ts';
import { checkFile } from '../../src/model/check.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { interpret } from '../../src/index.ts';
import { kernelOf, run } from '../support/kernels.ts';

const row = (...data: number[]): { shape: number[]; data: number[] } => ({ shape: [data.length], data });
const kernel = (lines: string): string => `kernel k { axes j: M\n in x: f32[j]\n ${lines} }`;
/** Indices at which the output `taken` is true. */
const taken = (lines: string, ...x: number[]): number[] =>
  run(kernel(lines), { x: row(...x) })['taken']!.flatMap((t, n) => (t === 1 ? [n] : []));

describe('topk', () => {
  const top = (k: number | string, ...x: number[]): number[] =>
    taken(`out taken: bool[j] = topk[j](x, ${k})`, ...x);

  it('takes the greatest', () => expect(top(2, 3, 9, -1, 7)).toEqual([1, 3]));
  it('takes the first of equal values', () => {
    expect(top(2, 5, 5, 5, 5)).toEqual([0, 1]);
    expect(top(3, 1, 2, 2, 2, 3)).toEqual([1, 2, 4]);
    expect(top(1, 0, -0, 0)).toEqual([0]);
  });
  it('takes all where there are not enough, and none for no count', () => {
    expect(top(9, 1, 2)).toEqual([0, 1]);
    expect(top(0, 1, 2)).toEqual([]);
    expect(top('-1', 1, 2)).toEqual([]);
  });
  it('counts what must be taken', () =>
    expect(taken('out taken: bool[j] = topk[j](if j >= 3 then inf else x, 3)', 9, 8, 7, 0, 0)).toEqual([
      0, 3, 4,
    ]));
  it('never takes what a mask removes, nor counts it', () => {
    expect(taken('mask j != 1\n out taken: bool[j] = topk[j](x, 2)', 1, 9, 3, 2)).toEqual([2, 3]);
    expect(taken('mask j < 1\n out taken: bool[j] = topk[j](x, 2)', 1, 9, 3, 2)).toEqual([0]);
  });
  it('takes a count per row, known when it runs', () => {
    const text = `kernel k { axes i: N, j: M\n in x: f32[i, j]\n in n: i32[i]
      out taken: bool[i, j] = topk[j](x, n) }`;
    const x = { shape: [3, 3], data: [1, 2, 3, 1, 2, 3, 3, 2, 1] };
    expect(run(text, { x, n: row(0, 1, 2) })['taken']).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 0]);
  });
  it('is read at other indices', () =>
    expect(
      run(kernel('let t = topk[j](x, 1)\n out y: bool[j] = t[M - 1 - j]'), { x: row(1, 2, 0) })['y'],
    ).toEqual([0, 1, 0]));
  it('takes integers and truth values', () => {
    expect(taken('out taken: bool[j] = topk[j](i32(x), 1)', 1, 4, 2)).toEqual([1]);
    expect(taken('out taken: bool[j] = topk[j](x > 1.5, 2)', 1, 4, 1, 2)).toEqual([1, 3]);
  });
});

describe('topp', () => {
  const top = (share: string, ...x: number[]): number[] =>
    taken(`out taken: bool[j] = topp[j](x, ${share})`, ...x);

  it('takes the fewest that reach the share', () => {
    expect(top('0.5', 1, 4, 2, 1)).toEqual([1]);
    expect(top('0.51', 1, 4, 2, 1)).toEqual([1, 2]);
    expect(top('0.8', 1, 4, 2, 1)).toEqual([0, 1, 2]);
  });
  it('takes all for a share of 1, and none of 0', () => {
    expect(top('1.0', 0, 4, 0)).toEqual([0, 1, 2]);
    expect(top('1.0', 0, 0)).toEqual([0, 1]);
    expect(top('0.0', 1, 2)).toEqual([]);
    expect(top('0.9', 0, 0)).toEqual([]);
  });
  it('takes the first of equal values', () => expect(top('0.5', 1, 1, 1, 1)).toEqual([0, 1]));
});

describe('nth', () => {
  it('lists what is true, and says where the list ends', () => {
    const text = kernel(
      'axes n: 4\n out list: i32[n] = nth[j](x > 0.0, n)\n out before: i32[] = nth[j](x > 0.0, -1)',
    );
    const { list, before } = run(text, { x: row(0, 1, 0, 2, 3) });
    expect(list).toEqual([1, 3, 4, -1]);
    expect(before).toEqual([-1]);
  });
  it('leaves out what a mask removes', () =>
    expect(
      run(kernel('mask j > 1\n axes n: 2\n out y: i32[n] = nth[j](true, n)'), { x: row(0, 0, 0, 0) })['y'],
    ).toEqual([2, 3]));
});

describe('errors', () => {
  const codes = (lines: string): string[] => {
    const parsed = parseSource(kernel(lines));
    return [...parsed.diagnostics, ...checkFile(parsed.file).diagnostics]
      .filter((d) => d.severity === 'error')
      .map((d) => d.code);
  };
  it.each([
    ['out y: bool[j] = topk[j](x)', 'E0213'],
    ['out y: bool[j] = topk(x, 2)', 'E0402'],
    ['axes l: M\n out y: bool[j, l] = topk[j, l](x, 2)', 'E0214'],
    ['out y: bool[j] = topk[j](x, 1.5)', 'E0303'],
    ['out y: bool[j] = topp[j](x, j > 1)', undefined],
    ['out y: i32[] = nth[j](x, 0)', 'E0302'],
    ['out y: f32[j] = topk[j](x, 2) * nth[j](x > 0.0, u32(1))', 'E0303'],
  ])('%s', (lines, code) => expect(codes(lines)).toEqual(code === undefined ? [] : [code]));
});

describe('values from outside', () => {
  const text = kernel('let chosen = topk[j](x, 1)\n mask chosen\n out y: f32[] = sum[j](x)');

  it('stand in the place of what is computed', () => {
    const chosen = row(1, 0, 1);
    expect(interpret(text, { inputs: { x: row(1, 2, 4) }, known: { chosen } }).value?.['y']?.data[0]).toBe(5);
    expect(interpret(text, { inputs: { x: row(1, 2, 4) } }).value?.['y']?.data[0]).toBe(4);
  });
  it('have a definition and its shape', () => {
    const k = kernelOf(text);
    const given = (known: object): unknown => {
      try {
        return interpretKernel(k, { x: row(1, 2) }, { M: 2 }, {}, known as never);
      } catch (e) {
        return e instanceof UserError ? e.diagnostic.code : e;
      }
    };
    expect(given({ other: row(1, 0) })).toBe('E0512');
    expect(given({ chosen: row(1, 0, 1) })).toBe('E0501');
  });
});

describe('sparse work', () => {
  /** Blocks of 32 keys, of which each block of 64 queries takes some. */
  const text = `kernel k { axes i: N, j: M, r: N / 64, c: M / 32, d: 4
    in q: f32[i, d]\n in k: f32[j, d]\n in v: f32[j, d]\n in fit: f32[r, c]\n param top: int
    let chosen = topk[c](fit, top)
    mask chosen[r = i / 64, c = j / 32]
    score s = sum[d](q * k)
    out y: f32[i, d] = sum[j](softmax[j](s) * v) }`;
  const [N, M] = [128, 256];
  const fill = (count: number, f: (n: number) => number): Float64Array =>
    Float64Array.from({ length: count }, (_, n) => f(n));

  it('never reads what no row of a block takes', () => {
    const { program, tile } = lowerIr(kernelOf(text), { fixed: {}, limits: NO_LIMITS });
    expect(tile.stages.at(-1)!.passes[0]!.bounds!.list).toBeDefined();
    // Both blocks of queries take blocks 2 and 5; the values of all others would make any sum infinite, or no number.
    const fit = fill((N / 64) * (M / 32), (n) => +[2, 5].includes(n % (M / 32)));
    const isTaken = (n: number): boolean => [2, 5].includes(Math.floor(n / 4 / 32));
    const inputs = {
      q: fill(N * 4, (n) => Math.sin(n)),
      k: fill(M * 4, (n) => Math.cos(n)),
      v: fill(M * 4, (n) => (isTaken(n) ? Math.sin(3 * n) : Infinity)),
      fit,
    };
    const { outputs, errors } = interpretProgram(program, inputs, { N, M, top: 2 });
    expect(errors).toEqual([]);
    expect(outputs['y']!.every(Number.isFinite)).toBe(true);
    const dense = interpretProgram(program, inputs, { N, M, top: 3 });
    expect(dense.outputs['y']!.every(Number.isFinite)).toBe(false);
  });
});
