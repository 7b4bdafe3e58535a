/** Job files: what to launch on which bytes, for the CUDA emulator and for the runner on a GPU alike. */
import { writeFileSync } from 'node:fs';
import { manifestOf } from '../../backends/cuda/manifest.ts';
import { sharedBytes } from '../../backends/cuda/shared-layout.ts';
import type { ManifestTensorMap } from '../../backends/backend.ts';
import { evaluateFormula } from '../../backends/formula.ts';
import { launchesOf } from '../kernel/launches.ts';
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { STORAGE, type StorageType } from '../expr/types.ts';
import type { Program, Uniform } from '../kernel/kernel.ts';

/** Bytes of tensors in their declared storage, by name. */
export type TensorBytes = Readonly<Record<string, Uint8Array>>;
/** Values of sizes and params, by name. */
export type UniformValues = Readonly<Record<string, number>>;

export interface JobRequest {
  readonly program: Program;
  readonly inputs: TensorBytes;
  readonly values: UniformValues;
  /** Bytes of red zone between shared arrays: the value that ATTN_REDZONE was compiled with. */
  readonly redZone: number;
}

/** Writes `path` and `path.data`; the program that runs it writes `path.result`. Extra lines configure the executor. */
export function writeJob(path: string, request: JobRequest, extra: readonly string[] = []): void {
  const { lines, data } = jobOf(request, path);
  writeFileSync(`${path}.data`, data);
  writeFileSync(path, `${[...lines.slice(0, 1), ...extra, ...lines.slice(1)].join('\n')}\n`);
}

function jobOf(request: JobRequest, path: string): { lines: string[]; data: Uint8Array } {
  const { program } = request;
  const manifest = manifestOf(program);
  const values: UniformValues = { ...program.fixed, ...request.values };
  const lines = ['cuemu-job 1', `data ${path}.data`, `result ${path}.result`];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const t of manifest.inputs) {
    const bytes = request.inputs[t.name];
    const wanted = byteLength(t, values);
    if (bytes?.byteLength !== wanted)
      throw userError(
        'E0733',
        `input ${t.name} has ${bytes?.byteLength ?? 'no'} bytes where its shape needs ${wanted}`,
      );
    lines.push(`buffer ${t.name} ${wanted} data ${offset}`);
    parts.push(bytes);
    offset += wanted;
  }
  for (const t of manifest.workspace) lines.push(`buffer ${t.name} ${byteLength(t, values)} undefined`);
  for (const t of manifest.outputs) lines.push(`buffer ${t.name} ${byteLength(t, values)} undefined out`);
  const block = uniformBlock(program.uniforms, values);
  const kernels = launchesOf(program).map((l) => l.kernel);
  for (const [n, launch] of manifest.launches.entries()) {
    const grid = count(launch.grid, values, `the grid of ${launch.launch}`);
    if (grid === 0) continue;
    const shared = sharedBytes(kernels[n]!, request.redZone);
    lines.push(`launch ${launch.name} grid ${grid} 1 1 block ${launch.lanes} 1 1 shared ${shared}`);
    for (const b of launch.bindings) lines.push(`arg buffer ${b.name}`);
    for (const m of launch.tensorMaps ?? []) lines.push(tensorMapLine(m, values));
    if (block.length > 0) lines.push(`arg bytes ${block.toString('hex')}`);
  }
  return { lines, data: Buffer.concat(parts) };
}

/** `arg tensormap TENSOR ELEMENT_BYTES SWIZZLE RANK`, extents, strides in bytes but the innermost, and the box. */
function tensorMapLine(m: ManifestTensorMap, values: UniformValues): string {
  const extents = m.extents.map((e) => count(e, values, `an extent of ${m.tensor}`));
  const strides: number[] = [];
  extents.slice(0, -1).reduce((bytes, n) => {
    strides.push(bytes * n);
    return bytes * n;
  }, m.elementBytes);
  const numbers = [m.elementBytes, m.swizzleBytes, extents.length, ...extents, ...strides, ...m.box];
  return `arg tensormap ${m.tensor} ${numbers.join(' ')}`;
}

interface Shaped {
  readonly name: string;
  readonly storage: StorageType;
  readonly shape: readonly string[];
}

const MAX_COUNT = 2 ** 31 - 1;

function count(formula: string, values: UniformValues, what: string): number {
  const n = evaluateFormula(formula, values);
  if (!Number.isInteger(n)) throw new CompilerBug('cuda job', `${what} is ${n}`);
  if (n < 0 || n > MAX_COUNT)
    throw userError('E0733', `${what} would be ${n}`, { hint: 'it must lie between 0 and 2147483647' });
  return n;
}

/** Bytes of a tensor for given sizes. Throws E0733 where an extent or the number of elements is out of range. */
export function byteLength(t: Shaped, values: UniformValues): number {
  const extents = t.shape.map((formula) => count(formula, values, `an extent of ${t.name}`));
  const elements = extents.reduce((a, b) => a * b, 1);
  if (elements > MAX_COUNT)
    throw userError('E0733', `${t.name} would have ${elements} elements, more than 2147483647`);
  return elements * STORAGE[t.storage].bytes;
}

/** The block of uniforms that kernels take by value: 4 bytes each, little-endian. */
function uniformBlock(uniforms: readonly Uniform[], values: UniformValues): Buffer {
  const block = Buffer.alloc(4 * uniforms.length);
  for (const [n, u] of uniforms.entries()) {
    const value = values[u.name];
    if (value === undefined) throw new CompilerBug('cuda job', `no value for ${u.name}`);
    if (u.type === 'f32') block.writeFloatLE(value, 4 * n);
    else if (u.type === 'u32') block.writeUInt32LE(value, 4 * n);
    else if (u.type === 'i32') block.writeInt32LE(value, 4 * n);
    else block.writeInt32LE(value !== 0 ? 1 : 0, 4 * n);
  }
  return block;
}
