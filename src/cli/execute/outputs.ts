/** Bytes and values that compiled kernels leave, as outputs of the spec. */
import { evalConst } from '../../expr/evaluate.ts';
import type { IrKernel } from '../../ir/ir.ts';
import { tensorOf, tensorValues } from '../../runtime/tensor.ts';
import type { CompiledSpec } from '../pipeline.ts';
import type { Execution, Output } from '../targets.ts';

/** Extents of every output for given sizes, outermost first. */
export function outputShapes(
  kernel: IrKernel,
  sizes: Readonly<Record<string, number>>,
): Map<string, readonly number[]> {
  const known = new Map(Object.entries(sizes));
  const extents = new Map(kernel.axes.map((axis) => [axis.name, evalConst(axis.extent, known)]));
  return new Map(kernel.outputs.map((o) => [o.name, o.indices.map((axis) => extents.get(axis)!)]));
}

/** Outputs from flat values by name. */
export function outputsFromValues(
  kernel: IrKernel,
  sizes: Readonly<Record<string, number>>,
  values: Readonly<Record<string, Float64Array>>,
): Map<string, Output> {
  const shapes = outputShapes(kernel, sizes);
  return new Map([...shapes].map(([name, shape]) => [name, { shape, values: values[name]! }]));
}

/** Outputs from bytes in the storage of the kernel's outputs. */
export function outputsFromBytes(
  kernel: IrKernel,
  sizes: Readonly<Record<string, number>>,
  bytes: Readonly<Record<string, Uint8Array>>,
): Map<string, Output> {
  const shapes = outputShapes(kernel, sizes);
  return new Map(
    kernel.outputs.map(({ name, storage }) => {
      const shape = shapes.get(name)!;
      return [name, { shape, values: tensorValues(tensorOf(storage, shape, bytes[name]!)) }];
    }),
  );
}

/** What is told about how something was compiled. */
export const warningsOf = ({ planUse }: CompiledSpec): Pick<Execution, 'warnings'> =>
  planUse?.warning ? { warnings: [planUse.warning] } : {};
