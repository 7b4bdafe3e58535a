/** Compiles WGSL modules on a device, once per device and text. */
import type { Manifest, ManifestEntry } from '../../backends/backend.ts';
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { scoped } from './scoped.ts';

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
 * The pipelines of a module, in launch order. The device goes on with other work while it compiles.
 * @throws CompilerBug when the device refuses our text, KernelError E0763 and E0764
 */
export function compileOnWebgpu(device: GPUDevice, module: WgslModule): Promise<readonly CompiledEntry[]> {
  const known = compiled.get(device) ?? new Map<string, Promise<readonly CompiledEntry[]>>();
  compiled.set(device, known);
  const key = `${module.source}\n${JSON.stringify(module.manifest.launches)}`;
  const kept = known.get(key);
  if (kept) return kept;
  const entries = compileEntries(device, module);
  // What failed for want of memory may succeed the next time.
  entries.catch(() => known.delete(key));
  if (known.size >= MAX_KEPT) known.delete(known.keys().next().value!);
  known.set(key, entries);
  return entries;
}

const ourBug = (message: string): CompilerBug => new CompilerBug('webgpu', message);

async function compileEntries(
  device: GPUDevice,
  { source, manifest }: WgslModule,
): Promise<readonly CompiledEntry[]> {
  const place = `compiling ${manifest.kernel}`;
  const shader = await compileModule(device, source, place);
  // Launches of one kernel differ in their tensors alone.
  const kernels = [...new Map(manifest.launches.map((entry) => [entry.name, entry])).values()];
  const layouts = await scoped(
    device,
    place,
    () => kernels.map((entry) => device.createBindGroupLayout(layoutOf(entry))),
    (message) => ourBug(`${place}: ${message}`),
  );
  const pipelines = await Promise.all(
    kernels.map(async ({ name }, n): Promise<readonly [string, Omit<CompiledEntry, 'entry'>]> => {
      const layout = layouts[n]!;
      try {
        const pipeline = await device.createComputePipelineAsync({
          label: name,
          layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
          compute: { module: shader, entryPoint: name },
        });
        return [name, { layout, pipeline }];
      } catch (e) {
        throw ourBug(`${place}: ${e instanceof Error ? e.message : String(e)}`);
      }
    }),
  );
  const byName = new Map(pipelines);
  return manifest.launches.map((entry) => ({ entry, ...byName.get(entry.name)! }));
}

async function compileModule(device: GPUDevice, code: string, place: string): Promise<GPUShaderModule> {
  device.pushErrorScope('validation');
  const shader = device.createShaderModule({ label: place, code });
  const told = device.popErrorScope().catch(() => null);
  const { messages } = await shader.getCompilationInfo();
  const errors = messages.filter((m) => m.type === 'error');
  const refused = (await told)?.message;
  if (errors.length === 0 && refused === undefined) return shader;
  const lines = code.split('\n');
  const text = errors.map((m) => `line ${m.lineNum}: ${m.message}\n    ${lines[m.lineNum - 1] ?? ''}`);
  throw new CompilerBug('wgsl', `the device refuses the module\n${text.join('\n') || refused}`);
}

/** Explicit, because an automatic layout leaves out tensors that an entry point happens not to touch. */
function layoutOf(entry: ManifestEntry): GPUBindGroupLayoutDescriptor {
  const visibility = GPUShaderStage.COMPUTE;
  const block = entry.uniformBinding;
  return {
    entries: [
      ...(block === undefined ? [] : [{ binding: block, visibility, buffer: { type: 'uniform' } as const }]),
      ...entry.bindings.map((b) => ({
        binding: b.binding,
        visibility,
        buffer: { type: b.access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
      })),
    ],
  };
}
