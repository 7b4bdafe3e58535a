/** Inputs of a launch: those that were dropped on the page, and random ones for the rest. */
import { inputsInRange } from '../../../src/cli/verify/inputs-in-range.ts';
import { integerUses } from '../../../src/cli/verify/integer-uses.ts';
import { UserError, userError } from '../../../src/diagnostics/diagnostic.ts';
import { freeVars } from '../../../src/expr/expr.ts';
import { inferSizes } from '../../../src/ir/sizes.ts';
import type { IrKernel } from '../../../src/ir/ir.ts';
import { decodeNpy } from '../../../src/runtime/npy.ts';
import { decodeNpz } from '../../../src/runtime/npz.ts';
import { decodeSafetensors } from '../../../src/runtime/safetensors.ts';
import { convertTensor, type Tensor } from '../../../src/runtime/tensor.ts';
import type { DroppedFile, Numbers } from '../protocol.ts';

const SEED = 1;
/** Tries with ever smaller indices, after one fell outside of its tensor. */
const TRIES = 6;

/**
 * Tensors of files by the names of inputs: `.npy` files are called as the input, the others hold tensors by name.
 * @throws UserError E0703 for other files, E0704 to E0709 for damaged ones, E0722 for names that are no inputs
 */
export function tensorsOf(kernel: IrKernel, files: readonly DroppedFile[]): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const file of files) for (const [name, tensor] of membersOf(file)) found.set(name, tensor);
  const inputs = new Map(kernel.tensors.map((t) => [t.name, t]));
  const known = [...found].filter(([name]) => inputs.has(name));
  if (found.size > 0 && known.length === 0)
    throw userError(
      'E0722',
      `no input of ${kernel.name} is called ${[...found.keys()].slice(0, 8).join(', ')}`,
      {
        hint: `its inputs are ${[...inputs.keys()].join(', ')}; a .npy file is named after its input`,
      },
    );
  return new Map(known.map(([name, t]) => [name, convertTensor(t, inputs.get(name)!.storage, name)]));
}

function membersOf({ name, bytes }: DroppedFile): readonly (readonly [string, Tensor])[] {
  const [, stem = name, ending = ''] = /^(.*)\.([^.]*)$/.exec(name) ?? [];
  switch (ending.toLowerCase()) {
    case 'npy':
      return [[stem, decodeNpy(bytes, name)]];
    case 'npz':
    case 'safetensors': {
      const archive = ending === 'npz' ? decodeNpz(bytes, name) : decodeSafetensors(bytes, name);
      return archive.names.map((member) => [member, archive.get(member)!]);
    }
    default:
      throw userError('E0703', `${name} is no tensor file`, {
        hint: 'drop .npy, .npz or .safetensors files',
      });
  }
}

/**
 * The chosen sizes, where files do not say otherwise.
 * @throws UserError E0501 to E0503 where shapes disagree
 */
export function sizesFrom(kernel: IrKernel, given: ReadonlyMap<string, Tensor>, chosen: Numbers): Numbers {
  if (given.size === 0) return chosen;
  const tensors = kernel.tensors.filter((t) => given.has(t.name));
  const names = new Set(tensors.flatMap((t) => t.dims.flatMap((d) => [...freeVars(d.extent)])));
  // What the files say nothing of is not looked at: the chosen sizes are checked with all others later.
  const axes = kernel.axes.filter((a) => [...freeVars(a.extent)].every((n) => names.has(n)));
  const sizes = kernel.sizes.filter((n) => names.has(n));
  const part = { ...kernel, tensors, axes, sizes, outputs: [], requires: [] };
  const shapes = Object.fromEntries([...given].map(([name, t]) => [name, [...t.shape]]));
  return { ...chosen, ...inferSizes(part, shapes) };
}

/**
 * All inputs, in values that the kernel's formulas can mean.
 * @param means whether the kernel is defined for them; it throws a UserError where it is not
 */
export function inputsFor(
  kernel: IrKernel,
  sizes: Numbers,
  params: Numbers,
  given: ReadonlyMap<string, Tensor>,
  means: (inputs: ReadonlyMap<string, Tensor>) => void,
): ReadonlyMap<string, Tensor> {
  const uses = integerUses(kernel);
  for (let shrink = 0; ; shrink++)
    try {
      const drawn = inputsInRange({ kernel, sizes, params, seed: SEED }, uses, shrink);
      const all = new Map([...drawn].map(([name, t]) => [name, given.get(name) ?? t]));
      means(all);
      return all;
    } catch (e) {
      if (!(e instanceof UserError) || shrink === TRIES) throw e;
    }
}
