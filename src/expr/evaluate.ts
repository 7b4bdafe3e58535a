/**
 * Evaluation of expressions in float64: f32 values are carried as doubles, i32 and u32 wrap to 32 bits after each
 * operation, `&&`, `||` and `select` evaluate only what they need.
 *
 * `compileExpr` turns an expression into a closure over a frame of variables, for inner loops; `evaluate` walks the tree.
 */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import type { Expr, OpExpr, ReadExpr, ReduceExpr } from './expr.ts';
import { OPS } from './ops.ts';
import { applyOp, castValue, roundBf16, roundF16 } from './scalar.ts';

export type Evaluator = () => number;

/** Where the free names of a compiled expression live. */
export interface EvalEnv {
  /** Values of variables; closures read it at each call. */
  readonly frame: Float64Array;
  /** The variable's place in `frame`, or undefined when there is no such variable. */
  slot(name: string): number | undefined;
  read?(e: ReadExpr): Evaluator;
  reduce?(e: ReduceExpr): Evaluator;
}

const bug = (message: string): never => {
  throw new CompilerBug('expr/evaluate', message);
};

/** Replaces operations on constants by their value; for this evaluator that is exact on every type. */
function folded(e: OpExpr, args: readonly Expr[]): number | undefined {
  const values: number[] = [];
  for (const a of args) {
    if (a.kind !== 'const') return undefined;
    values.push(a.value);
  }
  return applyOp(
    e.op,
    e.type,
    e.args.map((a) => a.type),
    values,
  );
}

function fold(e: Expr): Expr {
  if (e.kind !== 'op') return e;
  const args = e.args.map(fold);
  const value = folded(e, args);
  return value === undefined ? { ...e, args } : { kind: 'const', type: e.type, value };
}

/**
 * Compiles an expression to a closure.
 * @param env gives variables by slot, and the meaning of reads and reductions where they may occur
 */
export function compileExpr(e: Expr, env: EvalEnv): Evaluator {
  return compile(fold(e), env);
}

function compile(e: Expr, env: EvalEnv): Evaluator {
  switch (e.kind) {
    case 'const': {
      const value = e.value;
      return () => value;
    }
    case 'var': {
      const slot = env.slot(e.name) ?? bug(`unbound variable ${e.name}`);
      const frame = env.frame;
      return () => frame[slot]!;
    }
    case 'read':
      return env.read ? env.read(e) : bug(`read of ${e.name} where no reads are allowed`);
    case 'reduce':
      return env.reduce ? env.reduce(e) : bug('reduction where none is allowed');
    case 'op':
      return compileOp(e, env);
  }
}

function compileOp(e: OpExpr, env: EvalEnv): Evaluator {
  const f = e.args.map((a) => compile(a, env));
  if (e.args.length === 1) return unary(e, f[0]!);
  if (e.args.length === 2) return binary(e, f[0]!, f[1]!);
  const [a, b, c] = [f[0]!, f[1]!, f[2]!];
  if (e.op === 'select') return () => (a() !== 0 ? b() : c());
  if (e.op === 'fma') return () => a() * b() + c();
  const types = e.args.map((x) => x.type);
  return () =>
    applyOp(
      e.op,
      e.type,
      types,
      f.map((x) => x()),
    );
}

function unary(e: OpExpr, a: Evaluator): Evaluator {
  const { op, type } = e;
  if (op === 'cast') {
    const from = e.args[0]!.type;
    return from === type || (type === 'f32' && from !== 'f32') ? a : () => castValue(from, type, a());
  }
  if (op === 'exp') return () => Math.exp(a());
  if (op === 'not') return () => (a() === 0 ? 1 : 0);
  if (op === 'round_f16') return () => roundF16(a());
  if (op === 'round_bf16') return () => roundBf16(a());
  if (op === 'bits_to_f32' || op === 'f32_to_bits') return () => applyOp(op, type, [], [a()]);
  const meaning = OPS[op].meaning as (x: number) => number;
  return wrapped(type, () => meaning(a()));
}

function wrapped(type: OpExpr['type'], f: Evaluator): Evaluator {
  if (type === 'i32') return () => f() | 0;
  if (type === 'u32') return () => f() >>> 0;
  return f;
}

/** The commonest operations get closures of their own; the rest go through their row in `ops.ts`. */
function binary(e: OpExpr, a: Evaluator, b: Evaluator): Evaluator {
  const float = e.type === 'f32';
  switch (e.op) {
    case 'and':
      return () => (a() !== 0 && b() !== 0 ? 1 : 0);
    case 'or':
      return () => (a() !== 0 || b() !== 0 ? 1 : 0);
    case 'add':
      return float ? () => a() + b() : wrapped(e.type, () => a() + b());
    case 'sub':
      return float ? () => a() - b() : wrapped(e.type, () => a() - b());
    case 'mul':
      return float ? () => a() * b() : wrapped(e.type, () => Math.imul(a(), b()));
    case 'div':
      return () => a() / b();
    case 'lt':
      return () => (a() < b() ? 1 : 0);
    case 'le':
      return () => (a() <= b() ? 1 : 0);
    case 'eq':
      return () => (a() === b() ? 1 : 0);
    default: {
      const meaning = OPS[e.op].meaning as (x: number, y: number) => number;
      return wrapped(e.type, () => meaning(a(), b()));
    }
  }
}

/** What `evaluate` needs for names that are not variables. */
export interface Reads {
  read(name: string, index: readonly number[]): number;
}

/**
 * Evaluates an expression without reductions.
 * @param vars values of its free variables; a missing one is a compiler bug
 * @param reads meaning of reads, where the expression has any
 */
export function evaluate(e: Expr, vars: ReadonlyMap<string, number>, reads?: Reads): number {
  switch (e.kind) {
    case 'const':
      return e.value;
    case 'var':
      return vars.get(e.name) ?? bug(`unbound variable ${e.name}`);
    case 'read':
      if (!reads) return bug(`read of ${e.name} where no reads are allowed`);
      return reads.read(
        e.name,
        e.index.map((x) => evaluate(x, vars, reads)),
      );
    case 'reduce':
      return bug('reduction where none is allowed');
    case 'op': {
      const at = (n: number): number => evaluate(e.args[n]!, vars, reads);
      if (e.op === 'and') return at(0) !== 0 && at(1) !== 0 ? 1 : 0;
      if (e.op === 'or') return at(0) !== 0 || at(1) !== 0 ? 1 : 0;
      if (e.op === 'select') return at(0) !== 0 ? at(1) : at(2);
      return applyOp(
        e.op,
        e.type,
        e.args.map((a) => a.type),
        e.args.map((_, n) => at(n)),
      );
    }
  }
}

/** Evaluates a size formula: constants, size symbols, params and operations on them. */
export function evalConst(e: Expr, vars: ReadonlyMap<string, number>): number {
  return evaluate(e, vars);
}
