/** How PyTorch and Python spell a scalar operation. f32 values have the `dtype` of the formula, i32 is int32, u32 is int64. */
import { userError } from '../diagnostics/diagnostic.ts';
import type { OpExpr } from '../expr/expr.ts';
import type { OpName } from '../expr/ops.ts';
import type { ScalarType } from '../expr/types.ts';
import { align, at, LEVEL, unionOf, type Value } from './value.ts';

type Print = (args: readonly Value[], e: OpExpr) => { readonly text: string; readonly level: number };

const infix =
  (symbol: string, level: number): Print =>
  ([a, b]) => ({ text: `${at(a!, level)} ${symbol} ${at(b!, level + 1)}`, level });
const call = (name: string, args: readonly string[]) => ({
  text: `${name}(${args.join(', ')})`,
  level: LEVEL.atom,
});
/** One function for tensors, another one for numbers. */
const either =
  (tensor: string, number: string): Print =>
  (args) =>
    call(
      args.some((a) => a.tensor) ? tensor : number,
      args.map((a) => a.text),
    );
const compare = (symbol: string): Print => infixOf(symbol, LEVEL.compare, LEVEL.compare + 1);
/** Both operands need `inner`: comparisons of Python chain. */
function infixOf(symbol: string, level: number, inner: number): Print {
  return ([a, b]) => ({ text: `${at(a!, inner)} ${symbol} ${at(b!, inner)}`, level });
}
const logic =
  (tensor: [string, number], number: [string, number]): Print =>
  (args) =>
    infix(...(args.some((a) => a.tensor) ? tensor : number))(args, undefined as never);
const isPositive = (v: Value): boolean => /^\d+$/.test(v.text) && Number(v.text) > 0;
const whole =
  (symbol: string, helper: string): Print =>
  (args, e) =>
    isPositive(args[1]!)
      ? infix(symbol, LEVEL.product)(args, e)
      : call(
          helper,
          args.map((a) => a.text),
        );

/** One of two bounds is a number: PyTorch has no `maximum` of a tensor and a number. */
const bound =
  (name: 'min' | 'max'): Print =>
  ([a, b]) => {
    if (!a!.tensor && !b!.tensor) return call(name, [a!.text, b!.text]);
    if (a!.tensor && b!.tensor) return call(`torch.${name}imum`, [a!.text, b!.text]);
    const [tensor, number] = a!.tensor ? [a!, b!] : [b!, a!];
    return call('torch.clamp', [tensor.text, `${name === 'max' ? 'min' : 'max'}=${number.text}`]);
  };

/** The type of a value in a formula. */
export const DTYPE: Readonly<Record<ScalarType, string>> = {
  f32: 'dtype',
  i32: 'torch.int32',
  u32: 'torch.int64',
  bool: 'torch.bool',
};
export const asType = (text: string, type: ScalarType) =>
  call('torch.asarray', [text, `dtype=${DTYPE[type]}`]);

const LIMITS = { i32: ['-2147483648', '2147483647'], u32: ['0', '4294967295'] } as const;

function cast([a]: readonly Value[], e: OpExpr): { text: string; level: number } {
  const [from, to] = [a!.type, e.type];
  if (from === to) return a!;
  if (to === 'bool') return { text: `${at(a!, LEVEL.compare + 1)} != 0`, level: LEVEL.compare };
  if (!a!.tensor) {
    if (to === 'f32') return a!;
    if (from !== 'f32') return call('int', [a!.text]);
    return call('int', [`min(max(${a!.text}, ${LIMITS[to][0]}), ${LIMITS[to][1]})`]);
  }
  if (from === 'f32') return asType(`_to_int(${a!.text}, ${LIMITS[to as 'i32'].join(', ')})`, to);
  if (from === 'i32' && to === 'u32')
    return { text: `${asType(a!.text, to).text} & 0xFFFFFFFF`, level: LEVEL.bitand };
  return asType(a!.text, to);
}

/** The branch that is not chosen is computed as well and then dropped. */
function select([c, a, b]: readonly Value[], e: OpExpr): { text: string; level: number } {
  const inner = LEVEL.ternary + 1;
  if (!c!.tensor)
    return {
      text: `${at(a!, inner)} if ${at(c!, inner)} else ${at(b!, LEVEL.ternary)}`,
      level: LEVEL.ternary,
    };
  const text = call('torch.where', [c!.text, a!.text, b!.text]).text;
  // Two numbers have the default type: theirs is that of the formula.
  if (a!.tensor || b!.tensor) return { text, level: LEVEL.atom };
  const typed = `torch.full((), ${a!.text}, dtype=${DTYPE[e.type]}, device=device)`;
  return call('torch.where', [c!.text, typed, b!.text]);
}

/** Whole numbers of 32 bits: int32 wraps by itself, words in int64 are cut. */
const cut =
  (print: Print): Print =>
  (args, e) => {
    const made = print(args, e);
    if (e.type !== 'u32') return made;
    return { text: `${at(made, LEVEL.bitand)} & 0xFFFFFFFF`, level: LEVEL.bitand };
  };
const shifted =
  (symbol: string): Print =>
  ([a, b], e) => {
    const count: Value = /^\d+$/.test(b!.text)
      ? { ...b!, text: String(Number(b!.text) % 32) }
      : { ...b!, text: `${at(b!, LEVEL.bitand)} & 31`, level: LEVEL.bitand };
    return infix(symbol, LEVEL.shift)([a!, count], e);
  };

const unsaid = undefined;

