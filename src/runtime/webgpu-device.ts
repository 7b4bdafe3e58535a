/** WebGPU devices under Node: Dawn through the npm package `webgpu`, on a Vulkan driver of this machine. */
import { existsSync } from 'node:fs';
import { PACKED_PRODUCTS } from '../../backends/wgsl/limits.ts';
import { userError } from '../diagnostics/diagnostic.ts';
import { MATRIX_FEATURE, unitsOfAdapter } from '../webgpu/matrix-units.ts';
import type { MatrixUnit } from '../expr/matrix-unit.ts';
import { VULKAN_DRIVERS } from './machine.ts';
import { restWhileWaiting } from './resting.ts';
import { runsOnCpu } from './software-device.ts';

export interface WebgpuOptions {
  /** Ask for `shader-f16`; refused with E0730 when the adapter lacks it. */
  readonly shaderF16?: boolean;
  /** Ask for products of matrices of subgroups; refused with E0730 when the adapter has none. */
  readonly matrices?: boolean;
  /** Bytes of workgroup memory to ask for; refused with E0730 when the adapter has fewer. */
  readonly workgroupBytes?: number;
  /** Dawn toggles such as `enable-dawn-features=disable_workgroup_init`; only the first call in a process counts. */
  readonly toggles?: readonly string[];
}

export interface Webgpu {
  readonly device: GPUDevice;
  /** The adapter's description, for people. */
  readonly name: string;
  readonly shaderF16: boolean;
  /** Lanes that every subgroup has at least, where kernels may say `enable subgroups`; else 1. */
  readonly subgroup: number;
  /** The language has products of four bytes. */
  readonly packedProducts: boolean;
  /** Products of matrices that subgroups do, as far as the device was asked for them and tells. */
  readonly matrixUnits: readonly MatrixUnit[];
  /** Lanes run on the CPU's vector unit: another shape of kernel is fast there. */
  readonly software: boolean;
  /** Gives the device back; the process can end without it. */
  readonly close: () => void;
}

/** Dawn crashes the process when the object that `create` returned is collected, so it stays reachable from here. */
const keeper = globalThis as typeof globalThis & { attncGpu?: GPU };

/** The driver description that Dawn's loader shall use, or undefined for the system's own choice. */
export function vulkanDriver(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const chosen = env['ATTNC_VK_ICD'] || env['VK_ICD_FILENAMES'];
  if (chosen) return chosen;
  return VULKAN_DRIVERS.flatMap((d) => d.paths).find((path) => existsSync(path));
}

/** SwiftShader compiles the zeroing of workgroup memory 20 times slower than all else; no kernel of ours relies on it. */
const defaultToggles = (driver: string | undefined): readonly string[] =>
  /swiftshader/i.test(driver ?? '') ? ['enable-dawn-features=disable_workgroup_init'] : [];

/** Dawn shows experimental features only to those who say that they want them. */
const UNSAFE = 'enable-dawn-features=allow_unsafe_apis';

async function instance({ toggles, matrices = false }: WebgpuOptions): Promise<GPU> {
  if (keeper.attncGpu) return keeper.attncGpu;
  // The loader reads both variables when the module is loaded, not later.
  const driver = vulkanDriver();
  if (driver !== undefined) process.env['VK_ICD_FILENAMES'] = driver;
  process.env['XDG_RUNTIME_DIR'] ??= '/tmp';
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (cause) {
    throw userError(
      'E0730',
      `WebGPU is not available: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'install the npm package webgpu for this platform',
      },
    );
  }
  Object.assign(globalThis, dawn.globals);
  keeper.attncGpu = dawn.create([...(toggles ?? defaultToggles(driver)), ...(matrices ? [UNSAFE] : [])]);
  return keeper.attncGpu;
}

/** What kernels that are made to run on a device may know of it. */
export const featuresOfDevice = (
  gpu: Pick<Webgpu, 'software' | 'subgroup' | 'packedProducts'> & Partial<Pick<Webgpu, 'matrixUnits'>>,
): {
  readonly device: 'cpu' | 'gpu';
  readonly subgroups: number;
  readonly packedProducts: boolean;
  readonly matrixUnits?: readonly MatrixUnit[];
} => ({
  device: gpu.software ? 'cpu' : 'gpu',
  subgroups: gpu.subgroup,
  packedProducts: gpu.packedProducts,
  ...(gpu.matrixUnits?.length ? { matrixUnits: gpu.matrixUnits } : {}),
});

const REMEDY = { hint: 'attnc doctor says which drivers are present and how to get one' };

/**
 * Opens a device at WebGPU's default limits, except for what is asked for and that buffers may be as large as the adapter allows.
 * @throws UserError E0730 when there is no adapter or it lacks what was asked for
 */
export async function openWebgpu(options: WebgpuOptions = {}): Promise<Webgpu> {
  const gpu = await instance(options);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw userError('E0730', 'no WebGPU adapter was found', REMEDY);
  const { description, vendor, architecture, device: model } = adapter.info;
  const name = description || [vendor, architecture, model].filter(Boolean).join(' ');
  if (options.shaderF16 && !adapter.features.has('shader-f16')) {
    throw userError('E0730', `the WebGPU adapter ${name} has no shader-f16`, {
      hint: 'leave the option out: 16-bit storage works without it',
    });
  }
  const { workgroupBytes = 0, matrices = false } = options;
  if (matrices && !adapter.features.has(MATRIX_FEATURE))
    throw userError('E0730', `the WebGPU adapter ${name} has no ${MATRIX_FEATURE}`, {
      hint: 'leave --subgroup-matrix out: lanes multiply by themselves then',
    });
  if (workgroupBytes > adapter.limits.maxComputeWorkgroupStorageSize)
    throw userError(
      'E0730',
      `the WebGPU adapter ${name} has ${adapter.limits.maxComputeWorkgroupStorageSize} bytes of workgroup memory`,
      { hint: 'ask for no more than it has' },
    );
  const software = runsOnCpu(adapter.info);
  if (software) restWhileWaiting(globalThis);
  const subgroup = adapter.features.has('subgroups') ? (adapter.info.subgroupMinSize ?? 1) : 1;
  const device = await adapter.requestDevice({
    requiredFeatures: [
      ...(options.shaderF16 ? (['shader-f16'] as const) : []),
      ...(subgroup > 1 ? (['subgroups'] as const) : []),
      ...(matrices ? [MATRIX_FEATURE] : []),
    ],
    requiredLimits: {
      maxBufferSize: adapter.limits.maxBufferSize,
      maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
      ...(workgroupBytes > 0 ? { maxComputeWorkgroupStorageSize: workgroupBytes } : {}),
    },
  });
  return {
    device,
    name,
    shaderF16: options.shaderF16 ?? false,
    subgroup,
    packedProducts: gpu.wgslLanguageFeatures.has(PACKED_PRODUCTS),
    matrixUnits: matrices ? unitsOfAdapter(adapter) : [],
    software,
    close: () => device.destroy(),
  };
}
