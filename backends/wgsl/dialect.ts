/** How WGSL spells each scalar operation. The record is exhaustive: a new operation does not compile until spelled here. */
import type { Expr, OpExpr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';
import type { HelperName } from './helpers.ts';
import { call, infix, LEVEL, prefix, primary, type Infix, type Piece } from './piece.ts';
import { rangeOf } from './range.ts';

/** What a spelling may ask of the printer. */
export interface Speller {
  print(e: Expr): Piece;
  /** Calls a helper function and makes sure that the module contains it. */
  helper(name: HelperName, ...args: Piece[]): Piece;
  /** The language has products of four bytes, of which the module then makes use. */
  packedProducts(): boolean;
  /** The expression decides a branch, so that short-circuit logic costs no further ones. */
  readonly branching: boolean;
  /** True when an integer is known before run time and is not zero. */
  isNonzero(e: Expr): boolean;
}
type Spelling = (e: OpExpr, s: Speller) => Piece;

const called =
  (name: string): Spelling =>
  (e, s) =>
    call(name, ...e.args.map((a) => s.print(a)));
const helped =
  (name: HelperName): Spelling =>
  (e, s) =>
    s.helper(name, ...e.args.map((a) => s.print(a)));
const between =
  (symbol: string, level: number): Spelling =>
  (e, s) =>
    infix({ symbol, level }, s.print(e.args[0]!), s.print(e.args[1]!));
const before =
  (symbol: string): Spelling =>
  (e, s) =>
    prefix(symbol, s.print(e.args[0]!));
const compare = (symbol: string): Spelling => between(symbol, LEVEL.compare);

/** Keeps the argument of a growing function below the point where its result leaves f32. */
const bounded =
  (name: string, limit: number): Spelling =>
  (e, s) => {
    const x = e.args[0]!;
    const piece = s.print(x);
    return call(name, rangeOf(x).high <= limit ? piece : call('min', piece, primary(`${limit}.0`)));
  };

/** Logic in values has no branches: `&&` makes one each, and some drivers take exponential time to compile those. */
const logic =
  (short: string, plain: string): Spelling =>
  (e, s) =>
    s.branching ? between(short, LEVEL.logic)(e, s) : between(plain, LEVEL.bit)(e, s);

const powerOfTwo = (e: Expr): number | undefined => {
  const log = e.kind === 'const' && e.value > 0 ? Math.log2(e.value) : NaN;
  return Number.isInteger(log) ? log : undefined;
};

const truncating =
  (symbol: '/' | '%', name: 'div_or_zero' | 'rem_or_zero'): Spelling =>
  (e, s) => {
    if (s.isNonzero(e.args[1]!)) return between(symbol, LEVEL.mul)(e, s);
    return helped(e.type === 'u32' ? `${name}_u` : name)(e, s);
  };

const rounding =
  (symbol: '/' | '%', signed: 'floor_div' | 'floor_mod', unsigned: 'div_or_zero' | 'rem_or_zero'): Spelling =>
  (e, s) => {
    if (e.type === 'u32') return truncating(symbol, unsigned)(e, s);
    const [a, b] = [e.args[0]!, e.args[1]!];
    const log = powerOfTwo(b);
    if (log === undefined) return helped(signed)(e, s);
    if (symbol === '/') return infix(SHIFT_RIGHT, s.print(a), primary(`${log}u`));
    return infix(BIT_AND, s.print(a), primary(`${2 ** log - 1}`));
  };

const SHIFT_RIGHT: Infix = { symbol: '>>', level: LEVEL.shift };
const BIT_AND: Infix = { symbol: '&', level: LEVEL.bit };

const shift =
  (symbol: string): Spelling =>
  (e, s) => {
    const count = e.args[1]!;
    const text = count.kind === 'const' ? primary(`${count.value & 31}u`) : s.print(count);
    const unsigned = count.kind === 'const' || count.type === 'u32' ? text : call('u32', text);
    return infix({ symbol, level: LEVEL.shift }, s.print(e.args[0]!), unsigned);
  };

const sum =
  (symbol: '+' | '-', opposite: '+' | '-'): Spelling =>
  (e, s) => {
    const [a, b] = [e.args[0]!, e.args[1]!];
    // `a + -3` reads better as `a - 3`; exact for integers and for floats.
    const flip = b.kind === 'const' && b.value < 0 && b.value > -(2 ** 31) && b.type !== 'u32';
    const right = s.print(flip ? { ...b, value: -b.value } : b);
    // Integer sums wrap, so their order does not matter.
    const loose = e.type !== 'f32' && symbol === '+' && right.level === LEVEL.add;
    return infix(
      { symbol: flip ? opposite : symbol, level: LEVEL.add },
      s.print(a),
      loose ? { ...right, level: LEVEL.mul } : right,
    );
  };

const power: Spelling = (e, s) => {
  const [x, y] = [e.args[0]!, e.args[1]!];
  if (y.kind === 'const') {
    if (y.value === 0.5) return call('sqrt', s.print(x));
    if (y.value === -0.5) return call('inverseSqrt', s.print(x));
    if (y.value === 2 && x.kind === 'var')
      return infix({ symbol: '*', level: LEVEL.mul }, s.print(x), s.print(x));
    if (Number.isInteger(y.value) && Math.abs(y.value) <= 64)
      return s.helper('int_power', s.print(x), primary(`${y.value}`));
  }
  return s.helper('power', s.print(x), s.print(y));
};

const select: Spelling = (e, s) => {
  const [c, a, b] = e.args.map((x) => s.print(x));
  return call('select', b!, a!, c!);
};

const cast: Spelling = (e, s) => {
  const x = e.args[0]!;
  if (x.type === e.type) return s.print(x);
  if (e.type === 'bool' && x.type !== 'f32')
    return infix({ symbol: '!=', level: LEVEL.compare }, s.print(x), primary(x.type === 'u32' ? '0u' : '0'));
  if (x.type === 'f32' && e.type === 'i32') return s.helper('to_i32', s.print(x));
  if (x.type === 'f32' && e.type === 'u32') return s.helper('to_u32', s.print(x));
  return call(e.type, s.print(x));
};

/** `a · b + c` as an f16; sums inside of sums stay f16. */
function halfSum(e: OpExpr, s: Speller): Piece {
  const half = (x: Expr): Piece =>
    x.kind === 'op' && x.op === 'fma_f16' ? halfSum(x, s) : call('f16', s.print(x));
  const [a, b, c] = e.args as [Expr, Expr, Expr];
  if (c.kind === 'const' && c.value === 0) return infix({ symbol: '*', level: LEVEL.mul }, half(a), half(b));
  return call('fma', half(a), half(b), half(c));
}

/** c + the sum of products of bytes: one operation where the language has it. */
const bytes =
  (name: HelperName, builtin: string): Spelling =>
  (e, s) => {
    const [a, b, c] = e.args.map((x) => s.print(x)) as [Piece, Piece, Piece];
    if (!s.packedProducts()) return s.helper(name, a, b, c);
    const dot = call(builtin, a, b);
    const [, , sum] = e.args;
    const zero = sum?.kind === 'const' && sum.value === 0;
    return zero ? dot : infix({ symbol: '+', level: LEVEL.add }, c, dot);
  };

export const DIALECT: Readonly<Record<OpName, Spelling>> = {
  neg: before('-'),
  abs: called('abs'),
  floor: called('floor'),
  ceil: called('ceil'),
  round: called('round'),
  sqrt: called('sqrt'),
  rsqrt: called('inverseSqrt'),
  exp: bounded('exp', 88),
  exp2: bounded('exp2', 127),
  log: called('log'),
  log2: called('log2'),
  log1p: helped('log1p'),
  tanh: helped('tanh_f32'),
  sin: helped('sin_f32'),
  cos: helped('cos_f32'),
  erf: helped('erf'),
  add: sum('+', '-'),
  sub: sum('-', '+'),
  mul: between('*', LEVEL.mul),
  div: between('/', LEVEL.mul),
  idiv: rounding('/', 'floor_div', 'div_or_zero'),
  mod: rounding('%', 'floor_mod', 'rem_or_zero'),
  quot: truncating('/', 'div_or_zero'),
  rem: truncating('%', 'rem_or_zero'),
  pow: power,
  min: called('min'),
  max: called('max'),
  eq: compare('=='),
  ne: compare('!='),
  lt: compare('<'),
  le: compare('<='),
  gt: compare('>'),
  ge: compare('>='),
  and: logic('&&', '&'),
  or: logic('||', '|'),
  not: before('!'),
  bitand: between('&', LEVEL.bit),
  bitor: between('|', LEVEL.bit),
  bitxor: between('^', LEVEL.bit),
  bitnot: before('~'),
  shl: shift('<<'),
  shr: shift('>>'),
  select,
  fma: called('fma'),
  fma_f16: (e, s) => call('f32', halfSum(e, s)),
  cast,
  round_f16: helped('round_f16'),
  round_bf16: helped('round_bf16'),
  dot4_i8: bytes('dot4_i8', 'dot4I8Packed'),
  dot4_u8: bytes('dot4_u8', 'dot4U8Packed'),
  philox: helped('philox'),
  pack_f16: helped('pack_f16'),
  pack_bf16: helped('pack_bf16'),
  bits_to_f32: called('bitcast<f32>'),
  f32_to_bits: called('bitcast<i32>'),
};
