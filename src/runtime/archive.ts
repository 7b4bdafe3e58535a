/** Files that hold several named tensors. */
import type { Tensor } from './tensor.ts';

export interface TensorArchive {
  readonly names: readonly string[];
  /** Undefined when there is no such name; throws a UserError when the entry is damaged or of an unsupported type. */
  get(name: string): Tensor | undefined;
}
