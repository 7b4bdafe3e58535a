/** What WebGPU guarantees without asking, and the check that a program keeps to it. */
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { sharedBytes } from '../../src/kernel/verify.ts';
import type { BackendOptions, Limits } from '../backend.ts';

export function wgslLimits(options: BackendOptions = {}): Limits {
  return {
    workgroupBytes: 16384,
    maxLanes: 256,
    maxBuffers: 8,
    maxGridPerDimension: 65535,
    mma: false,
    nativeF16: options.shaderF16 ?? false,
    nativeBf16: false,
    subgroup: options.device === 'cpu' ? 8 : 32,
    software: options.device === 'cpu',
  };
}

/** What a legalised program asks beyond the limits; empty when it runs on every WebGPU device. */
export function checkLimits(program: Program, limits: Limits): readonly Diagnostic[] {
  const error = (code: string, message: string, hint: string): Diagnostic => ({
    code,
    severity: 'error',
    message,
    hint,
  });
  return program.kernels.flatMap((k) => [
    ...(k.buffers.length > limits.maxBuffers
      ? [
          error(
            'E0601',
            `kernel ${k.name} needs ${k.buffers.length} storage buffers, WebGPU guarantees ${limits.maxBuffers}`,
            'fewer tensors per kernel: pack several into one, or split the kernel',
          ),
        ]
      : []),
    ...(sharedBytes(k) > limits.workgroupBytes
      ? [
          error(
            'E0602',
            `kernel ${k.name} needs ${sharedBytes(k)} bytes of workgroup memory, WebGPU guarantees ${limits.workgroupBytes}`,
            'smaller tiles',
          ),
        ]
      : []),
    ...(k.lanes > limits.maxLanes
      ? [
          error(
            'E0603',
            `kernel ${k.name} needs ${k.lanes} lanes per workgroup, WebGPU guarantees ${limits.maxLanes}`,
            'smaller tiles',
          ),
        ]
      : []),
  ]);
}
