/** Tensors for commands that look at a kernel without running it: those that are given, and no others. */
import type { TensorData } from '../tile/count-facts.ts';
import type { IrKernel } from '../ir/ir.ts';
import { tensorValues } from '../runtime/tensor.ts';
import { convertInputs, readInputs, storageFromFiles } from './bind.ts';
import { irOf, type Spec, type Variant } from './pipeline.ts';
import type { TensorPath } from './usage.ts';

export interface SomeTensors {
  /** The variant that these tensors ask for. */
  readonly kernel: IrKernel;
  readonly inputs: Readonly<Record<string, TensorData>>;
}

/** Reads the tensors that are named, and chooses the storage that they have. */
export function bindTensors(spec: Spec, variant: Variant, paths: readonly TensorPath[]): SomeTensors {
  const declared = irOf(spec, variant);
  const optional = { ...declared, tensors: declared.tensors.map((t) => ({ ...t, optional: true })) };
  const files = readInputs(optional, paths);
  const absent = declared.tensors.filter((t) => t.optional && !files.has(t.name)).map((t) => t.name);
  const { storage } = storageFromFiles(declared, files);
  const kernel = irOf(spec, {
    ...variant,
    absent: new Set([...variant.absent, ...absent]),
    storage: { ...storage, ...variant.storage },
  });
  const tensors = [...convertInputs(kernel, files)];
  return {
    kernel,
    inputs: Object.fromEntries(
      tensors.map(([name, t]) => [name, { shape: t.shape, data: tensorValues(t) }] as const),
    ),
  };
}

/** Sizes that are extents of given tensors; whether they agree is checked with all others. */
export function plainSizes(kernel: IrKernel, inputs: SomeTensors['inputs']): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, dims } of kernel.tensors)
    dims.forEach(({ extent }, n) => {
      const size = inputs[name]?.shape[n];
      if (extent.kind === 'var' && size !== undefined) sizes[extent.name] = size;
    });
  return sizes;
}
