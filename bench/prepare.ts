/** A spec on a WebGPU device with its inputs, compiled for the sizes at hand and ready to be timed. */
import type { Manifest } from '../backends/backend.ts';
import { compile } from '../src/index.ts';
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { prepareOnWebgpu } from '../src/runtime/webgpu.ts';

/**
 * Lanes hold vectors over `D` and, where a spec has it, `E`: these sizes are fixed, the others are expected.
 * @param values sizes and params
 */
export function prepareSpec(
  gpu: Webgpu,
  text: string,
  inputs: Readonly<Record<string, Float32Array | Int32Array>>,
  values: Readonly<Record<string, number>>,
): ReturnType<typeof prepareOnWebgpu> {
  const { value, diagnostics } = compile(text, {
    target: 'wgsl',
    set: Object.fromEntries(Object.entries(values).filter(([name]) => name === 'D' || name === 'E')),
    expected: values,
    storage: { q: 'f32', k: 'f32', v: 'f32', y: 'f32' },
    features: { device: gpu.software ? 'cpu' : 'gpu' },
  });
  if (!value) throw new Error(diagnostics.map((d) => d.message).join('; '));
  const source = value.files.find((f) => f.path.endsWith('.wgsl'))!.text;
  const manifest = JSON.parse(value.files.find((f) => f.path.endsWith('.json'))!.text) as Manifest;
  const bytes = Object.fromEntries(Object.entries(inputs).map(([n, a]) => [n, new Uint8Array(a.buffer)]));
  return prepareOnWebgpu(gpu, { source, manifest }, bytes, values);
}
