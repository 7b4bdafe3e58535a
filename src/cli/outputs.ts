/** Where results go: tensor files, and a line for a person. */
import { userError } from '../diagnostics/diagnostic.ts';
import { STORAGE } from '../expr/types.ts';
import type { IrKernel } from '../ir/ir.ts';
import { STORE_ROUND } from '../kernel/rounding.ts';
import { encodeTensors, writeFilesAtomically } from '../runtime/files.ts';
import { shapeText, tensorFrom, tensorValues, type Tensor } from '../runtime/tensor.ts';
import type { Execution } from './targets.ts';
import { requireKnown, type TensorPath } from './usage.ts';

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

/** Type, shape, and enough numbers to see at a glance whether something is off. */
export function summary(t: Tensor): string {
  const values = tensorValues(t);
  const head = `${t.dtype}${shapeText(t.shape)}`;
  if (values.length === 0) return `${head}, empty`;
  let least = Infinity;
  let greatest = -Infinity;
  let odd = 0;
  for (const x of values) {
    if (!Number.isFinite(x)) odd++;
    else {
      least = Math.min(least, x);
      greatest = Math.max(greatest, x);
    }
  }
  const range = odd === values.length ? '' : `, ${short(least)} … ${short(greatest)}`;
  const first = [...values.slice(0, 4)].map(short).join(' ');
  return `${head}${range}${odd > 0 ? `, ${odd} not finite` : ''}, starts ${first}`;
}
const short = (x: number): string => (Number.isInteger(x) ? String(x) : x.toPrecision(5));
