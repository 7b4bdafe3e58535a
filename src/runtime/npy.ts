/**
 * NumPy's .npy format: magic, version, a header that is a Python dict literal, then the elements.
 *
 *   file = "\x93NUMPY" major minor length header data
 *   header = {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 */
import { userError } from '../diagnostics/diagnostic.ts';
import { DTYPES, elementCount, shapeText, type DType, type Tensor } from './tensor.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy's kind-and-size names. A raw 2-byte void is how ml_dtypes stores bfloat16. */
const READS: Readonly<Record<string, DType>> = {
  f8: 'f64', f4: 'f32', f2: 'f16', V2: 'bf16', bfloat16: 'bf16',
  i8: 'i64', i4: 'i32', i2: 'i16', i1: 'i8',
  u8: 'u64', u4: 'u32', u2: 'u16', u1: 'u8', b1: 'bool',
}; // prettier-ignore
const WRITES: Readonly<Partial<Record<DType, string>>> = {
  f64: '<f8', f32: '<f4', f16: '<f2', bf16: '<V2',
  i64: '<i8', i32: '<i4', i16: '<i2', i8: '|i1',
  u64: '<u8', u32: '<u4', u16: '<u2', u8: '|u1', bool: '|b1',
}; // prettier-ignore

interface Header {
  readonly dtype: DType;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/**
 * Reads one .npy file. Big-endian data is swapped and Fortran order transposed, so the result is always little-endian
 * and row-major.
 * @throws UserError E0704 bad header, E0705 wrong length, E0706 element type not supported. `name` is used in messages.
 */
export function decodeNpy(bytes: Uint8Array, name: string): Tensor {
  const { header, dataAt } = splitNpy(bytes, name);
  const { dtype, bigEndian, fortran, shape } = parseHeader(header, name);
  const expected = elementCount(shape) * DTYPES[dtype].bytes;
  const present = bytes.length - dataAt;
  if (present !== expected)
    throw userError(
      'E0705',
      `${name} is ${present < expected ? 'truncated' : 'too long'}: shape ${shapeText(shape)} of ${dtype} needs ` +
        `${expected} bytes of data, the file has ${present}`,
    );
  let data = bytes.slice(dataAt);
  if (bigEndian) swapBytes(data, DTYPES[dtype].bytes);
  if (fortran) data = fromColumnMajor(data, shape, DTYPES[dtype].bytes);
  return { dtype, shape, bytes: data };
}

function splitNpy(bytes: Uint8Array, name: string): { header: string; dataAt: number } {
  if (bytes.length < 10 || MAGIC.some((byte, n) => bytes[n] !== byte))
    throw userError('E0704', `${name} is not a .npy file: it does not start with \\x93NUMPY`);
  const major = bytes[6]!;
  if (major < 1 || major > 3)
    throw userError('E0704', `${name} has .npy version ${major}; 1, 2 and 3 are known`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw userError('E0705', `${name} is truncated: it ends inside the header`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.length)
    throw userError('E0705', `${name} is truncated: it ends inside the header`);
  return {
    header: new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(start, start + length)),
    dataAt: start + length,
  };
}

function parseHeader(header: string, name: string): Header {
  const bad = (why: string): Error =>
    userError('E0704', `${name} has a .npy header that ${why}: ${header.trim().slice(0, 200)}`);
  if (/'descr'\s*:\s*\[/.test(header))
    throw userError('E0706', `${name} holds records (a structured dtype); only plain numbers are supported`);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const tuple = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || tuple === undefined)
    throw bad('lacks descr, fortran_order or shape');
  const parts = tuple.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (!parts.every((part) => /^\d{1,15}L?$/.test(part))) throw bad('has a malformed shape');
  const shape = parts.map((part) => parseInt(part, 10));
  if (!Number.isSafeInteger(elementCount(shape) * 8)) throw bad('declares an impossible size');
  const dtype = READS[descr.replace(/^[<>|=]/, '')];
  if (dtype === undefined)
    throw userError('E0706', `${name} holds elements of NumPy type '${descr}', which is not supported`, {
      hint: `supported: ${Object.keys(READS).join(' ')}`,
    });
  return { dtype, bigEndian: descr.startsWith('>'), fortran: order === 'True', shape };
}

function swapBytes(data: Uint8Array, size: number): void {
  for (let at = 0; at < data.length; at += size) data.subarray(at, at + size).reverse();
}

/** Rewrites column-major data as row-major. */
function fromColumnMajor(data: Uint8Array, shape: readonly number[], size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length);
  const strides = shape.map((_, n) => elementCount(shape.slice(0, n)));
  const index = shape.map(() => 0);
  for (let to = 0; to < out.length; to += size) {
    const from = index.reduce((sum, i, n) => sum + i * strides[n]!, 0) * size;
    out.set(data.subarray(from, from + size), to);
    for (let n = shape.length - 1; n >= 0 && ++index[n]! === shape[n]; n--) index[n] = 0;
  }
  return out;
}

/** @throws UserError E0706 for 8-bit floats. Writes a .npy file, version 1.0, little-endian, row-major; data starts at a multiple of 64 as NumPy's does. */
export function encodeNpy(t: Tensor): Uint8Array {
  const descr = WRITES[t.dtype];
  if (descr === undefined)
    throw userError('E0706', `NumPy has no type for ${t.dtype} elements`, {
      hint: 'write a .safetensors file',
    });
  const shape = t.shape.length === 1 ? `(${t.shape[0]},)` : `(${t.shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const header = dict.padEnd(length - 1) + '\n';
  const out = new Uint8Array(10 + length + t.bytes.length);
  out.set(MAGIC);
  out.set([1, 0, length & 255, length >> 8], 6);
  out.set(new TextEncoder().encode(header), 10);
  out.set(t.bytes, 10 + length);
  return out;
}
