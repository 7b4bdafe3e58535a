/** Runs printed WGSL on a WebGPU device: uploads tensors, launches, reads back, and checks the guards. */
import type { Manifest } from '../../backends/backend.ts';
import { evaluateFormula } from '../../backends/formula.ts';
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { STORAGE } from '../expr/types.ts';
import { clearGuarded, guardedBuffer, readGuarded, type GuardedBuffer } from './guarded-buffer.ts';
import type { Webgpu } from './webgpu-device.ts';
import { checked, compileOnWebgpu, type CompiledEntry, type WgslModule } from './webgpu-pipelines.ts';

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
  const entries = await compileOnWebgpu(device, module);
  return checked(device, `preparing ${manifest.kernel}`, async () => {
    const tensors = makeBuffers(device, manifest, inputs, known);
    const uniforms = makeUniforms(device, manifest, known);
    const steps = entries.map((entry) =>
      makeStep(device, entry, manifest.maxGridPerDimension, tensors, uniforms, known),
    );
    const all = [...tensors.values()];
    const written = [...manifest.outputs, ...manifest.workspace].map((t) => tensors.get(t.name)!);
    return {
      run: () => checked(device, `running ${manifest.kernel}`, () => submit(device, steps)),
      runEach: () =>
        checked(device, `running ${manifest.kernel}`, async () => {
          const times: number[] = [];
          for (const step of steps) times.push(await submit(device, [step]));
          return times;
        }),
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
  const entry = manifest.launches.find((l) => l.uniformBinding !== undefined);
  if (!entry) return undefined;
  const view = new DataView(new ArrayBuffer(Math.ceil((4 * entry.uniforms.length) / 16) * 16));
  for (const u of entry.uniforms) {
    const value = values[u.name];
    if (value === undefined) throw new CompilerBug('webgpu', `no value for ${u.name}`);
    if (u.type === 'f32') view.setFloat32(u.offset, value, true);
    else if (u.type === 'bool') view.setUint32(u.offset, value !== 0 ? 1 : 0, true);
    else view.setInt32(u.offset, value | 0, true);
  }
  const buffer = device.createBuffer({
    label: 'uniforms',
    size: view.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, view.buffer);
  return buffer;
}

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly x: number;
  readonly y: number;
}

function makeStep(
  device: GPUDevice,
  { entry, layout, pipeline }: CompiledEntry,
  maxGridPerDimension: number,
  tensors: ReadonlyMap<string, GuardedBuffer>,
  uniforms: GPUBuffer | undefined,
  values: UniformValues,
): Step {
  const block = entry.uniformBinding;
  const group = device.createBindGroup({
    layout,
    entries: [
      ...(block === undefined || !uniforms ? [] : [{ binding: block, resource: { buffer: uniforms } }]),
      ...entry.bindings.map((b) => ({
        binding: b.binding,
        resource: { buffer: tensors.get(b.name)!.buffer },
      })),
    ],
  });
  const workgroups = evaluateFormula(entry.grid, values);
  const y = Math.ceil(workgroups / maxGridPerDimension);
  return { pipeline, group, x: y === 0 ? 0 : Math.ceil(workgroups / y), y };
}

async function submit(device: GPUDevice, steps: readonly Step[]): Promise<number> {
  const start = performance.now();
  const encoder = device.createCommandEncoder();
  for (const { pipeline, group, x, y } of steps) {
    if (x === 0) continue;
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y);
    pass.end();
  }
  device.queue.submit([encoder.finish()]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}
