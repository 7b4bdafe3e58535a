/** How a kernel's launches are put into a command encoder; shared by everything that runs WGSL. */
import type { Manifest } from '../../backends/backend.ts';
import { evaluateFormula } from '../../backends/formula.ts';
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import type { CompiledEntry } from './pipelines.ts';

/** Workgroups in x and y; both 0 where nothing is to be done. */
export interface Grid {
  readonly x: number;
  readonly y: number;
}

/** A launch has more workgroups than one dimension may: they are folded into rows of equal length. */
export function gridOf(
  formula: string,
  maxGridPerDimension: number,
  values: Readonly<Record<string, number>>,
): Grid {
  const workgroups = evaluateFormula(formula, values);
  const y = Math.ceil(workgroups / maxGridPerDimension);
  return { x: y === 0 ? 0 : Math.ceil(workgroups / y), y };
}

/** The bytes of the uniform block that all launches share, or undefined when none reads it. */
export function packUniforms(
  manifest: Manifest,
  values: Readonly<Record<string, number>>,
): ArrayBuffer | undefined {
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
  return view.buffer;
}

/** The tensors and uniforms of one launch. */
export function bindGroup(
  device: GPUDevice,
  { entry, layout }: CompiledEntry,
  buffers: ReadonlyMap<string, GPUBufferBinding>,
  uniforms: GPUBuffer | undefined,
): GPUBindGroup {
  const block = entry.uniformBinding;
  return device.createBindGroup({
    layout,
    entries: [
      ...(block === undefined || !uniforms ? [] : [{ binding: block, resource: { buffer: uniforms } }]),
      ...entry.bindings.map((b) => ({ binding: b.binding, resource: buffers.get(b.name)! })),
    ],
  });
}

/** One launch as a pass of its own, so that it sees what those before it wrote. */
export function record(
  encoder: GPUCommandEncoder,
  { entry, pipeline }: CompiledEntry,
  group: GPUBindGroup,
  { x, y }: Grid,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  if (x === 0) return;
  const pass = encoder.beginComputePass({
    label: entry.launch,
    ...(timestampWrites ? { timestampWrites } : {}),
  });
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(x, y);
  pass.end();
}
