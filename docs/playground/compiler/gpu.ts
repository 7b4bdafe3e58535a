/** A compiled kernel on the GPU of this browser: results, and how long its launches take. */
import { moduleOf } from '../../../src/module.ts';
import { median } from '../../../src/runtime/median.ts';
import { runsOnCpu } from '../../../src/runtime/software-device.ts';
import { elementCount, tensorFrom, type Tensor } from '../../../src/runtime/tensor.ts';
import { float8Value } from '../../../src/expr/float8.ts';
import type { IrKernel } from '../../../src/ir/ir.ts';
import {
  createKernel,
  requestDevice,
  Timer,
  unitsOfAdapter,
  type Kernel,
  type LaunchTime,
  type Values,
} from '../../../src/webgpu/index.ts';
import { exactValues } from '../../../src/webgpu/values.ts';
import type { Numbers } from '../protocol.ts';

/** Timed runs; the first one before them is slower. */
const REPETITIONS = 9;
/** No more repetitions once so much time is spent. */
const ENOUGH_MS = 1500;

export interface GpuRun {
  readonly device: string;
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly ms: number;
  readonly timedBy: 'device' | 'clock';
  readonly launches?: readonly LaunchTime[];
}

/** Undefined where the browser has no WebGPU or no adapter. */
export async function adapterHere(): Promise<GPUAdapter | undefined> {
  const gpu = (navigator as Navigator & { readonly gpu?: GPU }).gpu;
  return (await gpu?.requestAdapter()) ?? undefined;
}

const nameOf = ({ description, vendor, architecture, device }: GPUAdapterInfo): string =>
  description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed adapter';

/**
 * Compiles for the adapter, runs, reads every output, and repeats for the time.
 * @throws KernelError, UserError: what the sizes or the device do not allow
 */
export async function runOnGpu(
  adapter: GPUAdapter,
  kernel: IrKernel,
  inputs: ReadonlyMap<string, Tensor>,
  numbers: { readonly sizes: Numbers; readonly params: Numbers; readonly fixed: Numbers },
): Promise<GpuRun> {
  const { sizes, params, fixed } = numbers;
  const matrixUnits = unitsOfAdapter(adapter);
  const features = {
    shaderF16: false,
    device: runsOnCpu(adapter.info) ? 'cpu' : 'gpu',
    ...(matrixUnits.length > 0 ? { matrixUnits } : {}),
  } as const;
  const module = moduleOf(kernel, { set: fixed, expected: sizes, features });
  const device = await requestDevice(adapter, [module]);
  try {
    const open = Object.fromEntries(Object.entries(sizes).filter(([name]) => !(name in fixed)));
    const made = await createKernel(device, module, open);
    await made.run({ inputs: arraysOf(kernel, inputs), params: paramsOf(kernel, params) });
    const outputs = await readAll(made, kernel);
    const time = await timeOf(device, made, paramsOf(kernel, params));
    return { device: nameOf(adapter.info), outputs, ...time };
  } finally {
    device.destroy();
  }
}

const paramsOf = (kernel: IrKernel, params: Numbers): Record<string, number | boolean> =>
  Object.fromEntries(
    kernel.params.map(({ name, type }) => [name, type === 'bool' ? params[name] !== 0 : params[name]!]),
  );

/** The bytes of files and random tensors as arrays of the type that the kernel takes. */
const arraysOf = (kernel: IrKernel, inputs: ReadonlyMap<string, Tensor>): Record<string, Values> =>
  Object.fromEntries(
    kernel.tensors.flatMap(({ name, storage }) => {
      const t = inputs.get(name);
      return t ? [[name, exactValues(storage, t.bytes.slice().buffer, elementCount(t.shape))]] : [];
    }),
  );

async function readAll(made: Kernel, kernel: IrKernel): Promise<ReadonlyMap<string, Tensor>> {
  const outputs = new Map<string, Tensor>();
  for (const { name, storage } of kernel.outputs) {
    const values: ArrayLike<number> = await made.read(name);
    // Of 8-bit floats the runtime gives the bits.
    const exact =
      storage === 'e4m3' || storage === 'e5m2'
        ? Float64Array.from(values, (bits) => float8Value(storage, bits))
        : values;
    outputs.set(name, tensorFrom(storage, made.shape(name), exact, `output ${name}`));
  }
  return outputs;
}

async function timeOf(
  device: GPUDevice,
  made: Kernel,
  params: Record<string, number | boolean>,
): Promise<Pick<GpuRun, 'ms' | 'timedBy' | 'launches'>> {
  const timer = device.features.has('timestamp-query') ? new Timer(device, 128) : undefined;
  const runs: { readonly clock: number; readonly launches: readonly LaunchTime[] }[] = [];
  const begun = performance.now();
  while (runs.length < REPETITIONS && (runs.length === 0 || performance.now() - begun < ENOUGH_MS)) {
    const encoder = device.createCommandEncoder();
    const start = performance.now();
    made.encode(encoder, { params, ...(timer ? { timer } : {}) });
    timer?.resolve(encoder);
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    const clock = performance.now() - start;
    runs.push({ clock, launches: (await timer?.read()) ?? [] });
  }
  timer?.destroy();
  const sums = runs.map((r) => r.launches.reduce((sum, l) => sum + l.ms, 0));
  // Browsers round timestamps, and some give none: then the clock is nearer to the truth.
  if (!timer || median(sums) <= 0) return { ms: median(runs.map((r) => r.clock)), timedBy: 'clock' };
  const names = runs[0]!.launches.map((l) => l.name);
  const launches = names.map((name, n) => ({ name, ms: median(runs.map((r) => r.launches[n]!.ms)) }));
  return { ms: median(sums), timedBy: 'device', launches };
}
