/**
 * How each tensor lies in a WGSL storage buffer. WGSL addresses 32-bit words, so narrower elements are packed in words:
 * reads unpack, and writes change only their own bits, atomically, because other lanes own the word's other elements.
 */
import { STORAGE, type StorageType } from '../../src/expr/types.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import type { BackendOptions } from '../backend.ts';
import type { HelperName } from './helpers.ts';
import { infiniteTensors } from './infinite.ts';
import type { Names } from './names.ts';

export type Form =
  /** Elements as WGSL values: f32, i32, u32, and f16 with `shader-f16`. */
  | 'plain'
  /** f32 as words, so that infinities can be written by their bits. */
  | 'bits'
  /** Two 16-bit floats, or four bytes, per word. */
  | 'packed';

export interface TensorStorage {
  readonly name: string;
  readonly storage: StorageType;
  readonly form: Form;
  readonly written: boolean;
  readonly infinite: boolean;
}

/** Decides the form of each tensor from what the whole program does with it. */
export function tensorStorage(program: Program, options: BackendOptions): readonly TensorStorage[] {
  const infinite = infiniteTensors(program);
  const written = new Set(
    program.kernels.flatMap((k) => k.buffers.filter((b) => b.access !== 'read').map((b) => b.name)),
  );
  return [...program.inputs, ...program.outputs, ...program.workspace].map((t) => ({
    name: t.name,
    storage: t.storage,
    form: formOf(t.storage, infinite.has(t.name), options),
    written: written.has(t.name),
    infinite: infinite.has(t.name),
  }));
}

function formOf(storage: StorageType, infinite: boolean, options: BackendOptions): Form {
  switch (storage) {
    case 'i32':
    case 'u32':
      return 'plain';
    case 'f32':
      return infinite ? 'bits' : 'plain';
    case 'f16':
      return options.shaderF16 && !infinite ? 'plain' : 'packed';
    case 'bf16':
    case 'e4m3':
    case 'e5m2':
    case 'i8':
    case 'u8':
    case 'bool':
      return 'packed';
  }
}

/** How elements lie in a 32-bit word when packed. */
const packing = (storage: StorageType): { shift: number; bits: number; count: number; mask: string } =>
  STORAGE[storage].bytes === 1
    ? { shift: 2, bits: 8, count: 4, mask: '0xffu' }
    : { shift: 1, bits: 16, count: 2, mask: '0xffffu' };

/** Reads of an element from `moved`, a word that has it in its low bits. */
const UNPACKED: Readonly<Partial<Record<StorageType, (moved: string) => string>>> = {
  f16: (moved) => `unpack2x16float${moved}.x`,
  bf16: (moved) => `bitcast<f32>(${moved} << 16u)`,
  e4m3: (moved) => `e4m3_value(${moved} & 0xffu)`,
  e5m2: (moved) => `e5m2_value(${moved} & 0xffu)`,
  i8: (moved) => `extractBits(i32${moved}, 0u, 8u)`,
  u8: (moved) => `${moved} & 0xffu`,
  bool: (moved) => `(${moved} & 0xffu) != 0u`,
};

/** The helper that a load calls. */
export const decoderOf = (t: TensorStorage): readonly HelperName[] =>
  t.storage === 'e4m3' ? ['e4m3_value'] : t.storage === 'e5m2' ? ['e5m2_value'] : [];

/** The WGSL element type of the buffer. */
export function elementType(t: TensorStorage): string {
  if (t.form === 'plain') return t.storage;
  return t.form === 'packed' && t.written ? 'atomic<u32>' : 'u32';
}

/** The word at a place in the buffer. */
export const wordText = (t: TensorStorage, variable: string, place: string): string =>
  t.written ? `atomicLoad(&${variable}[${place}])` : `${variable}[${place}]`;

/** A function that reads element `i` of a packed tensor; `variable` is the buffer's name in the module. */
export function loadFunction(t: TensorStorage, variable: string, name: string, names: Names): string {
  const i = names.fresh('i');
  const { shift, bits, count } = packing(t.storage);
  const word = wordText(t, variable, `u32(${i}) >> ${shift}u`);
  const moved = `(${word} >> (${bits}u * (u32(${i}) & ${count - 1}u)))`;
  const value = UNPACKED[t.storage]!(moved);
  return `fn ${name}(${i}: i32) -> ${STORAGE[t.storage].value} {\n  return ${value};\n}`;
}

/** A function that reads elements 4p … 4p + 3 of a tensor of 16-bit floats, from two words. */
export function loadFourFunction(t: TensorStorage, variable: string, name: string, names: Names): string {
  const [p, low, high] = ['p', 'low', 'high'].map((n) => names.fresh(n)) as [string, string, string];
  const word = (n: number): string => {
    const at = `${variable}[2 * ${p}${n > 0 ? ` + ${n}` : ''}]`;
    return t.written ? `atomicLoad(&${at})` : at;
  };
  const value =
    t.storage === 'f16'
      ? `vec4<f32>(unpack2x16float(${low}), unpack2x16float(${high}))`
      : `bitcast<vec4<f32>>(vec4<u32>(${low} << 16u, ${low} & 0xffff0000u, ${high} << 16u, ${high} & 0xffff0000u))`;
  return `\
fn ${name}(${p}: i32) -> vec4<f32> {
  let ${low} = ${word(0)};
  let ${high} = ${word(1)};
  return ${value};
}`;
}

/** A function that writes element `i` of a packed tensor, and the helpers that it calls. */
export function storeFunction(
  t: TensorStorage,
  variable: string,
  name: string,
  names: Names,
): { readonly text: string; readonly needs: readonly HelperName[] } {
  const { shift: log, bits, count, mask } = packing(t.storage);
  const [i, x, word, shift] = ['i', 'x', 'word', 'shift'].map((n) => names.fresh(n));
  const encoder = encoderOf(t);
  const text = `\
fn ${name}(${i}: i32, ${x}: ${STORAGE[t.storage].value}) {
  let ${word} = u32(${i}) >> ${log}u;
  let ${shift} = ${bits}u * (u32(${i}) & ${count - 1}u);
  atomicAnd(&${variable}[${word}], ~(${mask} << ${shift}));
  atomicOr(&${variable}[${word}], ${encoder ?? 'u32'}(${x}) << ${shift});
}`;
  return { text, needs: encoder ? [encoder] : [] };
}

/** The helper that gives the bits of a narrow number; an f16 overflows to the right infinity by itself. */
function encoderOf(t: TensorStorage): HelperName | undefined {
  if (t.storage === 'f16') return 'f16_bits';
  if (t.storage === 'e4m3') return 'e4m3_bits';
  if (t.storage === 'e5m2') return 'e5m2_bits';
  if (t.storage === 'i8') return 'byte';
  if (t.storage === 'u8') return 'byte_u32';
  if (t.storage === 'bf16') return t.infinite ? 'bf16_bits_with_inf' : 'bf16_bits';
  return undefined;
}
