/** A spec on a WebGPU device with its inputs, compiled for the sizes at hand and ready to be timed. */
import type { Manifest } from '../backends/backend.ts';
import { compile, explain } from '../src/index.ts';
import type { CompileOptions } from '../src/compile.ts';
import type { FormPlan } from '../src/ir/recurrence/forms/forms.ts';
import { featuresOfDevice, type Webgpu } from '../src/runtime/webgpu-device.ts';
import { prepareOnWebgpu, type PreparedLaunch } from '../src/runtime/webgpu.ts';

export interface SpecOptions {
  /** Sizes that lanes hold vectors over: these are fixed, the others are expected. By default `D` and, where there is one, `E`. */
  readonly fixed?: readonly string[];
  /** Optional inputs that are not given. */
  readonly absent?: readonly string[];
  readonly form?: Partial<FormPlan>;
  /** Sums over keys become states where they can; so do they by default. */
  readonly rewrite?: boolean;
}

/** How a spec is compiled for the device and the sizes at hand. */
function compileOptions(
  gpu: Pick<Webgpu, 'software' | 'subgroup' | 'packedProducts'>,
  inputs: Readonly<Record<string, Float32Array | Int32Array>>,
  values: Readonly<Record<string, number>>,
  { fixed = ['D', 'E'], absent = [], form, rewrite }: SpecOptions,
): CompileOptions {
  return {
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
    features: featuresOfDevice(gpu),
  };
}

export interface PreparedSpec extends PreparedLaunch {
  /** Milliseconds that the cost model holds to be possible; null where it says nothing. */
  readonly limit: number | null;
}

/** @param values sizes and params */
export async function prepareSpec(
  gpu: Webgpu,
  text: string,
  inputs: Readonly<Record<string, Float32Array | Int32Array>>,
  values: Readonly<Record<string, number>>,
  options: SpecOptions = {},
): Promise<PreparedSpec> {
  const chosen = compileOptions(gpu, inputs, values, options);
  const { value, diagnostics } = compile(text, chosen);
  if (!value) throw new Error(diagnostics.map((d) => d.message).join('; '));
  const source = value.files.find((f) => f.path.endsWith('.wgsl'))!.text;
  const manifest = JSON.parse(value.files.find((f) => f.path.endsWith('.json'))!.text) as Manifest;
  const bytes = Object.fromEntries(Object.entries(inputs).map(([n, a]) => [n, new Uint8Array(a.buffer)]));
  const prepared = await prepareOnWebgpu(gpu, { source, manifest }, bytes, values);
  const limit = explain(text, { ...chosen, values }).value?.limit?.ms ?? null;
  return { ...prepared, limit };
}
