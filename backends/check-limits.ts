/** Whether a program keeps to the limits of its target. */
import type { Diagnostic } from '../src/diagnostics/diagnostic.ts';
import type { Program } from '../src/kernel/kernel.ts';
import { sharedBytes } from '../src/kernel/verify.ts';
import type { Limits } from './backend.ts';

/** What a legalised program asks beyond the limits; empty when it runs on every device of the target. */
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
            `kernel ${k.name} needs ${k.buffers.length} storage buffers, the target guarantees ${limits.maxBuffers}`,
            'fewer tensors per kernel: pack several into one, or split the kernel',
          ),
        ]
      : []),
    ...(sharedBytes(k) > limits.workgroupBytes
      ? [
          error(
            'E0602',
            `kernel ${k.name} needs ${sharedBytes(k)} bytes of workgroup memory, the target guarantees ${limits.workgroupBytes}`,
            'smaller tiles',
          ),
        ]
      : []),
    ...(k.lanes > limits.maxLanes
      ? [
          error(
            'E0603',
            `kernel ${k.name} needs ${k.lanes} lanes per workgroup, the target guarantees ${limits.maxLanes}`,
            'smaller tiles',
          ),
        ]
      : []),
  ]);
}
