/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header, then the bytes of all tensors.
 *
 *   header = { "name": { "dtype": "F16", "shape": [2, 3], "data_offsets": [begin, end] }, …, "__metadata__"?: {…} }
 */
import { userError, type UserError } from '../diagnostics/diagnostic.ts';
import type { TensorArchive } from './archive.ts';
import { DTYPES, elementCount, shapeText, type DType, type Tensor } from './tensor.ts';

const READS: Readonly<Record<string, DType>> = {
  F64: 'f64', F32: 'f32', F16: 'f16', BF16: 'bf16', F8_E4M3: 'e4m3', F8_E5M2: 'e5m2',
  I64: 'i64', I32: 'i32', I16: 'i16', I8: 'i8',
  U64: 'u64', U32: 'u32', U16: 'u16', U8: 'u8', BOOL: 'bool',
}; // prettier-ignore
const WRITES = Object.fromEntries(Object.entries(READS).map(([file, ours]) => [ours, file])) as Record<
  DType,
  string
>;

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Opens a safetensors file: checks that the header is sound and that the entries tile the data exactly.
 * @throws UserError E0705 truncated, E0709 bad header; `get` throws E0706 for element types that are not supported.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): TensorArchive {
  const fail = (why: string): UserError =>
    userError('E0709', `${name} is not a sound safetensors file: ${why}`);
  if (bytes.length < 8)
    throw userError('E0705', `${name} is truncated: a safetensors file has at least 8 bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) throw fail(`its header claims ${length} bytes`);
  const dataAt = 8 + length;
  if (dataAt > bytes.length) throw userError('E0705', `${name} is truncated: it ends inside the header`);
  const entries = parseHeader(bytes.subarray(8, dataAt), fail);
  checkLayout(entries, bytes.length - dataAt, name, fail);
  return {
    names: [...entries.keys()],
    get(member) {
      const entry = entries.get(member);
      if (entry === undefined) return undefined;
      const dtype = READS[entry.dtype];
      if (dtype === undefined)
        throw userError(
          'E0706',
          `${name}: tensor ${member} has element type ${entry.dtype}, which is not supported`,
          {
            hint: `supported: ${Object.keys(READS).join(' ')}`,
          },
        );
      const needed = elementCount(entry.shape) * DTYPES[dtype].bytes;
      if (needed !== entry.end - entry.begin)
        throw fail(
          `${member} of shape ${shapeText(entry.shape)} and type ${entry.dtype} needs ${needed} bytes, ` +
            `its data_offsets span ${entry.end - entry.begin}`,
        );
      return { dtype, shape: entry.shape, bytes: bytes.slice(dataAt + entry.begin, dataAt + entry.end) };
    },
  };
}

function parseHeader(bytes: Uint8Array, fail: (why: string) => UserError): Map<string, Entry> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fail('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw fail('its header is not an object');
  const entries = new Map<string, Entry>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const entry = readEntry(value);
    if (entry === undefined) throw fail(`the entry of ${JSON.stringify(name)} is malformed`);
    entries.set(name, entry);
  }
  return entries;
}

function readEntry(value: unknown): Entry | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const natural = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !Array.isArray(offsets)) return undefined;
  if (!shape.every(natural) || !Number.isSafeInteger(elementCount(shape) * 8)) return undefined;
  const [begin, end] = offsets as unknown[];
  if (offsets.length !== 2 || !natural(begin) || !natural(end) || end < begin) return undefined;
  return { dtype, shape, begin, end };
}

function checkLayout(
  entries: ReadonlyMap<string, Entry>,
  dataBytes: number,
  name: string,
  fail: (why: string) => UserError,
): void {
  const ordered = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const [member, { begin, end }] of ordered) {
    if (begin !== at)
      throw fail(`${member} starts at byte ${begin} where ${at} was expected (a gap or an overlap)`);
    at = end;
  }
  if (at > dataBytes)
    throw userError('E0705', `${name} is truncated: its tensors need ${at} bytes, it has ${dataBytes}`);
  if (at < dataBytes) throw fail(`${dataBytes - at} bytes follow the last tensor`);
}

/** Writes the tensors in the given order; the header is padded with spaces so that data is 8-byte aligned. */
export function encodeSafetensors(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  let at = 0;
  const entries = [...tensors].map(([name, { dtype, shape, bytes }]): [string, unknown] => {
    at += bytes.length;
    return [name, { dtype: WRITES[dtype], shape, data_offsets: [at - bytes.length, at] }];
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + length + at).fill(0x20, 8, 8 + length);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(text, 8);
  let to = 8 + length;
  for (const { bytes } of tensors.values()) {
    out.set(bytes, to);
    to += bytes.length;
  }
  return out;
}
