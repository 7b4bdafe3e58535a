/** Meaning of scalar operations at machine precision: f32 after each step, 32-bit integers that wrap. */
import { OPS, type OpName, type OpRow } from '../expr/ops.ts';
import type { ScalarType } from '../expr/types.ts';
import { bf16Round, bitsF32, f16Round, f32Bits } from './rounding.ts';

export type ScalarFunction = (a: number, b: number, c: number) => number;

const fround = Math.fround;
const SIGNED: Partial<Record<OpName, ScalarFunction>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
};
const UNSIGNED: Partial<Record<OpName, ScalarFunction>> = {
  add: (a, b) => (a + b) >>> 0,
  sub: (a, b) => (a - b) >>> 0,
  mul: (a, b) => Math.imul(a, b) >>> 0,
};
/** Written out because they are the hot ones; their meaning is the row's. */
const FLOAT: Partial<Record<OpName, ScalarFunction>> = {
  add: (a, b) => fround(a + b),
  sub: (a, b) => fround(a - b),
  mul: (a, b) => fround(a * b),
  div: (a, b) => fround(a / b),
  fma: (a, b, c) => fround(a * b + c),
};

/** The function that computes `op` on operands of type `from`, giving a value of type `to`. */
export function scalarFunction(op: OpName, from: ScalarType, to: ScalarType): ScalarFunction {
  if (op === 'cast') return castFunction(from, to);
  if (op === 'round_f16') return f16Round;
  if (op === 'round_bf16') return bf16Round;
  if (op === 'fma_f16') return (a, b, c) => f16Round(f16Round(a) * f16Round(b) + f16Round(c));
  if (op === 'f32_to_bits') return (a) => f32Bits(a) | 0;
  if (op === 'bits_to_f32') return (a) => bitsF32(a);
  const special = { f32: FLOAT, i32: SIGNED, u32: UNSIGNED, bool: {} as typeof FLOAT }[from][op];
  if (special) return special;
  const meaning = exactArity(op);
  if (op === 'select' || to === 'bool') return meaning;
  if (to === 'f32') return (a, b, c) => fround(meaning(a, b, c));
  return to === 'i32' ? (a, b, c) => meaning(a, b, c) | 0 : (a, b, c) => meaning(a, b, c) >>> 0;
}

/** The row's meaning on exactly its own operands: `Math.min` and `Math.max` would take more. */
function exactArity(op: OpName): ScalarFunction {
  const { arity, meaning }: OpRow = OPS[op];
  if (arity === 1) return (a) => meaning(a);
  return arity === 2 ? (a, b) => meaning(a, b) : meaning;
}

/** Conversion between scalar types: floats truncate and saturate, NaN becomes 0, integers keep their bits. */
export function castFunction(from: ScalarType, to: ScalarType): ScalarFunction {
  if (from === to) return (a) => a;
  switch (to) {
    case 'f32':
      return fround;
    case 'bool':
      return (a) => (a !== 0 ? 1 : 0);
    case 'i32':
      return from === 'f32' ? (a) => saturate(a, -(2 ** 31), 2 ** 31 - 1) : (a) => a | 0;
    case 'u32':
      return from === 'f32' ? (a) => saturate(a, 0, 2 ** 32 - 1) : (a) => a >>> 0;
  }
}

const saturate = (a: number, low: number, high: number): number =>
  Number.isNaN(a) ? 0 : Math.min(Math.max(Math.trunc(a), low), high) + 0;
