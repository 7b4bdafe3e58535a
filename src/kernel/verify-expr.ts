/** Type rules of scalar operations, checked node by node. */
import { key, type Expr, type OpExpr } from '../expr/expr.ts';
import { OPS, type OpName } from '../expr/ops.ts';
import type { ScalarType } from '../expr/types.ts';

/** Which operand types an operation takes. */
type Operands =
  | 'float' // all f32
  | 'number' // all alike, not bool
  | 'alike' // all alike
  | 'int' // all alike, i32 or u32
  | 'word' // all u32
  | 'shift' // both integers
  | 'bool'
  | 'select'
  | 'any'
  | 'bytes' // two u32 whose bytes are multiplied, and an integer
  | 'bits'; // one 32-bit integer

const OPERANDS: Readonly<Record<OpName, Operands>> = {
  neg: 'number',
  abs: 'number',
  floor: 'float',
  ceil: 'float',
  round: 'float',
  sqrt: 'float',
  rsqrt: 'float',
  exp: 'float',
  exp2: 'float',
  log: 'float',
  log2: 'float',
  log1p: 'float',
  tanh: 'float',
  sin: 'float',
  cos: 'float',
  erf: 'float',
  add: 'number',
  sub: 'number',
  mul: 'number',
  div: 'float',
  idiv: 'int',
  mod: 'int',
  quot: 'int',
  rem: 'int',
  pow: 'float',
  min: 'number',
  max: 'number',
  eq: 'alike',
  ne: 'alike',
  lt: 'number',
  le: 'number',
  gt: 'number',
  ge: 'number',
  and: 'bool',
  or: 'bool',
  not: 'bool',
  bitand: 'int',
  bitor: 'int',
  bitxor: 'int',
  bitnot: 'int',
  shl: 'shift',
  shr: 'shift',
  select: 'select',
  fma: 'float',
  cast: 'any',
  fma_f16: 'float',
  round_f16: 'float',
  round_bf16: 'float',
  dot4_i8: 'bytes',
  dot4_u8: 'bytes',
  philox: 'word',
  pack_f16: 'float',
  pack_bf16: 'float',
  bits_to_f32: 'bits',
  f32_to_bits: 'float',
};

const isInt = (t: ScalarType): boolean => t === 'i32' || t === 'u32';

const ACCEPTS: Readonly<Record<Operands, (types: readonly ScalarType[]) => boolean>> = {
  float: (t) => t.every((x) => x === 'f32'),
  number: (t) => t.every((x) => x === t[0] && x !== 'bool'),
  alike: (t) => t.every((x) => x === t[0]),
  word: (t) => t.every((x) => x === 'u32'),
  int: (t) => t.every((x) => x === t[0] && isInt(x)),
  shift: (t) => t.every(isInt),
  bool: (t) => t.every((x) => x === 'bool'),
  select: (t) => t[0] === 'bool' && t[1] === t[2],
  bytes: (t) => t[0] === 'u32' && t[1] === 'u32' && isInt(t[2]!),
  any: () => true,
  bits: (t) => t.every(isInt),
};

/** What is wrong with one operation node, or undefined. Children are not visited. */
export function opTypeError(e: OpExpr): string | undefined {
  const row = OPS[e.op];
  if (e.args.length !== row.arity) return `${e.op} takes ${row.arity} operands, has ${e.args.length}`;
  const types = e.args.map((a) => a.type);
  if (!ACCEPTS[OPERANDS[e.op]](types)) return `${e.op} does not take (${types.join(', ')}): ${brief(e)}`;
  const result = row.type(types);
  if (e.op !== 'cast' && e.type !== result)
    return `${e.op} gives ${result}, node says ${e.type}: ${brief(e)}`;
  return undefined;
}

/** What is wrong with a constant, or undefined. */
export function constError(type: ScalarType, value: number): string | undefined {
  if (type === 'f32') return undefined;
  const [low, high] = { bool: [0, 1], i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] }[type];
  const fits = Number.isInteger(value) && value >= low! && value <= high!;
  return fits ? undefined : `${value} is not a ${type} constant`;
}

const brief = (e: Expr): string => {
  const text = key(e);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
};
