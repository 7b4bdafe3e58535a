import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cudaBackend } from '../../backends/cuda/index.ts';
import { evaluate } from '../../src/expr/evaluate.ts';
import type { StorageType } from '../../src/expr/types.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { emulateCuda, runOnCudaEmulator, type EmulatorOptions } from '../../src/runtime/cuda-emulator.ts';
import { tensorFrom, tensorValues } from '../../src/runtime/tensor.ts';
import { attentionProgram, values } from './kernel-sample.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { axpy, mmaTile, rowSums, tiledMatmul } from './cuda-programs.ts';
import { OPERATION_CASES, operands, POSITIONS, operationProgram } from './cuda-operations.ts';

const compiler = spawnSync('g++', ['--version']).status === 0;

type Values = Readonly<Record<string, ArrayLike<number>>>;

function bytesOf(program: Program, tensors: Values): Record<string, Uint8Array> {
  return Object.fromEntries(
    program.inputs.map((t) => {
      const values = tensors[t.name]!;
      return [t.name, tensorFrom(t.storage, [values.length], values).bytes];
    }),
  );
}

async function run(
  program: Program,
  tensors: Values,
  sizes: Record<string, number>,
  options: EmulatorOptions = {},
) {
  const legal = cudaBackend.legalize(program, {});
  const { outputs } = await runOnCudaEmulator(legal, bytesOf(program, tensors), sizes, options);
  return Object.fromEntries(
    program.outputs.map((t) => {
      const bytes = outputs[t.name]!;
      const width = tensorFrom(t.storage, [1], [0]).bytes.length;
      return [t.name, tensorValues({ dtype: t.storage, shape: [bytes.length / width], bytes })];
    }),
  );
}

const stored = (storage: StorageType, values: ArrayLike<number>): Float64Array =>
  tensorValues(tensorFrom(storage, [values.length], values));
/** Multiples of 1/4 in −2 … 2: sums of their products are exact in f32. */
const quarters = (n: number, seed = 1): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => (((i * 7 + seed * 13) % 17) - 8) / 4);

describe.skipIf(!compiler)('printed CUDA on the emulator (needs g++)', { timeout: 120_000 }, () => {
  it.each(['f32', 'f16', 'bf16'] as const)('computes an element per lane in %s', async (storage) => {
    const N = 131;
    const x = quarters(N, 1);
    const b = quarters(N, 2);
    const { y } = await run(axpy(storage), { x, b }, { N, a: 1.375 });
    const exact = x.map((value, n) => 1.375 * value + b[n]!);
    expect([...y!]).toEqual([...stored(storage, exact)]);
  });

  it.each([
    [1, 1],
    [2, 255],
    [3, 256],
    [1, 700],
    [2, 8200],
    [4, 0],
    [0, 5],
  ])('sums rows in two launches, %i × %i', async (R, N) => {
    const x = quarters(R * N);
    const { y } = await run(rowSums(), { x }, { R, N });
    const wanted = Array.from({ length: R }, (_, r) => x.slice(r * N, r * N + N).reduce((a, b) => a + b, 0));
    expect([...y!]).toEqual(wanted);
  });

  it.each([
    [1, 1, 16, 'f32'],
    [17, 33, 40, 'f32'],
    [16, 16, 7, 'f16'],
    [20, 5, 24, 'bf16'],
  ] as const)('multiplies tiles, %i × %i × %i in %s', async (M, N, D, storage) => {
    const a = quarters(M * D, 1);
    const b = quarters(N * D, 2);
    const { c } = await run(tiledMatmul(D, storage), { a, b }, { M, N });
    expect([...c!]).toEqual(product(a, b, M, N, D, (k, n) => n * D + k));
  });

  it.each([
    ['f16', false],
    ['f16', true],
    ['bf16', false],
    ['bf16', true],
  ] as const)('multiplies on tensor cores in %s, transposed %s', async (storage, transposed) => {
    const a = quarters(256, 1);
    const b = quarters(128, 2);
    const { c } = await run(mmaTile(storage, transposed), { a, b }, {});
    const place = (k: number, n: number): number => (transposed ? k * 8 + n : n * 16 + k);
    expect([...c!]).toEqual(product(a, b, 16, 8, 16, place));
  });

  it.each([
    ['f32', 'f32', 1, 37, true],
    ['f16', 'f16', 2, 33, false],
    ['bf16', 'f32', 1, 64, true],
  ] as const)('agrees with the kernel interpreter, %s, shared %s', async (storage, shared, BH, N, causal) => {
    const program = attentionProgram({ storage, shared, causal });
    const inputs = { q: values(BH * N * 16, 1), k: values(BH * N * 16, 2), v: values(BH * N * 16, 3) };
    const wanted = interpretProgram(program, inputs, { BH, N });
    const found = await run(program, inputs, { BH, N });
    const unit = { f32: 2 ** -21, f16: 2 ** -10, bf16: 2 ** -7 }[storage];
    for (const { name } of program.outputs)
      for (const [n, x] of wanted.outputs[name]!.entries())
        expect(Math.abs(found[name]![n]! - x), `${name}[${n}]`).toBeLessThanOrEqual(unit * (1 + Math.abs(x)));
  });

  it('gives the same results without checks', async () => {
    const x = quarters(3 * 300);
    const checked = await run(rowSums(), { x }, { R: 3, N: 300 });
    expect(await run(rowSums(), { x }, { R: 3, N: 300 }, { mode: 'fast' })).toEqual(checked);
  });

  it('computes every operation as its row in ops.ts says', async () => {
    const inputs: Record<string, Float64Array> = {};
    for (const type of ['f32', 'i32', 'u32', 'bool'] as const)
      for (const position of POSITIONS) inputs[`${type}_${position}`] = operands(type, position);
    const found = await run(operationProgram(OPERATION_CASES), inputs, { N: 64 }, { mode: 'fast' });
    for (const c of OPERATION_CASES) {
      const lanes = c.types.map((type, position) => operands(type, position));
      for (let n = 0; n < 64; n++) {
        const given = lanes.map((values) => values[n]!);
        const wanted = evaluate(c.value, new Map(given.map((x, p) => [`a${p}`, x])));
        expect(found[`out_${c.name}`]![n], `${c.name}(${given.join(', ')})`).toSatisfy((got: number) =>
          agrees(got, wanted, c.value.type === 'f32'),
        );
      }
    }
  });
});

