/** Runs printed WGSL on a WebGPU device: uploads tensors, launches, reads back, and checks the guards. */
import type { Manifest } from '../../backends/backend.ts';
import { evaluateFormula } from '../../backends/formula.ts';
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { STORAGE } from '../expr/types.ts';
import { bindGroup, gridOf, packUniforms, record, type Grid } from '../webgpu/launch.ts';
import { compileOnWebgpu, type CompiledEntry, type WgslModule } from '../webgpu/pipelines.ts';
import { scoped } from '../webgpu/scoped.ts';
import { clearGuarded, guardedBuffer, readGuarded, type GuardedBuffer } from './guarded-buffer.ts';
import { MATRIX_FEATURE } from '../webgpu/matrix-units.ts';
import type { Webgpu } from './webgpu-device.ts';

export type { WgslModule };

/** Bytes of tensors in their declared storage, by name. */
export type TensorBytes = Readonly<Record<string, Uint8Array>>;
/** Values of sizes and params, by name. */
export type UniformValues = Readonly<Record<string, number>>;

export interface PreparedLaunch {
  /** Enqueues all kernels once and waits until the device is idle; gives milliseconds. */
  run(): Promise<number>;
  /** Enqueues one kernel after the other and waits for each; gives milliseconds of each. */
  runEach(): Promise<readonly number[]>;
  /** Output bytes in storage form. Throws E0733 when a kernel wrote outside a tensor. */
  outputs(): Promise<Readonly<Record<string, Uint8Array>>>;
  /** Forgets results, so that a second run cannot pass on those of the first. */
  clear(): void;
  destroy(): void;
}

export interface WebgpuRun {
  readonly outputs: Readonly<Record<string, Uint8Array>>;
  /** What it ran on. */
  readonly device: string;
  /** Milliseconds from the first launch until the device is idle, pipelines excluded. */
  readonly ms: number;
}

/** Compiles, uploads, runs once and reads back. Errors as for `prepareOnWebgpu`. */
export async function runOnWebgpu(
  gpu: Webgpu,
  module: WgslModule,
  inputs: TensorBytes,
  values: UniformValues,
): Promise<WebgpuRun> {
  const launch = await prepareOnWebgpu(gpu, module, inputs, values);
  try {
    const ms = await launch.run();
    return { outputs: await launch.outputs(), device: gpu.name, ms };
  } finally {
    launch.destroy();
  }
}

/**
 * Compiles the module and uploads tensors.
 * @throws CompilerBug when the device refuses our text, UserError E0733 for tensors of wrong size and device errors
 */
export async function prepareOnWebgpu(
  gpu: Webgpu,
  module: WgslModule,
  inputs: TensorBytes,
  values: UniformValues,
): Promise<PreparedLaunch> {
  const { device } = gpu;
  const { manifest } = module;
  const known: UniformValues = { ...values, ...manifest.fixed };
  // A device without the feature is said to have subgroups of one lane.
  const needed = manifest.subgroup === undefined ? 1 : Math.max(2, manifest.subgroup);
  if (gpu.subgroup < needed)
    throw userError(
      'E0730',
      `${manifest.kernel} needs subgroups of ${needed} lanes, those of ${gpu.name} may have ${gpu.subgroup}`,
      { hint: `compile it with --subgroups ${gpu.subgroup}` },
    );
  if (manifest.matrixUnits && !device.features.has(MATRIX_FEATURE))
    throw userError(
      'E0730',
      `${manifest.kernel} multiplies matrices of subgroups, which ${gpu.name} was not asked for or does not have`,
      { hint: 'compile it without --subgroup-matrix, or open the device with it' },
    );
  const entries = await compileOnWebgpu(device, module);
  const checked = <T>(what: string, f: () => T): Promise<T> =>
    scoped(
      device,
      `${what} ${manifest.kernel}`,
      f,
      (message) => new CompilerBug('webgpu', `${what} ${manifest.kernel}: ${message}`),
    );
  return checked('preparing', () => {
    const tensors = makeBuffers(device, manifest, inputs, known);
    const uniforms = makeUniforms(device, manifest, known);
    const steps = entries.map((entry): Step => ({
      entry,
      group: bindGroup(device, entry, tensors, uniforms),
      grid: gridOf(entry.entry.grid, manifest.maxGridPerDimension, known),
    }));
    const all = [...tensors.values()];
    const written = [...manifest.outputs, ...manifest.workspace].map((t) => tensors.get(t.name)!);
    const timed = async (some: readonly Step[]): Promise<number> => {
      const start = performance.now();
      // Errors are told while the device works, so that asking for them takes no time of its own.
      await Promise.all([checked('running', () => submit(device, some)), device.queue.onSubmittedWorkDone()]);
      return performance.now() - start;
    };
    return {
      run: () => timed(steps),
      runEach: async () => {
        const times: number[] = [];
        for (const step of steps) times.push(await timed([step]));
        return times;
      },
      outputs: async () => {
        // Guards of workspace and inputs are checked too: nothing may be written there either.
        const bytes = new Map<string, Uint8Array>();
        for (const g of all) bytes.set(g.name, await readGuarded(device, g));
        return Object.fromEntries(manifest.outputs.map((t) => [t.name, bytes.get(t.name)!]));
      },
      clear: () => written.forEach((g) => clearGuarded(device, g)),
      destroy: () => {
        all.forEach((g) => g.buffer.destroy());
        uniforms?.destroy();
      },
    };
  });
}

function bytesOf(t: Manifest['inputs'][number], values: UniformValues): number {
  const extents = t.shape.map((formula) => evaluateFormula(formula, values));
  if (extents.some((n) => !Number.isInteger(n) || n < 0)) {
    throw userError('E0733', `${t.name} would have the shape [${extents.join(', ')}]`);
  }
  const elements = extents.reduce((a, b) => a * b, 1);
  if (elements > 2 ** 31 - 1)
    throw userError('E0733', `${t.name} would have ${elements} elements, more than 2147483647`);
  return elements * STORAGE[t.storage].bytes;
}

function makeBuffers(
  device: GPUDevice,
  manifest: Manifest,
  inputs: TensorBytes,
  values: UniformValues,
): ReadonlyMap<string, GuardedBuffer> {
  const tensors = new Map<string, GuardedBuffer>();
  for (const t of manifest.inputs) {
    const wanted = bytesOf(t, values);
    const given = inputs[t.name];
    if (given?.byteLength !== wanted) {
      throw userError(
        'E0733',
        `input ${t.name} has ${given?.byteLength ?? 'no'} bytes where its shape needs ${wanted}`,
      );
    }
    tensors.set(t.name, guardedBuffer(device, t.name, wanted, given));
  }
  for (const t of [...manifest.outputs, ...manifest.workspace]) {
    tensors.set(t.name, guardedBuffer(device, t.name, bytesOf(t, values)));
  }
  return tensors;
}

/** The uniform block that all launches share, or undefined when none reads it. */
function makeUniforms(device: GPUDevice, manifest: Manifest, values: UniformValues): GPUBuffer | undefined {
  const bytes = packUniforms(manifest, values);
  if (!bytes) return undefined;
  const buffer = device.createBuffer({
    label: 'uniforms',
    size: bytes.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
}

interface Step {
  readonly entry: CompiledEntry;
  readonly group: GPUBindGroup;
  readonly grid: Grid;
}

function submit(device: GPUDevice, steps: readonly Step[]): void {
  const encoder = device.createCommandEncoder();
  for (const { entry, group, grid } of steps) record(encoder, entry, group, grid);
  device.queue.submit([encoder.finish()]);
}
