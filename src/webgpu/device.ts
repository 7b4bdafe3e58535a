/** What modules ask of a device, and a device that has it. */
import { printUnit, sameUnit, type MatrixUnit } from '../expr/matrix-unit.ts';
import type { KernelModule } from './module.ts';
import { MATRIX_FEATURE, unitsOfAdapter } from './matrix-units.ts';
import { KernelError } from './error.ts';
import { gone } from './scoped.ts';

type LimitName =
  | 'maxComputeWorkgroupStorageSize'
  | 'maxComputeInvocationsPerWorkgroup'
  | 'maxComputeWorkgroupSizeX'
  | 'maxStorageBuffersPerShaderStage';

/** What a kernel needs beyond the bytes of its tensors. */
interface Needs {
  readonly features: readonly GPUFeatureName[];
  readonly limits: Readonly<Record<LimitName, number>>;
  /** Lanes that every subgroup must have. */
  readonly subgroup: number;
  /** Products that subgroups must do; workgroups are then made of whole subgroups. */
  readonly matrixUnits: readonly MatrixUnit[];
}
type Any = Pick<KernelModule, 'source' | 'manifest'>;

function needsOf({ source, manifest }: Any): Needs {
  const { launches, subgroup, matrixUnits = [] } = manifest;
  const most = (f: (l: (typeof launches)[number]) => number): number => Math.max(0, ...launches.map(f));
  const lanes = most((l) => l.lanes);
  return {
    features: [
      ...(/^enable f16;$/m.test(source) ? (['shader-f16'] as const) : []),
      ...(subgroup === undefined ? [] : (['subgroups'] as const)),
      ...(matrixUnits.length > 0 ? [MATRIX_FEATURE] : []),
    ],
    limits: {
      maxComputeWorkgroupStorageSize: most((l) => l.sharedBytes),
      maxComputeInvocationsPerWorkgroup: lanes,
      maxComputeWorkgroupSizeX: lanes,
      maxStorageBuffersPerShaderStage: most((l) => l.bindings.length),
    },
    subgroup: subgroup ?? 1,
    matrixUnits,
  };
}

/** Features of the language that a module asks for. */
const required = (source: string): readonly string[] =>
  [...source.matchAll(/^requires ([\w, ]+);$/gm)].flatMap((m) => m[1]!.split(/, */));

/** Compares what is there with what is needed. */
function lacks(
  there: Pick<GPUAdapter | GPUDevice, 'features' | 'limits'>,
  info: Partial<GPUAdapterInfo>,
  { manifest, source }: Any,
): string | undefined {
  const { features, limits, subgroup, matrixUnits } = needsOf({ manifest, source });
  const language = typeof navigator === 'undefined' ? undefined : navigator.gpu?.wgslLanguageFeatures;
  const unknown = required(source).find((w) => language && !language.has(w));
  if (unknown !== undefined) return `it needs ${unknown} of the language`;
  const feature = features.find((f) => !there.features.has(f));
  if (feature !== undefined) return `it needs the feature ${feature}`;
  for (const [name, needed] of Object.entries(limits) as [LimitName, number][])
    if (there.limits[name] < needed)
      return `it needs ${name} of ${needed}, and there is ${there.limits[name]}`;
  const lanes = info.subgroupMinSize ?? 0;
  if (subgroup > 1 && lanes < subgroup)
    return `it is for subgroups of at least ${subgroup} lanes, and here they may have ${lanes}`;
  return matrixUnits.length > 0 ? lacksMatrices(there, info, matrixUnits, manifest.launches) : undefined;
}

function lacksMatrices(
  there: Pick<GPUAdapter | GPUDevice, 'features'>,
  info: Partial<GPUAdapterInfo>,
  needed: readonly MatrixUnit[],
  launches: readonly { readonly lanes: number }[],
): string | undefined {
  const units = unitsOfAdapter({ features: there.features, info: info as GPUAdapterInfo });
  const absent = needed.find((u) => !units.some((x) => sameUnit(u, x)));
  // Some say that they have the feature, and not which products.
  if (absent && units.length > 0)
    return `it needs matrices ${printUnit(absent)}, and there are ${units.map(printUnit).join(', ')}`;
  const most = info.subgroupMaxSize ?? 1;
  const odd = launches.find((l) => l.lanes % most !== 0);
  return odd ? `its workgroups of ${odd.lanes} lanes are no whole subgroups of ${most}` : undefined;
}

const unable = (kernel: string, message: string): KernelError =>
  new KernelError({
    code: 'E0762',
    place: kernel,
    message,
    hint: 'requestDevice of attnc/webgpu asks for what modules need; or compile without it',
  });

/** @throws KernelError E0762 */
export function checkDevice(device: GPUDevice, module: Any): void {
  const missing = lacks(device, device.adapterInfo ?? {}, module);
  if (missing !== undefined) throw unable(module.manifest.kernel, missing);
}

/**
 * A device with what the modules need: features, limits, and buffers as large as the adapter has them; and `timestamp-query`
 * where there is one, for timers.
 * @throws KernelError E0762 naming the module and what the adapter lacks
 */
export async function requestDevice(
  adapter: GPUAdapter,
  modules: readonly Any[],
  descriptor: GPUDeviceDescriptor = {},
): Promise<GPUDevice> {
  const features = new Set<GPUFeatureName>(descriptor.requiredFeatures ?? []);
  const limits: Record<string, number> = {
    maxBufferSize: adapter.limits.maxBufferSize,
    maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
  };
  for (const module of modules) {
    const missing = lacks(adapter, adapter.info, module);
    if (missing !== undefined) throw unable(module.manifest.kernel, `${missing} (on this adapter)`);
    const needs = needsOf(module);
    for (const f of needs.features) features.add(f);
    for (const [name, needed] of Object.entries(needs.limits) as [LimitName, number][])
      limits[name] = Math.max(limits[name] ?? DEFAULTS[name], needed);
  }
  if (adapter.features.has('timestamp-query')) features.add('timestamp-query');
  const requiredLimits = { ...limits, ...descriptor.requiredLimits };
  return adapter.requestDevice({ ...descriptor, requiredFeatures: [...features], requiredLimits });
}

/** What every WebGPU device has; to ask for less is allowed and useless. */
const DEFAULTS: Readonly<Record<LimitName, number>> = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxStorageBuffersPerShaderStage: 8,
};

const losses = new WeakMap<GPUDevice, { info?: GPUDeviceLostInfo }>();

/** Watches a device from now on; tells how it was lost once it is. */
export function lossOf(device: GPUDevice): { readonly info?: GPUDeviceLostInfo } {
  const known = losses.get(device);
  if (known) return known;
  const loss: { info?: GPUDeviceLostInfo } = {};
  losses.set(device, loss);
  void device.lost.then((info) => (loss.info = info));
  return loss;
}

/** @throws KernelError E0764 */
export function checkAlive(device: GPUDevice, place: string): void {
  const { info } = lossOf(device);
  if (info)
    throw gone(place, `the device is lost (${info.reason}): ${info.message || 'no reason was given'}`);
}
