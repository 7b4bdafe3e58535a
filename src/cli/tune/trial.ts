/** A schedule compiled and ready to be timed on a device. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { runOnGpu } from '../../runtime/cuda-gpu.ts';
import { featuresOfDevice, openWebgpu, type Webgpu } from '../../runtime/webgpu-device.ts';
import { prepareOnWebgpu } from '../../runtime/webgpu.ts';
import { outputsFromBytes } from '../execute/outputs.ts';
import { fixedFor } from '../../fixed-sizes.ts';
import { compileVariant, type CompiledSpec, type CompileTarget, type Features } from '../pipeline.ts';
import type { Launch, Output } from '../targets.ts';

export interface Trial {
  readonly outputs: ReadonlyMap<string, Output>;
  /** Milliseconds from the schedule to a kernel that is ready to run. */
  readonly compile_ms: number;
  /** Names of the launches, in order. */
  readonly launches: readonly string[];
  /** Runs once; gives milliseconds. */
  time(): Promise<number>;
  /** Runs one launch after the other; gives milliseconds of each. Absent where a device gives no such times. */
  timeEach?(): Promise<readonly number[]>;
  destroy(): void;
}

/** Something that trials run on. */
export interface Bench {
  readonly device: string;
  readonly target: CompileTarget;
  /** What schedules are made for, where that is not always the same. */
  readonly features: Pick<Features, 'device' | 'subgroups' | 'packedProducts'>;
  /** Compiles, uploads and runs once. @throws UserError E06xx where the target has no room, E0733 when the run fails */
  prepare(features: Features): Promise<Trial>;
}

const compiled = (launch: Launch, target: CompileTarget, features: Features): Promise<CompiledSpec> =>
  compileVariant(
    launch.kernel,
    fixedFor(launch.kernel, launch.variant.set, launch.sizes),
    target,
    features,
    launch.sizes,
  );

const bytesOf = (launch: Launch): Record<string, Uint8Array> =>
  Object.fromEntries([...launch.inputs].map(([name, tensor]) => [name, tensor.bytes]));

function webgpuBench(gpu: Webgpu, launch: Launch): Bench {
  const values = { ...launch.sizes, ...launch.params };
  return {
    device: gpu.name,
    target: 'wgsl',
    features: featuresOfDevice(gpu),
    prepare: async (features) => {
      const start = performance.now();
      const { files, manifest } = await compiled(launch, 'wgsl', features);
      const source = files.find((f) => f.path === manifest.source)?.text;
      if (source === undefined) throw new CompilerBug('cli/tune', `no file ${manifest.source} was emitted`);
      const prepared = await prepareOnWebgpu(gpu, { source, manifest }, bytesOf(launch), values);
      const compile_ms = performance.now() - start;
      await prepared.run();
      return {
        outputs: outputsFromBytes(launch.kernel, launch.sizes, await prepared.outputs()),
        compile_ms,
        launches: manifest.launches.map((l) => l.launch),
        time: () => prepared.run(),
        timeEach: () => prepared.runEach(),
        destroy: () => prepared.destroy(),
      };
    },
  };
}

/** Runs of a program on a GPU, of which the median is taken there. */
const REPEATS = 10;

function cudaBench(launch: Launch): Bench {
  const values = { ...launch.sizes, ...launch.params };
  const run = async (c: CompiledSpec, repeats: number) =>
    runOnGpu(c.program, bytesOf(launch), values, { repeats });
  return {
    device: 'an NVIDIA GPU',
    features: {},
    target: 'cuda',
    prepare: async (features) => {
      const start = performance.now();
      const c = await compiled(launch, 'cuda', features);
      const { outputs } = await run(c, 1);
      return {
        outputs: outputsFromBytes(launch.kernel, launch.sizes, outputs),
        compile_ms: performance.now() - start,
        launches: c.manifest.launches.map((l) => l.launch),
        time: async () => (await run(c, REPEATS)).ms,
        destroy: () => {},
      };
    },
  };
}

/** @throws UserError E0730 where the target cannot run */
export async function openBench(target: CompileTarget, launch: Launch): Promise<Bench> {
  if (target === 'cuda') return cudaBench(launch);
  const { shaderF16 = false, workgroupBytes = 0, matrixUnits = [] } = launch.features;
  const matrices = matrixUnits.length > 0;
  return webgpuBench(await openWebgpu({ shaderF16, workgroupBytes, matrices }), launch);
}