/** Operations of later levels have no row: what a kernel is written in never has them. */
const ROWS: Readonly<Record<OpName, Print | undefined>> = {
  neg: cut(([a]) => ({ text: `-${at(a!, LEVEL.sign)}`, level: LEVEL.sign })),
  abs: either('torch.abs', 'abs'),
  floor: either('torch.floor', 'math.floor'),
  ceil: either('torch.ceil', 'math.ceil'),
  round: either('torch.round', 'round'),
  sqrt: either('torch.sqrt', 'math.sqrt'),
  rsqrt: ([a]) =>
    a!.tensor
      ? call('torch.rsqrt', [a!.text])
      : { text: `1.0 / math.sqrt(${a!.text})`, level: LEVEL.product },
  exp: either('torch.exp', 'math.exp'),
  exp2: ([a]) =>
    a!.tensor ? call('torch.exp2', [a!.text]) : { text: `2.0 ** ${at(a!, LEVEL.sign)}`, level: LEVEL.power },
  log: either('torch.log', 'math.log'),
  log2: either('torch.log2', 'math.log2'),
  log1p: either('torch.log1p', 'math.log1p'),
  tanh: either('torch.tanh', 'math.tanh'),
  sin: either('torch.sin', 'math.sin'),
  cos: either('torch.cos', 'math.cos'),
  erf: either('torch.erf', 'math.erf'),
  add: cut(infix('+', LEVEL.sum)),
  sub: cut(infix('-', LEVEL.sum)),
  mul: cut(infix('*', LEVEL.product)),
  div: infix('/', LEVEL.product),
  idiv: whole('//', '_div'),
  mod: whole('%', '_mod'),
  quot: unsaid,
  rem: unsaid,
  pow: ([a, b]) => ({ text: `${at(a!, LEVEL.atom)} ** ${at(b!, LEVEL.sign)}`, level: LEVEL.power }),
  min: bound('min'),
  max: bound('max'),
  eq: compare('=='),
  ne: compare('!='),
  lt: compare('<'),
  le: compare('<='),
  gt: compare('>'),
  ge: compare('>='),
  and: logic(['&', LEVEL.bitand], ['and', LEVEL.and]),
  or: logic(['|', LEVEL.bitor], ['or', LEVEL.or]),
  not: ([a]) =>
    a!.tensor
      ? { text: `~${at(a!, LEVEL.sign)}`, level: LEVEL.sign }
      : { text: `not ${at(a!, LEVEL.not)}`, level: LEVEL.not },
  bitand: infix('&', LEVEL.bitand),
  bitor: infix('|', LEVEL.bitor),
  bitxor: infix('^', LEVEL.bitxor),
  bitnot: cut(([a]) => ({ text: `~${at(a!, LEVEL.sign)}`, level: LEVEL.sign })),
  shl: cut(shifted('<<')),
  shr: shifted('>>'),
  select,
  fma: ([a, b, c]) => ({
    text: `${at(a!, LEVEL.product)} * ${at(b!, LEVEL.product + 1)} + ${at(c!, LEVEL.product)}`,
    level: LEVEL.sum,
  }),
  fma_f16: unsaid,
  cast,
  round_f16: ([a]) => asType(`torch.asarray(${a!.text}, dtype=torch.float16)`, 'f32'),
  round_bf16: ([a]) => asType(`torch.asarray(${a!.text}, dtype=torch.bfloat16)`, 'f32'),
  pack_f16: unsaid,
  pack_bf16: unsaid,
  dot4_i8: unsaid,
  dot4_u8: unsaid,
  philox: (args) =>
    call(
      '_philox',
      args.map((a) => a.text),
    ),
  bits_to_f32: unsaid,
  f32_to_bits: unsaid,
};

const MAKES_TENSORS: ReadonlySet<OpName> = new Set(['round_f16', 'round_bf16']);

/**
 * An operation on values.
 * @param scope axes in order
 * @throws UserError E0660 for operations that only later levels have
 */
export function operation(e: OpExpr, args: readonly Value[], scope: readonly string[]): Value {
  const print = ROWS[e.op];
  if (!print)
    throw userError('E0660', `PyTorch has no formula for \`${e.op}\``, {
      hint: 'the kernel itself compiles with --target cuda',
      ...(e.span ? { span: e.span } : {}),
    });
  const axes = unionOf(scope, args);
  const made = print(
    args.map((a) => align(a, axes)),
    e,
  );
  const tensor = args.some((a) => a.tensor) || MAKES_TENSORS.has(e.op);
  return { text: made.text, level: made.level, axes, tensor, type: e.type };
}

/** A literal. */
export function literal(type: ScalarType, value: number): Value {
  const base = { axes: [], tensor: false, type };
  if (type === 'bool') return { ...base, text: value ? 'True' : 'False', level: LEVEL.atom };
  if (!Number.isFinite(value)) {
    const text = Number.isNaN(value) ? 'math.nan' : value < 0 ? '-math.inf' : 'math.inf';
    return { ...base, text, level: value < 0 ? LEVEL.sign : LEVEL.atom };
  }
  const digits = Object.is(value, -0) ? '-0' : String(value);
  const text = type === 'f32' && /^-?\d+$/.test(digits) ? `${digits}.0` : digits;
  return { ...base, text, level: text.startsWith('-') ? LEVEL.sign : LEVEL.atom };
}

/** `a` where the condition holds, else the number `otherwise`. */
export function chosen(condition: Value, a: Value, otherwise: Value, scope: readonly string[]): Value {
  const e: OpExpr = { kind: 'op', op: 'select', type: a.type, args: [] };
  return operation(e, [condition, a, otherwise], scope);
}
