/** How each scalar operation is spelled in CUDA C++. A missing operation does not compile. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import type { OpExpr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';
import type { ScalarType, StorageType } from '../../src/expr/types.ts';
import { shortestF32 } from '../../src/kernel/print-number.ts';

/** Binding strengths of C++; a text needs parentheses where more is wanted than it has. */
export const LEVEL = {
  any: 0,
  ternary: 1,
  or: 2,
  and: 3,
  bitor: 4,
  bitxor: 5,
  bitand: 6,
  equality: 7,
  relation: 8,
  shift: 9,
  sum: 10,
  product: 11,
  unary: 12,
  primary: 13,
} as const;

export interface Text {
  readonly text: string;
  readonly level: number;
}
/** Spells one operation; `arg(n, level)` is the text of argument n, in parentheses if it binds less than `level`. */
type Spelling = (e: OpExpr, arg: (n: number, level: number) => string) => Text;

const primary = (text: string): Text => ({ text, level: LEVEL.primary });

/** `clear` asks more of the operands than C++ does, where its precedences surprise. */
const infix =
  (symbol: string, level: number, clear = level): Spelling =>
  (e, arg) => {
    const chains = (n: number) => {
      const a = e.args[n]!;
      return a.kind === 'op' && a.op === e.op;
    };
    const side = (n: number, right: boolean) => {
      if (chains(n)) return arg(n, right && level > LEVEL.and ? level + 1 : level);
      return arg(n, Math.max(clear, right ? level + 1 : level));
    };
    return { text: `${side(0, false)} ${symbol} ${side(1, true)}`, level };
  };

const call =
  (name: string): Spelling =>
  (e, arg) =>
    primary(`${name}(${e.args.map((_, n) => arg(n, LEVEL.any)).join(', ')})`);

const byType =
  (rows: Partial<Record<ScalarType, Spelling>>): Spelling =>
  (e, arg) => {
    const spelling = rows[e.args[0]!.type];
    if (!spelling) throw new CompilerBug('cuda dialect', `${e.op} has no spelling on ${e.args[0]!.type}`);
    return spelling(e, arg);
  };

const prefix =
  (symbol: string): Spelling =>
  (_, arg) => {
    const text = arg(0, LEVEL.unary);
    return { text: text.startsWith(symbol) ? `${symbol}(${text})` : symbol + text, level: LEVEL.unary };
  };

/** `/` and `%` of the machine where the divisor is a constant other than 0 and −1, else a helper that never traps. */
const dividing =
  (symbol: string, helper: string): Spelling =>
  (e, arg) => {
    const divisor = e.args[1]!;
    const plain = divisor.kind === 'const' && divisor.value !== 0 && divisor.value !== -1;
    if (plain) return infix(symbol, LEVEL.product)(e, arg);
    return call(e.args[0]!.type === 'u32' ? `${helper}_u32` : helper)(e, arg);
  };

/** Floor and truncating division agree on unsigned values. */
const flooring = (symbol: string, quotient: string, floored: string): Spelling =>
  byType({ i32: call(floored), u32: dividing(symbol, quotient) });

const shifting =
  (symbol: string): Spelling =>
  (e, arg) => {
    const count = e.args[1]!;
    const inRange = count.kind === 'const' && count.value >= 0 && count.value < 32;
    const by = inRange ? String(count.value) : `(${arg(1, LEVEL.unary)} & 31)`;
    return { text: `${arg(0, LEVEL.unary)} ${symbol} ${by}`, level: LEVEL.shift };
  };

const cast: Spelling = (e, arg) => {
  const from = e.args[0]!.type;
  if (from === e.type) return primary(arg(0, LEVEL.primary));
  if (e.type === 'bool') {
    return { text: `${arg(0, LEVEL.equality + 1)} != ${constantText(from, 0)}`, level: LEVEL.equality };
  }
  if (from === 'f32') return call(e.type === 'i32' ? '__float2int_rz' : '__float2uint_rz')(e, arg);
  return primary(`${SCALAR_NAME[e.type]}(${arg(0, LEVEL.any)})`);
};

const select: Spelling = (_, arg) => ({
  text: `${arg(0, LEVEL.or)} ? ${arg(1, LEVEL.or)} : ${arg(2, LEVEL.ternary)}`,
  level: LEVEL.ternary,
});

/** A float rounded to f16. */
const rounded = (text: string): string => `__half2float(__float2half_rn(${text}))`;

const same: Spelling = (_, arg) => primary(arg(0, LEVEL.primary));

