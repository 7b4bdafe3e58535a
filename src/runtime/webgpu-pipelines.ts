/** Compiles WGSL modules on a device, once per device and text. */
import type { Manifest, ManifestEntry } from '../../backends/backend.ts';
import { CompilerBug, UserError, userError } from '../diagnostics/diagnostic.ts';

/** A module and how to launch it, as the back-end emits them. */
export interface WgslModule {
  readonly source: string;
  readonly manifest: Manifest;
}
export interface CompiledEntry {
  readonly entry: ManifestEntry;
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

/** Sizes and params are uniforms, so one text often runs many times: drivers take up to seconds to compile it. */
const compiled = new WeakMap<GPUDevice, Map<string, Promise<readonly CompiledEntry[]>>>();
const MAX_KEPT = 32;

/**
 * The pipelines of a module, in launch order.
 * @throws CompilerBug when the device refuses our text
 */
export function compileOnWebgpu(device: GPUDevice, module: WgslModule): Promise<readonly CompiledEntry[]> {
  const known = compiled.get(device) ?? new Map<string, Promise<readonly CompiledEntry[]>>();
  compiled.set(device, known);
  const key = `${module.source}\n${JSON.stringify(module.manifest.launches)}`;
  const kept = known.get(key);
  if (kept) return kept;
  const entries = checked(device, `compiling ${module.manifest.kernel}`, async () => {
    const shader = await compileModule(device, module.source);
    return Promise.all(module.manifest.launches.map((entry) => compileEntry(device, shader, entry)));
  });
  if (known.size >= MAX_KEPT) known.delete(known.keys().next().value!);
  known.set(key, entries);
  return entries;
}

/** Runs a step under error scopes, so that the device's complaints become exceptions. */
export async function checked<T>(device: GPUDevice, what: string, run: () => Promise<T>): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let result: T | undefined;
  let failure: unknown;
  try {
    result = await run();
  } catch (e) {
    failure = e;
  }
  const invalid = await device.popErrorScope();
  const memory = await device.popErrorScope();
  if (memory) throw userError('E0733', `${what}: the device is out of memory: ${memory.message}`);
  if (invalid) throw new CompilerBug('webgpu', `${what}: ${invalid.message}`);
  if (failure instanceof CompilerBug || failure instanceof UserError) throw failure;
  if (failure !== undefined) {
    throw new CompilerBug(
      'webgpu',
      `${what}: ${failure instanceof Error ? failure.message : String(failure)}`,
    );
  }
  return result!;
}

async function compileModule(device: GPUDevice, code: string): Promise<GPUShaderModule> {
  device.pushErrorScope('validation');
  const shader = device.createShaderModule({ code });
  const { messages } = await shader.getCompilationInfo();
  await device.popErrorScope();
  const errors = messages.filter((m) => m.type === 'error');
  if (errors.length > 0) {
    const lines = code.split('\n');
    const text = errors.map((m) => `line ${m.lineNum}: ${m.message}\n    ${lines[m.lineNum - 1] ?? ''}`);
    throw new CompilerBug('wgsl', `the device refuses the module\n${text.join('\n')}`);
  }
  return shader;
}

async function compileEntry(
  device: GPUDevice,
  module: GPUShaderModule,
  entry: ManifestEntry,
): Promise<CompiledEntry> {
  const visibility = GPUShaderStage.COMPUTE;
  const block = entry.uniformBinding;
  // Explicit, because an automatic layout leaves out tensors that an entry point happens not to touch.
  const layout = device.createBindGroupLayout({
    entries: [
      ...(block === undefined ? [] : [{ binding: block, visibility, buffer: { type: 'uniform' } as const }]),
      ...entry.bindings.map((b) => ({
        binding: b.binding,
        visibility,
        buffer: { type: b.access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
      })),
    ],
  });
  const pipeline = await device.createComputePipelineAsync({
    label: entry.name,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: entry.name },
  });
  return { entry, layout, pipeline };
}
