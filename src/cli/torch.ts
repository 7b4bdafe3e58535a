/** Kernels of one file as a package for PyTorch: what `compile --target torch` writes. */
import { basename } from 'node:path';
import type { EmittedFile } from '../../backends/backend.ts';
import { userError } from '../diagnostics/diagnostic.ts';
import type { IrKernel } from '../ir/ir.ts';
import { randomFrom } from '../runtime/random.ts';
import { torchOperator } from '../torch/operator.ts';
import { torchPackage, type TorchKernel } from '../torch/package.ts';
import type { CompiledSpec, Features } from './pipeline.ts';
import { integerLimits } from './verify/draw-inputs.ts';
import { drawNumbers } from './verify/draw-numbers.ts';
import { integerUses } from './verify/integer-uses.ts';

const SEED = 7;

/**
 * One kernel of the package.
 * @param set sizes that it was compiled for
 * @throws UserError E0660, E0661 for what PyTorch cannot have, E0662 where no sizes meet the requirements
 */
export function torchKernel(
  kernel: IrKernel,
  set: Readonly<Record<string, number>>,
  compiled: CompiledSpec,
): TorchKernel {
  const operator = torchOperator(kernel, compiled.program);
  const fixed = new Map(Object.entries(set));
  const draw = (mostWork?: number) => drawNumbers(kernel, randomFrom(SEED), fixed, new Map(), mostWork);
  // Small ones first; what is large for the interpreter is still little for a GPU.
  const numbers = draw() ?? draw(Infinity);
  if (!numbers)
    throw userError(
      'E0662',
      `no sizes were found that meet the requirements of \`${kernel.name}\`, to test it with`,
      {
        hint: 'fix some with --set NAME=SIZE',
      },
    );
  const most = integerLimits(kernel, integerUses(kernel), numbers.sizes);
  return { operator, files: compiled.files, sample: { ...numbers, most } };
}

/** The package of all kernels of a file. @param path of the file, or - */
export function torchFiles(kernels: readonly TorchKernel[], path: string, features: Features): EmittedFile[] {
  const stem = basename(path).replace(/\.attn$/, '');
  const named = path === '-' ? kernels[0]!.operator.id : stem;
  return torchPackage(kernels, {
    name: `attnc_${named}`,
    source: path === '-' ? `${named}.attn` : basename(path),
    ...(features.arch ? { arch: features.arch } : {}),
  });
}
