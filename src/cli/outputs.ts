/** Where results go: tensor files, and a line for a person. */
import { userError } from '../diagnostics/diagnostic.ts';
import type { IrKernel } from '../ir/ir.ts';
import { encodeTensors, writeFilesAtomically } from '../runtime/files.ts';
import { tensorFrom, type Tensor } from '../runtime/tensor.ts';
import { requireKnown } from '../diagnostics/known.ts';
import type { TensorPath } from './usage.ts';

/**
 * Names and formats are checked before the work, so that a long run does not end in a typing error.
 * @throws UserError E0703, E0722.
 */
export function checkOutPaths(kernel: IrKernel, paths: readonly TensorPath[]): void {
  const names = kernel.outputs.map((o) => o.name);
  for (const { name, path, member } of paths) {
    if (name !== undefined) requireKnown('E0722', 'output', name, names, kernel.name);
    if (member !== undefined) throw userError('E0722', `--out cannot write into a part of ${path}`);
    if (name === undefined && names.length > 1 && path.toLowerCase().endsWith('.npy'))
      throw userError(
        'E0722',
        `${path} can hold one tensor, and ${kernel.name} has ${names.length} outputs`,
        {
          hint: `--out ${names[0]}=${path}`,
        },
      );
    encodeTensors(path, new Map([['probe', tensorFrom('f32', [], [0])]]));
  }
}

/** Writes the chosen outputs, all files or none, and gives their paths. */
export function writeOutputs(tensors: ReadonlyMap<string, Tensor>, paths: readonly TensorPath[]): string[] {
  const grouped = new Map<string, Map<string, Tensor>>();
  for (const { name, path } of paths) {
    const group = grouped.get(path) ?? new Map<string, Tensor>();
    for (const [output, tensor] of tensors)
      if (name === undefined || name === output) group.set(output, tensor);
    grouped.set(path, group);
  }
  writeFilesAtomically([...grouped].map(([path, group]) => ({ path, content: encodeTensors(path, group) })));
  return [...grouped.keys()];
}
