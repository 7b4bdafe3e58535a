/** Printed WGSL as a target, on a WebGPU device. */
import { CompilerBug, UserError } from '../../diagnostics/diagnostic.ts';
import { featuresOfDevice, openWebgpu, type Webgpu } from '../../runtime/webgpu-device.ts';
import { runOnWebgpu } from '../../runtime/webgpu.ts';
import { fixedFor } from '../../fixed-sizes.ts';
import { compileVariant, type Features } from '../pipeline.ts';
import type { Execution, Launch } from '../targets.ts';
import { outputsFromBytes, warningsOf } from './outputs.ts';

/** One device serves all launches of a command. */
const opened = new Map<string, Promise<Webgpu>>();

function device({ shaderF16 = false, workgroupBytes = 0, matrixUnits = [] }: Features): Promise<Webgpu> {
  const matrices = matrixUnits.length > 0;
  const key = `${shaderF16} ${workgroupBytes} ${matrices}`;
  const known = opened.get(key) ?? openWebgpu({ shaderF16, workgroupBytes, matrices });
  opened.set(key, known);
  return known;
}

/** Why there is no device, or undefined when there is one. */
export async function missingWebgpu(): Promise<string | undefined> {
  try {
    await device({});
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return `wgsl: ${error.message}`;
    throw error;
  }
}

/** @throws UserError E0730 without a device, E0733 when the run fails or a kernel writes outside a tensor. */
export async function executeWgsl(launch: Launch): Promise<Execution> {
  const { kernel, variant, features, sizes, params } = launch;
  const gpu = await device(features);
  const set = fixedFor(kernel, variant.set, sizes);
  const compiled = await compileVariant(
    kernel,
    set,
    'wgsl',
    { ...featuresOfDevice(gpu), ...features },
    launch.expected ?? sizes,
  );
  const source = compiled.files.find((file) => file.path === compiled.manifest.source)?.text;
  if (source === undefined)
    throw new CompilerBug('cli/wgsl', `no file ${compiled.manifest.source} was emitted`);
  const inputs = Object.fromEntries([...launch.inputs].map(([name, tensor]) => [name, tensor.bytes]));
  const run = await runOnWebgpu(gpu, { source, manifest: compiled.manifest }, inputs, {
    ...sizes,
    ...params,
  });
  return {
    outputs: outputsFromBytes(kernel, sizes, run.outputs),
    device: `WebGPU: ${run.device}`,
    ...warningsOf(compiled),
  };
}
