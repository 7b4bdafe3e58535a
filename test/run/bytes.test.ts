/** Sums of integer products are the same integers on every executor, however bytes are held, packed and multiplied. */
import { describe, expect, it } from 'vitest';
import { compileVariant, irOf, openSpec, type Features } from '../../src/cli/pipeline.ts';
import { Sources } from '../../src/cli/sources.ts';
import { execute, interpret, missingFor, type Launch } from '../../src/cli/targets.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { tensorFrom, tensorValues, type Tensor } from '../../src/runtime/tensor.ts';
import type { StorageType } from '../../src/expr/types.ts';

interface Case {
  readonly name: string;
  readonly q: StorageType;
  readonly k: StorageType;
  readonly body: string;
  readonly type: 'i32' | 'u32';
  /** Extent of the rows of k, where they are not D long. */
  readonly kRow?: string;
}
const CASES: readonly Case[] = [
  { name: 'signed bytes', q: 'i8', k: 'i8', body: 'q * k', type: 'i32' },
  { name: 'unsigned bytes', q: 'u8', k: 'u8', body: 'q * k', type: 'u32' },
  { name: 'bytes and words, with a factor', q: 'i32', k: 'i8', body: '(q * 3) * k * 5', type: 'i32' },
  {
    name: 'nibbles',
    q: 'i8',
    k: 'i32',
    body: 'q * (((k[b, j, d / 8] >> (d % 8 * 4)) & 15) - 8)',
    type: 'i32',
    kRow: '(D + 7) / 8',
  },
  {
    name: 'quantised values',
    q: 'f32',
    k: 'f32',
    body: 'i32(round(clamp(q * 0.5, -127.0, 127.0))) * i32(round(clamp(k * 0.5, -127.0, 127.0)))',
    type: 'i32',
  },
];

const spec = ({ q, k, body, type, kRow = 'd' }: Case): string => `kernel sums {
  axes b: B, i: N, j: M, d: D
  in q: ${q}[b, i, d]
  in k: ${k}[b, j, ${kRow}]
  let s = sum[d](${body})
  out greatest: ${type}[b, i] = max[j](s)
  out all: ${type}[b, i, j] = s
}`;

/** The ends of bytes often, and what lies between. */
function numbers(storage: StorageType, count: number, seed: number): number[] {
  const [low, high] = storage === 'u8' ? [0, 255] : [-128, 127];
  return Array.from({ length: count }, (_, n) => {
    const x = Math.imul(n + seed, 0x9e3779b1) >>> 8;
    if (x % 5 === 0) return low;
    if (x % 5 === 1) return high;
    return low + (x % (high - low + 1));
  });
}

function launchOf(c: Case, D: number, features: Features): Launch {
  const text = spec(c);
  const file = {
    ...openSpec(new Sources(), new URL('../../examples/sdpa.attn', import.meta.url).pathname),
    text,
  };
  const sizes = { B: 2, N: 5, M: 19 };
  const variant = { kernel: 'sums', set: { D }, consts: {}, absent: new Set<string>(), storage: {} };
  const kernel = irOf(file, variant);
  const tensor = (storage: StorageType, shape: readonly number[], seed: number): Tensor =>
    tensorFrom(
      storage,
      shape,
      numbers(
        storage,
        shape.reduce((a, b) => a * b),
        seed,
      ),
    );
  const inputs = new Map<string, Tensor>([
    ['q', tensor(c.q, [sizes.B, sizes.N, D], 1)],
    ['k', tensor(c.k, [sizes.B, sizes.M, c.kRow ? Math.ceil(D / 8) : D], 7)],
  ]);
  return { spec: file, variant, features, kernel, inputs, sizes: { ...sizes, D }, params: {} };
}

type Executor = 'kernel-interp' | 'wgsl' | 'cuda-emu' | 'cuda-interp';

/** Values of outputs; `cuda-interp` interprets the kernel that is made for CUDA. */
async function valuesOn(target: Executor, launch: Launch): Promise<(name: string) => readonly number[]> {
  if (target !== 'cuda-interp') {
    expect(await missingFor(target)).toBeUndefined();
    const { outputs } = await execute(target, launch);
    return (name) => [...outputs.get(name)!.values];
  }
  const { program } = (await compileVariant(launch.kernel, launch.variant.set, 'cuda', {})).lowered;
  const inputs = Object.fromEntries([...launch.inputs].map(([name, t]) => [name, tensorValues(t)]));
  const { outputs, errors } = interpretProgram(program, inputs, launch.sizes);
  expect(errors).toEqual([]);
  return (name) => [...outputs[name]!];
}

const HOW: readonly (readonly [string, Executor, Features])[] = [
  ['the kernel interpreter, by matrix units', 'cuda-interp', {}],
  ['the kernel interpreter', 'kernel-interp', {}],
  ['the kernel interpreter, read in place', 'kernel-interp', { device: 'cpu' }],
  ['the kernel interpreter, passed on', 'kernel-interp', { device: 'cpu', subgroups: 8 }],
  ['WGSL', 'wgsl', {}],
  ['WGSL without packed products', 'wgsl', { packedProducts: false }],
  ['CUDA', 'cuda-emu', {}],
];

/** Drivers and compilers are slow: each sees what differs for it. */
const sees = (target: string, c: Case): boolean =>
  target.endsWith('interp') || !/nibbles|factor/.test(c.name);

describe.each(CASES)('sums of products of $name', (c) => {
  // 22 elements are no whole words; 24 are, and are read as such.
  describe.each(c.type === 'u32' || c.kRow ? [24] : [22])('%d long', (D) => {
    it.each(HOW.filter(([, target]) => sees(target, c)))('are exact on %s', async (_, target, features) => {
      const launch = launchOf(c, D, features);
      const exact = interpret(launch).outputs;
      const found = await valuesOn(target, launch);
      for (const name of ['greatest', 'all']) expect(found(name)).toEqual([...exact.get(name)!.values]);
    });
  });
});
