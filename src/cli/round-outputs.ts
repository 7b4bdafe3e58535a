/** Results in the storage of the kernel's outputs, which is how executors are compared. */
import { STORAGE } from '../expr/types.ts';
import type { IrKernel } from '../ir/ir.ts';
import { STORE_ROUND } from '../kernel/rounding.ts';
import { tensorFrom, type Tensor } from '../runtime/tensor.ts';
import type { Execution } from './targets.ts';

/** Rounds results to the storage of the kernel's outputs, in their order. */
export function roundOutputs(kernel: IrKernel, { outputs }: Execution): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  for (const { name, storage } of kernel.outputs) {
    const { shape, values } = outputs.get(name)!;
    // Bytes saturate when they are stored.
    const stored = STORAGE[storage].bytes === 1 ? values.map(STORE_ROUND[storage]) : values;
    out.set(name, tensorFrom(storage, shape, stored, `output ${name}`));
  }
  return out;
}
