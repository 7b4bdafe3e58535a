/** What the WGSL runs share: whether a device is there, and which driver it is. */
import { existsSync } from 'node:fs';
import { VULKAN_DRIVERS } from '../../src/runtime/machine.ts';
import { vulkanDriver } from '../../src/runtime/webgpu-device.ts';

/** The driver that this process uses from now on, before the device library is loaded; undefined when it is absent. */
export function useDriver(name: 'lavapipe' | 'SwiftShader'): string | undefined {
  const path = VULKAN_DRIVERS.find((d) => d.name === name)?.paths.find((p) => existsSync(p));
  if (path === undefined) return undefined;
  process.env['ATTNC_VK_ICD'] = path;
  process.env['VK_ICD_FILENAMES'] = path;
  return path;
}

export const currentDriver = (): string => vulkanDriver() ?? 'the default driver';
