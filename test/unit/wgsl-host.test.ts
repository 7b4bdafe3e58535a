/** Generated host code: it compiles under strict TypeScript, runs, and refuses what does not fit. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import ts from 'typescript';
import { hostFormula } from '../../backends/wgsl/host-formula.ts';
import { printHost } from '../../backends/wgsl/host.ts';
import { legalizeWgsl } from '../../backends/wgsl/legalize/legalize.ts';
import { i32, op, read, variable } from '../../src/expr/expr.ts';
import { LANE, store } from '../../src/kernel/build.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { shareKernels } from '../../src/kernel/passes/share-kernels.ts';
import { f16Round } from '../../src/kernel/rounding.ts';
import { add, attentionProgram, attentionReference, mul, tinyProgram, v, values } from './kernel-sample.ts';
import { chain } from './kernel-chain.ts';
import { tryOpen } from './wgsl-device.ts';

const gpu = await tryOpen();
const folder = mkdtempSync(join(tmpdir(), 'attnc-host-'));
afterAll(() => {
  gpu?.close();
  rmSync(folder, { recursive: true, force: true });
});

const host = (program: Program): Promise<string> => printHost(legalizeWgsl(program));

/** y = x * scale + n, with params of several types. */
const scaled: Program = {
  ...tinyProgram(
    [
      store(
        'y',
        LANE,
        op('select', variable('on', 'bool'), mul(read('x', [LANE]), variable('scale', 'f32')), {
          kind: 'op',
          type: 'f32',
          op: 'cast',
          args: [variable('window')],
        }),
      ),
    ],
    {
      uniforms: [
        { name: 'n', type: 'i32' },
        { name: 'scale', type: 'f32' },
        { name: 'window', type: 'i32' },
        { name: 'on', type: 'bool' },
      ],
    },
  ),
  name: 'scaled_copy',
};

