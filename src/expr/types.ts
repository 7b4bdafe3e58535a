/** Types of scalar values while they are computed. The interpreter carries `f32` in float64. */
export type ScalarType = 'f32' | 'i32' | 'u32' | 'bool';

/** How elements lie in a tensor in memory. */
export type StorageType = 'f32' | 'f16' | 'bf16' | 'e4m3' | 'e5m2' | 'i32' | 'i8' | 'u32' | 'u8' | 'bool';

export interface StorageInfo {
  readonly bytes: number;
  readonly value: ScalarType;
}

/** A `bool` element is one byte, 0 or 1, as in NumPy. */
export const STORAGE: Readonly<Record<StorageType, StorageInfo>> = {
  f32: { bytes: 4, value: 'f32' },
  f16: { bytes: 2, value: 'f32' },
  bf16: { bytes: 2, value: 'f32' },
  e4m3: { bytes: 1, value: 'f32' },
  e5m2: { bytes: 1, value: 'f32' },
  i32: { bytes: 4, value: 'i32' },
  i8: { bytes: 1, value: 'i32' },
  u32: { bytes: 4, value: 'u32' },
  u8: { bytes: 1, value: 'u32' },
  bool: { bytes: 1, value: 'bool' },
};

export const holdsIntegers = (s: StorageType): boolean =>
  STORAGE[s].value === 'i32' || STORAGE[s].value === 'u32';
