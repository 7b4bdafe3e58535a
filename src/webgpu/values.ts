/** Typed arrays to the bytes of a tensor, and back. */
import { bf16Bits, bf16Value, f16Bits, f16Value } from '../expr/half.ts';
import type { StorageType } from '../expr/types.ts';
import type { Values } from './module.ts';

type ArrayType = new (buffer: ArrayBuffer, offset: number, length: number) => Values;

/** What holds the elements of a storage as they are; 16-bit floats as their bits. */
const EXACT: Readonly<Record<StorageType, ArrayType>> = {
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  e4m3: Uint8Array,
  e5m2: Uint8Array,
  i32: Int32Array,
  i8: Int8Array,
  u32: Uint32Array,
  u8: Uint8Array,
  bool: Uint8Array,
};

const HALVES = { f16: [f16Bits, f16Value], bf16: [bf16Bits, bf16Value] } as const;
const isHalf = (storage: StorageType): storage is 'f16' | 'bf16' => storage === 'f16' || storage === 'bf16';

/** Buffers are bound in whole words, and never empty. */
export const paddedLength = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);

/** Names of the arrays that a tensor can be given as. */
export const arrayNames = (storage: StorageType): readonly string[] =>
  isHalf(storage) ? ['Float32Array', 'Uint16Array'] : [EXACT[storage].name];

/** The bytes of a tensor, filled up to whole words; undefined for an array of another type. */
export function encodeValues(storage: StorageType, values: Values): Uint8Array<ArrayBuffer> | undefined {
  let exact: Values = values;
  if (isHalf(storage) && values instanceof Float32Array) exact = Uint16Array.from(values, HALVES[storage][0]);
  else if (!(values instanceof EXACT[storage])) return undefined;
  const bytes = new Uint8Array(paddedLength(exact.byteLength));
  bytes.set(new Uint8Array(exact.buffer, exact.byteOffset, exact.byteLength));
  return bytes;
}

/** The elements of a tensor in an array of their own type, 16-bit and 8-bit floats as their bits. */
export const exactValues = (storage: StorageType, buffer: ArrayBuffer, count: number): Values =>
  new EXACT[storage](buffer, 0, count);

/** The values of a tensor: 16-bit floats as f32, of 8-bit floats the bits, all else as it is. */
export function decodeValues(storage: StorageType, buffer: ArrayBuffer, count: number): Values {
  const exact = exactValues(storage, buffer, count);
  return isHalf(storage) ? Float32Array.from(exact, HALVES[storage][1]) : exact;
}
