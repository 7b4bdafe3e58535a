/** Launches of kernels for compute capability 9.0: several tiles in a row, sizes that tiles do not divide, shared keys. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileVariant, irOf, openSpec, type CompiledSpec } from '../../src/cli/pipeline.ts';
import { Sources } from '../../src/cli/sources.ts';
import type { Launch } from '../../src/cli/targets.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import type { Stmt } from '../../src/kernel/kernel.ts';
import { someStmt } from '../../src/kernel/walk.ts';
import { deriveSeed, randomFrom } from '../../src/runtime/random.ts';
import { elementCount, tensorFrom, type Tensor } from '../../src/runtime/tensor.ts';

export interface WarpgroupCase {
  readonly title: string;
  readonly kernel: string;
  readonly storage: 'f16' | 'bf16';
  readonly sizes: Readonly<Record<string, number>>;
  readonly params?: Readonly<Record<string, number>>;
}

/** Three tiles of 128 keys use a place again; 130 rows need a second block, of which two exist. */
export const CASES: readonly WarpgroupCase[] = [
  { title: 'full', kernel: 'sdpa', storage: 'bf16', sizes: { B: 1, H: 1, N: 130, M: 300, D: 64, E: 64 } },
  { title: 'causal', kernel: 'causal', storage: 'f16', sizes: { B: 1, H: 1, N: 300, M: 300, D: 32, E: 40 } },
  {
    title: 'two lines',
    kernel: 'causal',
    storage: 'bf16',
    sizes: { B: 1, H: 1, N: 70, M: 140, D: 128, E: 96 },
  },
  {
    title: 'shared keys',
    kernel: 'gqa',
    storage: 'bf16',
    sizes: { B: 2, H: 4, G: 2, N: 40, M: 150, D: 16, E: 16 },
  },
  {
    title: 'window',
    kernel: 'sliding_window',
    storage: 'f16',
    sizes: { B: 1, H: 1, N: 400, M: 400, D: 16, E: 24 },
    params: { width: 70 },
  },
  { title: 'one key', kernel: 'sdpa', storage: 'bf16', sizes: { B: 1, H: 1, N: 1, M: 1, D: 8, E: 8 } },
  { title: 'no key', kernel: 'causal', storage: 'bf16', sizes: { B: 1, H: 1, N: 3, M: 0, D: 8, E: 8 } },
];

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const sources = new Sources();
export const features = { arch: 'sm_90a' } as const;

export function launchOf(c: WarpgroupCase): Launch {
  const spec = openSpec(sources, join(examples, `${c.kernel}.attn`));
  const plain = { kernel: c.kernel, set: {}, consts: {}, absent: new Set<string>(), storage: {} };
  const halves = ['q', 'k', 'v', 'y'].map((name) => [name, c.storage] as const);
  const variant = { ...plain, storage: Object.fromEntries(halves) };
  const kernel = irOf(spec, variant);
  const inputs = new Map<string, Tensor>();
  for (const t of kernel.tensors) {
    const shape = t.dims.map((d) => evalConst(d.extent, new Map(Object.entries(c.sizes))));
    const random = randomFrom(deriveSeed(5, `${c.title}/${t.name}`));
    const values = Float64Array.from({ length: elementCount(shape) }, () => random.normal());
    inputs.set(t.name, tensorFrom(t.storage, shape, values, t.name));
  }
  return { spec, variant, features, kernel, inputs, sizes: c.sizes, params: c.params ?? {} };
}

/** For the architecture of the cases. */
export const compiledFor = (kernel: IrKernel, D: number, E: number): Promise<CompiledSpec> =>
  compileVariant(kernel, { D, E }, 'cuda', features);

export const usesWarpgroups = ({ program }: CompiledSpec): boolean =>
  program.kernels.some((k) => someStmt(k.body, (s: Stmt) => s.kind === 'warpgroup'));