export const CUDA_OPS: Readonly<Record<OpName, Spelling>> = {
  neg: prefix('-'),
  abs: byType({ f32: call('fabsf'), i32: call('abs'), u32: same }),
  floor: call('floorf'),
  ceil: call('ceilf'),
  round: call('rintf'),
  sqrt: call('sqrtf'),
  rsqrt: call('rsqrtf'),
  exp: call('expf'),
  exp2: call('attn::power_of_2'),
  log: call('logf'),
  log2: call('log2f'),
  log1p: call('log1pf'),
  tanh: call('tanhf'),
  sin: call('sinf'),
  cos: call('cosf'),
  erf: call('erff'),
  add: infix('+', LEVEL.sum),
  sub: infix('-', LEVEL.sum),
  mul: infix('*', LEVEL.product),
  div: infix('/', LEVEL.product),
  idiv: flooring('/', 'attn::quot', 'attn::floor_div'),
  mod: flooring('%', 'attn::rem', 'attn::floor_mod'),
  quot: dividing('/', 'attn::quot'),
  rem: dividing('%', 'attn::rem'),
  pow: call('powf'),
  min: byType({ f32: call('fminf'), i32: call('min'), u32: call('min') }),
  max: byType({ f32: call('fmaxf'), i32: call('max'), u32: call('max') }),
  eq: infix('==', LEVEL.equality, LEVEL.shift),
  ne: infix('!=', LEVEL.equality, LEVEL.shift),
  lt: infix('<', LEVEL.relation, LEVEL.shift),
  le: infix('<=', LEVEL.relation, LEVEL.shift),
  gt: infix('>', LEVEL.relation, LEVEL.shift),
  ge: infix('>=', LEVEL.relation, LEVEL.shift),
  and: infix('&&', LEVEL.and, LEVEL.bitor),
  or: infix('||', LEVEL.or, LEVEL.bitor),
  not: prefix('!'),
  bitand: infix('&', LEVEL.bitand, LEVEL.unary),
  bitor: infix('|', LEVEL.bitor, LEVEL.unary),
  bitxor: infix('^', LEVEL.bitxor, LEVEL.unary),
  bitnot: prefix('~'),
  shl: shifting('<<'),
  shr: shifting('>>'),
  select,
  fma: call('fmaf'),
  fma_f16: (_, arg) => {
    const [a, b, c] = [0, 1, 2].map((n) => rounded(arg(n, LEVEL.any)));
    return primary(rounded(`fmaf(${a}, ${b}, ${c})`));
  },
  cast,
  round_f16: (_, arg) => primary(rounded(arg(0, LEVEL.any))),
  round_bf16: (_, arg) => primary(`__bfloat162float(__float2bfloat16_rn(${arg(0, LEVEL.any)}))`),
  dot4_i8: (_, arg) =>
    primary(`__dp4a(int(${arg(0, LEVEL.any)}), int(${arg(1, LEVEL.any)}), ${arg(2, LEVEL.any)})`),
  dot4_u8: call('__dp4a'),
  philox: call('attn::philox'),
  pack_f16: call('attn::pack_f16'),
  pack_bf16: call('attn::pack_bf16'),
  bits_to_f32: byType({ i32: call('__int_as_float'), u32: call('__uint_as_float') }),
  f32_to_bits: (e, arg) => call(e.type === 'u32' ? '__float_as_uint' : '__float_as_int')(e, arg),
};

/** Names of values while they are computed. */
export const SCALAR_NAME: Readonly<Record<ScalarType, string>> = {
  f32: 'float',
  i32: 'int',
  u32: 'unsigned',
  bool: 'bool',
};
/** Names of elements in memory. */
export const STORAGE_NAME: Readonly<Record<StorageType, string>> = {
  f32: 'float',
  f16: '__half',
  bf16: '__nv_bfloat16',
  e4m3: 'unsigned char',
  e5m2: 'unsigned char',
  i32: 'int',
  i8: 'signed char',
  u32: 'unsigned',
  u8: 'unsigned char',
  bool: 'unsigned char',
};
/** Conversions of storage that is narrower than what is computed with. */
export const NARROW: Readonly<
  Partial<Record<StorageType, { readonly load: string; readonly store: string }>>
> = {
  f16: { load: '__half2float', store: '__float2half_rn' },
  bf16: { load: '__bfloat162float', store: '__float2bfloat16_rn' },
  e4m3: { load: 'attn::e4m3_value', store: 'attn::e4m3_bits' },
  e5m2: { load: 'attn::e5m2_value', store: 'attn::e5m2_bits' },
  i8: { load: 'int', store: 'attn::byte' },
  u8: { load: 'unsigned', store: 'attn::byte_u32' },
};

/** A literal of the same value; of floats the shortest that is nearest to `value`. */
export function constantText(type: ScalarType, value: number): string {
  switch (type) {
    case 'bool':
      return value !== 0 ? 'true' : 'false';
    case 'u32':
      return `${value >>> 0}u`;
    case 'i32':
      return value === -(2 ** 31) ? '(-2147483647 - 1)' : String(value | 0);
    case 'f32':
      return floatText(value);
  }
}

function floatText(value: number): string {
  const target = Math.fround(value);
  if (Number.isNaN(target)) return 'NAN';
  if (!Number.isFinite(target)) return target > 0 ? 'INFINITY' : '-INFINITY';
  return `${shortestF32(target)}f`;
}
