/**
 * The part of the generated host code that is the same for every kernel. It is text, because generated files import
 * nothing; `test/unit/wgsl-host.test.ts` compiles and runs it.
 */

/** Types that the text declares; a kernel's own type must have another name. */
export const HOST_NAMES: readonly string[] = ['Storage', 'TensorSpec'];

export const HOST_RUNTIME = `\
/** Of e4m3 and e5m2 the bits are given, as bytes. */
type Storage = 'f32' | 'f16' | 'bf16' | 'e4m3' | 'e5m2' | 'i32' | 'i8' | 'u32' | 'u8' | 'bool';

interface TensorSpec {
  readonly storage: Storage;
  readonly dims: string;
}

const bytesPerElement: Record<Storage, number> = { f32: 4, f16: 2, bf16: 2, e4m3: 1, e5m2: 1, i32: 4, i8: 1, u32: 4, u8: 1, bool: 1 };

const elementCount = (shape: readonly number[]): number => shape.reduce((n, extent) => n * extent, 1);
/** Buffers are bound in whole words, and never empty. */
const paddedLength = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4);

function byteLength(device: GPUDevice, name: string, spec: TensorSpec, shape: readonly number[]): number {
  const count = elementCount(shape);
  const bytes = count * bytesPerElement[spec.storage];
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (count > 0x7fffffff || bytes > limit) {
    throw new RangeError(\`\${name}: \${spec.dims} = [\${shape.join(', ')}] needs \${bytes} bytes, the device binds at most \${limit}\`);
  }
  return bytes;
}

function checkSizes(sizes: Readonly<Record<string, number>>, names: readonly string[]): void {
  for (const name of names) {
    const value = sizes[name];
    if (value === undefined || !Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
      throw new RangeError(\`size \${name} must be a whole number from 0 to 2147483647, not \${String(value)}\`);
    }
  }
}

const word = new DataView(new ArrayBuffer(4));

/** Bits of the nearest 16-bit float, ties to even. */
function halfBits(storage: 'f16' | 'bf16', x: number): number {
  word.setFloat32(0, x);
  const bits = word.getUint32(0);
  const size = bits & 0x7fffffff;
  if (storage === 'bf16') return size > 0x7f800000 ? 0x7fc0 : ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
  const sign = (bits >>> 16) & 0x8000;
  if (size > 0x7f800000) return 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00;
  if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  const scaled = Math.abs(x) * 2 ** 24;
  const low = Math.floor(scaled);
  const up = scaled - low > 0.5 || (scaled - low === 0.5 && low % 2 === 1);
  return sign | (low + (up ? 1 : 0));
}

function halfValue(storage: 'f16' | 'bf16', bits: number): number {
  if (storage === 'bf16') {
    word.setUint32(0, bits << 16);
    return word.getFloat32(0);
  }
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Bytes of a typed array in the tensor's storage; f32 values of 16-bit tensors are rounded. */
function encode(name: string, spec: TensorSpec, data: ArrayBufferView, count: number, shape: readonly number[]): Uint8Array {
  const words = { f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i32: Int32Array, u32: Uint32Array };
  const wanted = { ...words, e4m3: Uint8Array, e5m2: Uint8Array, i8: Int8Array, u8: Uint8Array, bool: Uint8Array }[spec.storage];
  const { storage } = spec;
  const rounded = (storage === 'f16' || storage === 'bf16') && data instanceof Float32Array;
  if (!rounded && !(data instanceof wanted)) {
    throw new TypeError(\`\${name} is \${storage}: give a GPUBuffer or a \${wanted.name}, not a \${data.constructor.name}\`);
  }
  const { length } = data as Uint8Array;
  if (length !== count) {
    throw new RangeError(\`\${name} has \${length} elements, \${spec.dims} = [\${shape.join(', ')}] needs \${count}\`);
  }
  const source = rounded ? Uint16Array.from(data, (x) => halfBits(storage, x)) : data;
  const bytes = new Uint8Array(paddedLength(source.byteLength));
  bytes.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  return bytes;
}

/** Values of an output; 16-bit floats become f32. */
function decode(storage: Storage, buffer: ArrayBuffer, count: number): Float32Array | Int32Array | Uint32Array | Int8Array | Uint8Array {
  switch (storage) {
    case 'f32':
      return new Float32Array(buffer, 0, count);
    case 'i32':
      return new Int32Array(buffer, 0, count);
    case 'u32':
      return new Uint32Array(buffer, 0, count);
    case 'i8':
      return new Int8Array(buffer, 0, count);
    case 'e4m3':
    case 'e5m2':
    case 'u8':
    case 'bool':
      return new Uint8Array(buffer, 0, count);
    case 'f16':
    case 'bf16':
      return Float32Array.from(new Uint16Array(buffer, 0, count), (bits) => halfValue(storage, bits));
  }
}
`;

/** Included only where a formula calls them. */
export const HOST_DIVISION = `\
const floorDiv = (a: number, b: number): number => (b === 0 ? 0 : Math.floor(a / b));
const floorMod = (a: number, b: number): number => (b === 0 ? 0 : a - b * Math.floor(a / b));
`;
