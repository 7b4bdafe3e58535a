/** Names that the language itself has: reductions, scalar functions, casts and constants. */
import type { OpName, ReduceOp } from '../expr/ops.ts';
import type { ScalarType } from '../expr/types.ts';

export const REDUCTIONS: Readonly<Record<ReduceOp, string>> = {
  sum: 'sum over the bound axes; 0 where nothing is kept',
  max: 'greatest value over the bound axes; −inf where nothing is kept',
  min: 'least value over the bound axes; +inf where nothing is kept',
  mean: 'sum divided by the number of kept elements; 0 where nothing is kept',
  logsumexp: 'log of the sum of exponentials; −inf where nothing is kept',
  argmax: 'smallest index among the greatest values; −1 where nothing is kept',
  argmin: 'smallest index among the least values; −1 where nothing is kept',
  any: 'true when some kept element is true',
  all: 'true when every kept element is true',
  topk: 'topk[j](x, k) is true at the k kept elements that are greatest, of equal ones at the first',
  topp: 'topp[j](x, share) is true at the fewest greatest elements whose sum reaches that share of all',
  nth: 'nth[j](taken, n) is the index of the n-th element that is true, from 0; −1 where there are no more',
};

/** How a scalar function takes its arguments: all as f32, any one type that they share, or integers alone. */
export interface ScalarFunction {
  readonly op: OpName;
  readonly arity: number;
  readonly operands: 'float' | 'number';
  readonly doc: string;
}
const float = (op: OpName, doc: string, arity = 1): ScalarFunction => ({ op, arity, operands: 'float', doc });
export const SCALAR_FUNCTIONS: Readonly<Record<string, ScalarFunction>> = {
  abs: { op: 'abs', arity: 1, operands: 'number', doc: 'absolute value' },
  floor: float('floor', 'greatest integer not above x, as f32'),
  ceil: float('ceil', 'least integer not below x, as f32'),
  round: float('round', 'nearest integer, ties to even, as f32'),
  sqrt: float('sqrt', 'square root'),
  rsqrt: float('rsqrt', 'reciprocal of the square root'),
  exp: float('exp', 'e to the power x'),
  exp2: float('exp2', '2 to the power x'),
  log: float('log', 'natural logarithm'),
  log2: float('log2', 'logarithm to base 2'),
  log1p: float('log1p', 'log(1 + x), exact near 0'),
  tanh: float('tanh', 'hyperbolic tangent'),
  sin: float('sin', 'sine of an angle in radians'),
  cos: float('cos', 'cosine of an angle in radians'),
  erf: float('erf', 'error function'),
  pow: float('pow', 'x to the power y', 2),
  fma: float('fma', 'x * y + z', 3),
};

/** Functions whose typing is their own; the number is the least count of arguments. */
export const SPECIAL_FUNCTIONS: Readonly<Record<string, string>> = {
  min: 'least of its arguments',
  max: 'greatest of its arguments',
  select: 'select(c, a, b) is a where c holds, else b',
  rand: 'rand(seed, a, …) is uniform in [0, 1): the same for the same seed and one to four integer counters, anywhere',
  extent: 'extent(j) is the extent of axis j',
};

/** Casts by name; `f16` and `bf16` round to that format and stay f32. */
export const CASTS: Readonly<Record<string, { readonly to: ScalarType; readonly round?: OpName }>> = {
  f32: { to: 'f32' },
  i32: { to: 'i32' },
  u32: { to: 'u32' },
  bool: { to: 'bool' },
  f16: { to: 'f32', round: 'round_f16' },
  bf16: { to: 'f32', round: 'round_bf16' },
};

export const CONSTANTS: Readonly<Record<string, { readonly value: number; readonly doc: string }>> = {
  inf: { value: Infinity, doc: 'positive infinity' },
  pi: { value: Math.PI, doc: 'the ratio of a circle’s circumference to its diameter' },
};

const has = (table: object, name: string): boolean => Object.hasOwn(table, name);

export const isReduction = (name: string): name is ReduceOp => has(REDUCTIONS, name);
export const isConstant = (name: string): boolean => has(CONSTANTS, name);
export const scalarFunction = (name: string): ScalarFunction | undefined =>
  has(SCALAR_FUNCTIONS, name) ? SCALAR_FUNCTIONS[name] : undefined;
export const castOf = (name: string): (typeof CASTS)[string] | undefined =>
  has(CASTS, name) ? CASTS[name] : undefined;
export const isSpecial = (name: string): boolean => has(SPECIAL_FUNCTIONS, name);

/** Every name that is called like a function. */
export const CALLABLE_NAMES: readonly string[] = [
  ...Object.keys(REDUCTIONS),
  ...Object.keys(SCALAR_FUNCTIONS),
  ...Object.keys(SPECIAL_FUNCTIONS),
  ...Object.keys(CASTS),
];

/** One line about a builtin, or undefined when the name is none. */
export function builtinDoc(name: string): string | undefined {
  if (isReduction(name)) return REDUCTIONS[name];
  if (isConstant(name)) return CONSTANTS[name]!.doc;
  if (castOf(name)) return name === 'f16' || name === 'bf16' ? `rounds to ${name}` : `converts to ${name}`;
  return scalarFunction(name)?.doc ?? (isSpecial(name) ? SPECIAL_FUNCTIONS[name] : undefined);
}
