/** What every supported GPU (compute capability 8.0 and later) offers. */
import type { BackendOptions, Limits } from '../backend.ts';

/** 99 KiB of shared memory is the least among sm_80 … sm_120 devices, so one source runs on all of them. */
export const CUDA_LIMITS: Limits = {
  workgroupBytes: 99 * 1024,
  maxLanes: 1024,
  maxBuffers: 256,
  maxGridPerDimension: 2 ** 31 - 1,
  mma: true,
  blocks: true,
  nativeF16: true,
  nativeBf16: true,
  subgroup: 32,
  software: false,
  // Streaming multiprocessors of an H100.
  cores: 132,
  startsInOrder: true,
};

/** What devices of compute capability 9.0 offer beyond: 227 KiB of shared memory, copies of tiles, products of warpgroups. */
export const SM90A_LIMITS: Limits = { ...CUDA_LIMITS, workgroupBytes: 227 * 1024, warpgroups: true };

export const limitsFor = (options: BackendOptions): Limits =>
  options.arch === 'sm_90a' ? SM90A_LIMITS : CUDA_LIMITS;

/** Shared memory that a launch may use without asking for more. */
export const DEFAULT_SHARED_BYTES = 48 * 1024;
