/** Printed CUDA C++ as a target: under the CPU emulator, or on an NVIDIA GPU. */
import { spawnSync } from 'node:child_process';
import { runOnCudaEmulator } from '../../runtime/cuda-emulator.ts';
import { runOnGpu } from '../../runtime/cuda-gpu.ts';
import { findNvcc } from '../../runtime/nvcc.ts';
import { fixedFor } from '../../fixed-sizes.ts';
import { compileVariant } from '../pipeline.ts';
import type { Execution, Launch } from '../targets.ts';
import { outputsFromBytes, warningsOf } from './outputs.ts';

const runs = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

export const missingEmulator = (): string | undefined =>
  runs('g++', ['--version']) ? undefined : 'cuda-emu needs g++, which was not found';

export function missingGpu(): string | undefined {
  if (!runs('nvidia-smi', ['-L'])) return 'cuda needs an NVIDIA GPU, and nvidia-smi finds none';
  return findNvcc() === undefined ? 'cuda needs nvcc, which was not found' : undefined;
}

/** @throws UserError E0730 without g++, E0733 when the emulator finds an error. */
export async function executeEmulated(launch: Launch): Promise<Execution> {
  const { compiled, program, inputs, values } = await prepare(launch, launch.expected);
  const { outputs } = await runOnCudaEmulator(program, inputs, values);
  return {
    outputs: outputsFromBytes(launch.kernel, launch.sizes, outputs),
    device: 'CUDA C++ under the CPU emulator',
    ...warningsOf(compiled),
  };
}

/** @param expected sizes to plan for: a GPU gets its streams shared, the emulator one program for many sizes */
async function prepare(launch: Launch, expected?: Launch['sizes']) {
  const { kernel, variant, sizes, params } = launch;
  const compiled = await compileVariant(
    kernel,
    fixedFor(kernel, variant.set, sizes),
    'cuda',
    launch.features,
    expected,
  );
  const inputs = Object.fromEntries([...launch.inputs].map(([name, tensor]) => [name, tensor.bytes]));
  return { compiled, program: compiled.program, inputs, values: { ...sizes, ...params } };
}
/** @throws UserError E0730 without a GPU or nvcc, E0733 when the run fails. */
export async function executeOnGpu(launch: Launch): Promise<Execution> {
  const { compiled, program, inputs, values } = await prepare(launch, launch.expected ?? launch.sizes);
  const { outputs, device } = await runOnGpu(program, inputs, values);
  return {
    outputs: outputsFromBytes(launch.kernel, launch.sizes, outputs),
    device: `CUDA: ${device}`,
    ...warningsOf(compiled),
  };
}
