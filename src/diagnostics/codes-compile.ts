/** E06xx: what stands between a correct spec and a kernel for a target. */
import type { CodeRow } from './code-row.ts';

export const COMPILE_CODES: readonly CodeRow[] = [
  {
    code: 'E0601',
    title: 'too many buffers for the target',
    explanation:
      'A kernel binds more tensors than every device of the target offers; WebGPU guarantees 8 storage buffers per stage. ' +
      'Pack several small tensors into one, or write fewer outputs in one kernel.',
  },
  {
    code: 'E0602',
    title: 'too much workgroup memory for the target',
    explanation:
      'The tiles of a kernel do not fit into workgroup memory; WebGPU guarantees 16 KiB. Plan smaller tiles.',
  },
  {
    code: 'E0603',
    title: 'too many lanes for the target',
    explanation:
      'A workgroup has more lanes than the target allows; WebGPU guarantees 256. Plan smaller tiles.',
  },
  {
    code: 'E0610',
    title: 'a size must be fixed to compile',
    explanation:
      'A lane holds vectors, such as a row of queries over the feature axis, in registers, whose number is fixed at ' +
      'compile time. Give the size: `attnc compile FILE --set D=64 --set E=64`. Other sizes stay open until a launch.',
  },
  {
    code: 'E0611',
    title: 'a storage that cannot stand for the declared one',
    explanation:
      'A variant may store a tensor in another type only if the values are of one kind: f32, f16 and bf16 stand for each ' +
      'other, an integer tensor does not become a float tensor.',
  },
  {
    code: 'E0612',
    title: 'no such kernel',
    explanation:
      'A file may hold several kernels; then the one to compile or run is named with `--kernel NAME` or `{ kernel }`.',
  },
];