/** Complaints of strict TypeScript about files in `folder`, with WebGPU's types in scope. */
function complaints(paths: readonly string[]): readonly string[] {
  const program = ts.createProgram(paths, {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: ['@webgpu/types'],
    typeRoots: [join(process.cwd(), 'node_modules')],
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    noUnusedLocals: true,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      (d) =>
        `${d.file?.fileName ?? ''}:${d.start ?? ''} ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`,
    );
}

describe('formulas', () => {
  test('are TypeScript expressions', () => {
    const show = (e: Parameters<typeof hostFormula>[0]): string => hostFormula(e, (n) => `s.${n}`);
    expect(show(mul(v('B'), op('quot', add(v('N'), i32(31)), i32(32))))).toBe('s.B * Math.ceil(s.N / 32)');
    expect(show(op('idiv', v('H'), v('G')))).toBe('floorDiv(s.H, s.G)');
    expect(show(op('quot', mul(add(v('N'), i32(1)), i32(2)), i32(3)))).toBe('Math.floor((s.N + 1) * 2 / 3)');
    expect(show(op('select', op('lt', v('N'), i32(4)), i32(1), op('max', v('N'), i32(-1))))).toBe(
      's.N < 4 ? 1 : Math.max(s.N, -1)',
    );
  });
});

describe('generated text', () => {
  const paths: string[] = [];
  beforeAll(async () => {
    const texts = {
      attention: await host(attentionProgram({ storage: 'f16', causal: true })),
      scaled_copy: await host(scaled),
      chain: await host(shareKernels(chain())),
    };
    for (const [name, text] of Object.entries(texts)) {
      paths.push(join(folder, `${name}.ts`));
      writeFileSync(paths.at(-1)!, text);
    }
    paths.push(join(folder, 'use.ts'));
    writeFileSync(
      paths.at(-1)!,
      `import { createAttention } from './attention.ts';
import { createScaledCopy } from './scaled_copy.ts';
export async function use(device: GPUDevice, q: GPUBuffer): Promise<Float32Array> {
  const attention = await createAttention(device, { sizes: { BH: 1, N: 2 } });
  const { o }: { o: GPUBuffer } = attention.run({ q, k: new Float32Array(32), v: new Uint16Array(32) });
  const copy = await createScaledCopy(device, { sizes: { n: 32 } });
  copy.run({ x: o }, { scale: 2, window: 3, on: true });
  // @ts-expect-error an output that does not exist
  await attention.read('p');
  // @ts-expect-error a size is missing
  await createAttention(device, { sizes: { BH: 1 } });
  // @ts-expect-error a param is missing
  copy.run({ x: o }, { scale: 2 });
  return attention.read('lse');
}
`,
    );
  });

  test('imports nothing and compiles, and its types guide the caller', () => {
    expect(complaints(paths)).toEqual([]);
    expect(ts.sys.readFile(paths[0]!)).not.toMatch(/^import /m);
  });

  test('is deterministic', async () => {
    expect(await host(scaled)).toBe(await host(scaled));
  });

  describe.skipIf(!gpu)('on the device', () => {
    const [BH, N] = [2, 21];
    const f16 = (seed: number): Float32Array => values(BH * N * 16, seed).map((x) => f16Round(x));
    const inputs = { q: f16(1), k: f16(2), v: f16(3) };
    const create = async () => {
      const { createAttention } = await import(/* @vite-ignore */ paths[0]!);
      return createAttention(gpu!.device, { sizes: { BH, N } });
    };

    test('runs, on typed arrays and on buffers', async () => {
      const attention = await create();
      const expected = attentionReference(inputs, BH, N, true);
      const worst = (a: ArrayLike<number>): number =>
        Array.from(a).reduce((m, x, n) => Math.max(m, Math.abs(x - expected.o[n]!)), 0);
      attention.run(inputs);
      const first = await attention.read('o');
      expect(first.length).toBe(BH * N * 16);
      expect(worst(first)).toBeLessThan(2e-3);
      const buffer = gpu!.device.createBuffer({
        size: BH * N * 32,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
      });
      const other = await create();
      const { o } = other.run({ ...inputs, q: buffer });
      expect(o.size).toBe(BH * N * 32);
      expect(worst(await other.read('o'))).toBeGreaterThan(1e-2);
      attention.destroy();
      other.destroy();
      buffer.destroy();
    });

    test('params arrive in their types', async () => {
      const { createScaledCopy } = await import(/* @vite-ignore */ paths[1]!);
      const copy = await createScaledCopy(gpu!.device, { sizes: { n: 32 } });
      const x = values(32, 5);
      copy.run({ x }, { scale: 2.5, window: 7, on: true });
      expect(Array.from(await copy.read('y'))).toEqual(Array.from(x, (e) => Math.fround(e * 2.5)));
      copy.run({ x }, { scale: 2.5, window: 7, on: false });
      expect((await copy.read('y'))[0]).toBe(7);
      expect(() => copy.run({ x }, { scale: 2.5, window: 7.5, on: true })).toThrow(
        /param window must be a whole number, not 7.5/,
      );
      expect(() => copy.run({ x }, { window: 7, on: true })).toThrow(
        /param scale must be a number, not undefined/,
      );
      copy.destroy();
    });

    test('launches of one kernel have tensors of their own', async () => {
      const { createTiny } = await import(/* @vite-ignore */ paths[2]!);
      const tiny = await createTiny(gpu!.device, { sizes: { n: 12 } });
      const x = Float32Array.from({ length: 12 }, (_, n) => n);
      tiny.run({ x }, { p: 0, q: 0 });
      expect(Array.from(await tiny.read('y'))).toEqual(Array.from(x, (e) => e + 3));
      tiny.destroy();
    });

    test('what does not fit is refused in words', async () => {
      const { createAttention } = await import(/* @vite-ignore */ paths[0]!);
      const make = (sizes: object) => createAttention(gpu!.device, { sizes });
      await expect(make({ BH: 1.5, N: 3 })).rejects.toThrow(
        'size BH must be a whole number from 0 to 2147483647, not 1.5',
      );
      await expect(make({ BH: 1 })).rejects.toThrow(
        'size N must be a whole number from 0 to 2147483647, not undefined',
      );
      await expect(make({ BH: 2 ** 20, N: 2 ** 20 })).rejects.toThrow(
        /q: \[BH, N, 16\] = \[1048576, 1048576, 16\] needs/,
      );
      const attention = await create();
      expect(() => attention.run({ ...inputs, k: new Float32Array(5) })).toThrow(
        'k has 5 elements, [BH, N, 16] = [2, 21, 16] needs 672',
      );
      expect(() => attention.run({ q: inputs.q, k: inputs.k })).toThrow(/input v is missing/);
      expect(() => attention.run({ ...inputs, v: new Int32Array(672) })).toThrow(
        /v is f16: give a GPUBuffer or a Uint16Array/,
      );
      const small = gpu!.device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE });
      expect(() => attention.run({ ...inputs, v: small })).toThrow(
        'v has 16 bytes, [BH, N, 16] = [2, 21, 16] needs 1344',
      );
      small.destroy();
      attention.destroy();
    });
  });
});
