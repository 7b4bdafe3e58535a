/** Variant `storage`: other element types for some inputs and outputs than the spec declares. */
import { userError } from '../../diagnostics/diagnostic.ts';
import { STORAGE, type StorageType } from '../../expr/types.ts';
import type { IrKernel } from '../ir.ts';

function change<T extends { readonly name: string; readonly storage: StorageType }>(
  t: T,
  storage: Readonly<Record<string, StorageType>>,
): T {
  const to = storage[t.name];
  if (to === undefined || to === t.storage) return t;
  if (STORAGE[to].value !== STORAGE[t.storage].value)
    throw userError('E0611', `\`${t.name}\` is declared ${t.storage} and cannot be compiled as ${to}`, {
      hint: 'only storages of one value type can stand for each other: f32, f16, bf16, e4m3 and e5m2; i32 and i8; u32 and u8',
    });
  return { ...t, storage: to };
}

/** Replaces storages by name; the value types stay what they were. */
export function withStorage(k: IrKernel, storage: Readonly<Record<string, StorageType>>): IrKernel {
  return {
    ...k,
    tensors: k.tensors.map((t) => change(t, storage)),
    outputs: k.outputs.map((o) => change(o, storage)),
  };
}
