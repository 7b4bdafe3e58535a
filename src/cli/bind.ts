/** From files and flags to what a kernel needs: which input is which tensor, in which storage, and the parameters. */
import { userError } from '../diagnostics/diagnostic.ts';
import { STORAGE, type StorageType } from '../expr/types.ts';
import type { IrKernel } from '../ir/ir.ts';
import { checkRequires, inferSizes, paramValues } from '../ir/sizes.ts';
import { readArchive, readTensor } from '../runtime/files.ts';
import { convertTensor, type DType, type Tensor } from '../runtime/tensor.ts';
import { requireKnown } from '../diagnostics/known.ts';
import { UsageError, type TensorPath } from './usage.ts';

/**
 * Reads the tensors that the command line names. A file without a name binds every input that it has a tensor for.
 * @throws UserError E0701…E0710, also for a name that the kernel does not have.
 */
export function readInputs(kernel: IrKernel, paths: readonly TensorPath[]): Map<string, Tensor> {
  const declared = kernel.tensors.map((t) => t.name);
  const out = new Map<string, Tensor>();
  for (const { name, path, member } of paths) {
    if (name !== undefined) {
      requireKnown('E0710', 'input', name, declared, kernel.name);
      if (out.has(name) && paths.filter((p) => p.name === name).length > 1)
        throw new UsageError(`--in gives ${name} twice`);
      out.set(name, readTensor(path, member));
      continue;
    }
    if (path.toLowerCase().endsWith('.npy'))
      throw new UsageError(`--in ${path}: say which input it is: --in NAME=${path}`);
    const archive = readArchive(path);
    const found = declared.filter((input) => archive.names.includes(input));
    if (found.length === 0)
      throw userError('E0710', `${path} holds no input of ${kernel.name}`, {
        hint: `it holds ${archive.names.join(', ') || 'nothing'}; the kernel wants ${declared.join(', ')}`,
      });
    // What is named one by one wins over what a whole file brings.
    for (const input of found) if (!paths.some((p) => p.name === input)) out.set(input, archive.get(input)!);
  }
  const missing = kernel.tensors.filter((t) => !t.optional && !out.has(t.name));
  if (missing.length > 0)
    throw userError('E0710', `no tensor was given for ${missing.map((t) => t.name).join(', ')}`, {
      hint: `--in ${missing[0]!.name}=${missing[0]!.name}.npy`,
    });
  return out;
}

const isFloatStorage = (storage: StorageType): boolean => STORAGE[storage].value === 'f32';
const asFloatStorage = (dtype: DType): StorageType | undefined =>
  dtype === 'f32' || dtype === 'f16' || dtype === 'bf16' || dtype === 'e4m3' || dtype === 'e5m2'
    ? dtype
    : undefined;

export interface Specialised {
  /** Storage per input and output name, where it differs from what is declared. */
  readonly storage: Readonly<Record<string, StorageType>>;
  /** What changed, in words; empty when nothing did. */
  readonly notes: readonly string[];
}

/**
 * Lets the storage of float inputs follow the files, so that one spec runs in f32, f16 and bf16. When all inputs declared
 * with a 16-bit storage are given in another one, the outputs declared with it follow.
 */
export function storageFromFiles(
  kernel: IrKernel,
  tensors: ReadonlyMap<string, { readonly dtype: DType }>,
): Specialised {
  const storage = new Map<string, StorageType>();
  const given = new Map<StorageType, Set<StorageType>>();
  for (const t of kernel.tensors) {
    const tensor = tensors.get(t.name);
    if (tensor === undefined || !isFloatStorage(t.storage)) continue;
    const actual = asFloatStorage(tensor.dtype) ?? t.storage;
    if (actual !== t.storage) storage.set(t.name, actual);
    given.set(t.storage, (given.get(t.storage) ?? new Set()).add(actual));
  }
  for (const output of kernel.outputs) {
    const actual = given.get(output.storage);
    const [only] = actual ?? [];
    if (STORAGE[output.storage].bytes !== 2 || !isFloatStorage(output.storage)) continue;
    if (actual?.size === 1 && only !== undefined && only !== output.storage) storage.set(output.name, only);
  }
  const groups = new Map<StorageType, string[]>();
  for (const [name, actual] of storage) groups.set(actual, [...(groups.get(actual) ?? []), name]);
  return {
    storage: Object.fromEntries(storage),
    notes: [...groups].map(([actual, names]) => `${names.join(', ')}: ${actual}, as the files have it`),
  };
}

/**
 * Brings each tensor into the kernel's storage.
 * @throws UserError E0708 when an integer cannot be kept.
 */
export function convertInputs(kernel: IrKernel, tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  for (const { name, storage } of kernel.tensors) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) out.set(name, convertTensor(tensor, storage, `input ${name}`));
  }
  return out;
}

/**
 * Sizes and params of one launch: sizes from the shapes of the inputs and `set`, params from `given` and defaults.
 * @throws UserError E05xx when they contradict each other or a `require`, E0722 for names that the kernel does not have.
 */
export function bindNumbers(
  kernel: IrKernel,
  tensors: ReadonlyMap<string, Tensor>,
  set: ReadonlyMap<string, number>,
  given: ReadonlyMap<string, number>,
): { readonly sizes: Record<string, number>; readonly params: Record<string, number> } {
  for (const name of set.keys()) requireKnown('E0722', 'size', name, kernel.sizes, kernel.name);
  const names = kernel.params.map((p) => p.name);
  for (const name of given.keys()) requireKnown('E0722', 'parameter', name, names, kernel.name);
  const shapes = Object.fromEntries([...tensors].map(([name, t]) => [name, t.shape]));
  const sizes = inferSizes(kernel, shapes, Object.fromEntries(set));
  const params = paramValues(kernel, sizes, Object.fromEntries(given));
  checkRequires(kernel, sizes, params);
  return { sizes, params };
}