/** a[M, D] · b, row by row; `place` finds element (k, n) of b. */
function product(
  a: Float64Array,
  b: Float64Array,
  M: number,
  N: number,
  D: number,
  place: (k: number, n: number) => number,
): number[] {
  const out: number[] = [];
  for (let m = 0; m < M; m++)
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < D; k++) sum += a[m * D + k]! * b[place(k, n)]!;
      out.push(sum);
    }
  return out;
}

function agrees(got: number, wanted: number, float: boolean): boolean {
  if (!float) return got === wanted;
  const nearest = Math.fround(wanted);
  if (Number.isNaN(nearest) || !Number.isFinite(nearest)) return Object.is(got, nearest);
  return Math.abs(got - nearest) <= 4e-6 * Math.abs(nearest) + 1e-6;
}

describe.skipIf(!compiler)('planted bugs are found by the emulator (needs g++)', { timeout: 120_000 }, () => {
  const x = quarters(3 * 700);
  const kinds = async (
    program: Program,
    tensors: Values,
    sizes: Record<string, number>,
    options: EmulatorOptions = {},
  ) => {
    const { report } = await emulateCuda(
      cudaBackend.legalize(program, {}),
      bytesOf(program, tensors),
      sizes,
      options,
    );
    return report.errors.map((e) => e.kind);
  };
  it('a missing barrier', async () => {
    expect(await kinds(rowSums({ noBarrier: true }), { x }, { R: 3, N: 700 })).toContain('race');
  });
  it('a read past the end of a tensor', async () => {
    expect(await kinds(rowSums({ readPastEnd: true }), { x }, { R: 3, N: 700 })).toContain('out-of-bounds');
  });
  it('a read between two shared arrays', async () => {
    const edit = (source: string): string => source.replace('as[row * 17 + k]', 'as[row * 17 + k + 16]');
    const tensors = { a: quarters(256), b: quarters(256) };
    const found = await kinds(tiledMatmul(16, 'f32'), tensors, { M: 16, N: 16 }, { edit });
    expect(found).toContain('uninitialised');
  });
  it('a store past the rows of the output', async () => {
    const edit = (source: string): string => source.replace('if (m < M && n < N)', 'if (n < N)');
    const tensors = { a: quarters(16 * 9), b: quarters(16 * 16) };
    const found = await kinds(tiledMatmul(16, 'f32'), tensors, { M: 9, N: 16 }, { edit });
    expect(found).toContain('out-of-bounds');
  });
  it('and reported as an error of the run, with the line', async () => {
    const program = rowSums({ readPastEnd: true });
    await expect(run(program, { x }, { R: 3, N: 700 })).rejects.toThrow(/out-of-bounds: .*row_sums\.cu:\d+/);
  });
  it('tensors of a wrong size are refused before', async () => {
    await expect(run(rowSums(), { x: quarters(5) }, { R: 3, N: 700 })).rejects.toThrow(
      /input x has 20 bytes/,
    );
    await expect(run(rowSums(), { x }, { R: 100000, N: 100000 })).rejects.toThrow(/more than 2147483647/);
  });
});
