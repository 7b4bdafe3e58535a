/** Runs programs on the WebGPU device of this machine, for tests. */
import { manifestOf } from '../../backends/wgsl/manifest.ts';
import { legalizeWgsl } from '../../backends/wgsl/legalize/legalize.ts';
import { printModule } from '../../backends/wgsl/print.ts';
import type { BackendOptions } from '../../backends/backend.ts';
import { STORAGE, type StorageType } from '../../src/expr/types.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { runOnWebgpu, type WgslModule } from '../../src/runtime/webgpu.ts';
import { openWebgpu, type Webgpu } from '../../src/runtime/webgpu-device.ts';
import { tensorFrom, tensorOf, tensorValues } from '../../src/runtime/tensor.ts';

/** The device, or undefined where this machine has none. */
export async function tryOpen(options: { shaderF16?: boolean } = {}): Promise<Webgpu | undefined> {
  try {
    return await openWebgpu(options);
  } catch {
    return undefined;
  }
}

export function moduleOf(program: Program, options: BackendOptions = {}): WgslModule {
  const legal = legalizeWgsl(program, options);
  return { source: printModule(legal, options), manifest: manifestOf(legal, options) };
}

export const pack = (storage: StorageType, values: ArrayLike<number>): Uint8Array =>
  tensorFrom(storage, [values.length], values).bytes;

/** Values in, values out. */
export async function runValues(
  gpu: Webgpu,
  program: Program,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  scalars: Readonly<Record<string, number>>,
  options: BackendOptions = {},
): Promise<Record<string, Float64Array>> {
  const bytes = Object.fromEntries(program.inputs.map((t) => [t.name, pack(t.storage, inputs[t.name]!)]));
  const { outputs } = await runOnWebgpu(gpu, moduleOf(program, options), bytes, scalars);
  return Object.fromEntries(
    program.outputs.map((t) => {
      const data = outputs[t.name]!;
      const size = STORAGE[t.storage].bytes;
      return [t.name, tensorValues(tensorOf(t.storage, [data.length / size], data))];
    }),
  );
}
