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

/**
 * One in n of a list, for combinations that are too slow to try on everything; `which` of the n parts. Titles decide, so
 * that one more example does not change what is tried on the others.
 */
export const everyNth = <T extends { readonly title: string }>(
  list: readonly T[],
  n: number,
  which = 0,
): readonly T[] => list.filter(({ title }) => hash(title) % n === which);

/** FNV-1a. */
const hash = (text: string): number =>
  [...text].reduce((h, c) => Math.imul(h ^ c.codePointAt(0)!, 16777619) >>> 0, 2166136261) >>> 8;
