/** A spec on a WebGPU device with its inputs, compiled for the sizes at hand and ready to be timed. */
import type { Manifest } from '../backends/backend.ts';
import { compile } from '../src/index.ts';
import type { FormPlan } from '../src/ir/recurrence/forms/forms.ts';
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { prepareOnWebgpu } from '../src/runtime/webgpu.ts';

export interface SpecOptions {
  /** Sizes that lanes hold vectors over: these are fixed, the others are expected. By default `D` and, where there is one, `E`. */
  readonly fixed?: readonly string[];
  /** Optional inputs that are not given. */
  readonly absent?: readonly string[];
  readonly form?: Partial<FormPlan>;
  /** Sums over keys become states where they can; so do they by default. */
  readonly rewrite?: boolean;
}

/** @param values sizes and params */
export function prepareSpec(
  gpu: Webgpu,
  text: string,
  inputs: Readonly<Record<string, Float32Array | Int32Array>>,
  values: Readonly<Record<string, number>>,
  { fixed = ['D', 'E'], absent = [], form, rewrite }: SpecOptions = {},
): ReturnType<typeof prepareOnWebgpu> {
  const { value, diagnostics } = compile(text, {
    target: 'wgsl',
    set: Object.fromEntries(Object.entries(values).filter(([name]) => fixed.includes(name))),
    absent: new Set(absent),
    ...(form ? { form } : {}),
    ...(rewrite === undefined ? {} : { rewrite }),
    expected: values,
    storage: Object.fromEntries(
      [...Object.keys(inputs), 'y'].flatMap((name) =>
        inputs[name] instanceof Int32Array ? [] : [[name, 'f32' as const]],
      ),
    ),
    features: { device: gpu.software ? 'cpu' : 'gpu' },
  });
  if (!value) throw new Error(diagnostics.map((d) => d.message).join('; '));
  const source = value.files.find((f) => f.path.endsWith('.wgsl'))!.text;
  const manifest = JSON.parse(value.files.find((f) => f.path.endsWith('.json'))!.text) as Manifest;
  const bytes = Object.fromEntries(Object.entries(inputs).map(([n, a]) => [n, new Uint8Array(a.buffer)]));
  return prepareOnWebgpu(gpu, { source, manifest }, bytes, values);
}
