/** Tensors as they lie in files and memory: a type, a shape (outermost first) and little-endian bytes without padding. */
import { userError } from '../diagnostics/diagnostic.ts';
import { float8Bits, float8Value, type Float8 } from '../expr/float8.ts';
import type { StorageType } from '../expr/types.ts';
import { bf16Bits, bf16Value, f16Bits, f16Value } from '../expr/half.ts';

/** Element types that files may hold; a superset of what kernels store. */
export type DType =
  | 'f64'
  | 'f32'
  | 'f16'
  | 'bf16'
  | 'e4m3'
  | 'e5m2'
  | 'i64'
  | 'i32'
  | 'i16'
  | 'i8'
  | 'u64'
  | 'u32'
  | 'u16'
  | 'u8'
  | 'bool';

export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

interface DTypeRow {
  readonly bytes: number;
  readonly get: (view: DataView, at: number) => number;
  readonly set: (view: DataView, at: number, value: number) => void;
  /** Range of an integer type; absent for floats. */
  readonly range?: readonly [number, number];
}

const float8 = (format: Float8): DTypeRow => ({
  bytes: 1,
  get: (v, a) => float8Value(format, v.getUint8(a)),
  set: (v, a, x) => v.setUint8(a, float8Bits(format, x)),
});

/** One row per element type. 64-bit integers are carried as doubles: exact to 2^53, refused beyond it. */
export const DTYPES: Readonly<Record<DType, DTypeRow>> = {
  f64: { bytes: 8, get: (v, a) => v.getFloat64(a, true), set: (v, a, x) => v.setFloat64(a, x, true) },
  f32: { bytes: 4, get: (v, a) => v.getFloat32(a, true), set: (v, a, x) => v.setFloat32(a, x, true) },
  f16: {
    bytes: 2,
    get: (v, a) => f16Value(v.getUint16(a, true)),
    set: (v, a, x) => v.setUint16(a, f16Bits(x), true),
  },
  bf16: {
    bytes: 2,
    get: (v, a) => bf16Value(v.getUint16(a, true)),
    set: (v, a, x) => v.setUint16(a, bf16Bits(x), true),
  },
  e4m3: float8('e4m3'),
  e5m2: float8('e5m2'),
  i64: {
    bytes: 8,
    get: (v, a) => exact(v.getBigInt64(a, true)),
    set: (v, a, x) => v.setBigInt64(a, BigInt(x), true),
    range: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  },
  i32: {
    bytes: 4,
    get: (v, a) => v.getInt32(a, true),
    set: (v, a, x) => v.setInt32(a, x, true),
    range: [-2147483648, 2147483647],
  },
  i16: {
    bytes: 2,
    get: (v, a) => v.getInt16(a, true),
    set: (v, a, x) => v.setInt16(a, x, true),
    range: [-32768, 32767],
  },
  i8: { bytes: 1, get: (v, a) => v.getInt8(a), set: (v, a, x) => v.setInt8(a, x), range: [-128, 127] },
  u64: {
    bytes: 8,
    get: (v, a) => exact(v.getBigUint64(a, true)),
    set: (v, a, x) => v.setBigUint64(a, BigInt(x), true),
    range: [0, Number.MAX_SAFE_INTEGER],
  },
  u32: {
    bytes: 4,
    get: (v, a) => v.getUint32(a, true),
    set: (v, a, x) => v.setUint32(a, x, true),
    range: [0, 4294967295],
  },
  u16: {
    bytes: 2,
    get: (v, a) => v.getUint16(a, true),
    set: (v, a, x) => v.setUint16(a, x, true),
    range: [0, 65535],
  },
  u8: { bytes: 1, get: (v, a) => v.getUint8(a), set: (v, a, x) => v.setUint8(a, x), range: [0, 255] },
  bool: {
    bytes: 1,
    get: (v, a) => +(v.getUint8(a) !== 0),
    set: (v, a, x) => v.setUint8(a, x),
    range: [0, 1],
  },
};

function exact(value: bigint): number {
  const n = Number(value);
  if (!Number.isSafeInteger(n))
    throw userError('E0708', `the 64-bit integer ${value} is too large to be carried exactly`, {
      hint: 'only integers below 2^53 in magnitude are supported; store the tensor as i32 or f32',
    });
  return n;
}

export const elementCount = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);
export const isFloat = (dtype: DType): boolean => DTYPES[dtype].range === undefined;
export const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Makes a tensor over existing bytes; the caller guarantees that their number fits shape and type. */
export const tensorOf = (dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor => ({
  dtype,
  shape,
  bytes,
});

/** Exact values of all elements in memory order. */
export function tensorValues(t: Tensor): Float64Array {
  const { bytes, get } = DTYPES[t.dtype];
  const view = new DataView(t.bytes.buffer, t.bytes.byteOffset, t.bytes.byteLength);
  const out = new Float64Array(elementCount(t.shape));
  for (let n = 0, at = 0; n < out.length; n++, at += bytes) out[n] = get(view, at);
  return out;
}

/**
 * Packs values; floats are rounded to nearest even.
 * @throws UserError E0708 when an integer type cannot hold a value exactly. `what` names the tensor in that message.
 */
export function tensorFrom(
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
  what = 'the tensor',
): Tensor {
  const { bytes, set, range } = DTYPES[dtype];
  const out = new Uint8Array(values.length * bytes);
  const view = new DataView(out.buffer);
  for (let n = 0, at = 0; n < values.length; n++, at += bytes) {
    const x = values[n]!;
    if (range && !(Number.isInteger(x) && x >= range[0] && x <= range[1]))
      throw userError('E0708', `${what}: element ${n} is ${x}, which ${dtype} cannot hold`, {
        hint: `${dtype} holds the integers from ${range[0]} to ${range[1]}`,
      });
    set(view, at, x);
  }
  return { dtype, shape, bytes: out };
}

/**
 * The same values in another element type. Floats round; integers must be kept exactly.
 * @throws UserError E0708 when the target is an integer type that cannot hold a value, or a float becomes an integer.
 */
export function convertTensor(t: Tensor, dtype: DType, what = 'the tensor'): Tensor {
  if (t.dtype === dtype) return t;
  if (isFloat(t.dtype) && !isFloat(dtype))
    throw userError('E0708', `${what} holds ${t.dtype} elements where ${dtype} is wanted`, {
      hint: `convert it to an integer type first, for example with NumPy's astype`,
    });
  const values = tensorValues(t);
  if (!isFloat(t.dtype) && isFloat(dtype)) {
    const probe = tensorValues(tensorFrom(dtype, t.shape, values, what));
    const lost = values.findIndex((x, n) => x !== probe[n]);
    if (lost >= 0)
      throw userError(
        'E0708',
        `${what}: the integer ${values[lost]} at element ${lost} is not exact in ${dtype}`,
      );
  }
  return tensorFrom(dtype, t.shape, values, what);
}

/** The storage in which a kernel can take a file's elements without loss of kind: floats stay, f64 narrows to f32. */
export function storageFor(dtype: DType): StorageType {
  switch (dtype) {
    case 'f32':
    case 'f16':
    case 'bf16':
    case 'e4m3':
    case 'e5m2':
    case 'i8':
    case 'u8':
    case 'bool':
    case 'u32':
      return dtype;
    case 'f64':
      return 'f32';
    default:
      return 'i32';
  }
}
