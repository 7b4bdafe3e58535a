/** Formulas over sizes and params in C++: whole numbers are int64_t, others double. */
import { userError } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import type { OpName } from '../expr/ops.ts';

type Row = { readonly infix: readonly [string, number] } | { readonly call: string };
const infix = (symbol: string, level: number): Row => ({ infix: [symbol, level] });
const call = (name: string): Row => ({ call: name });

const ROWS: Readonly<Partial<Record<OpName, Row>>> = {
  or: infix('||', 1),
  and: infix('&&', 2),
  eq: infix('==', 3),
  ne: infix('!=', 3),
  lt: infix('<', 4),
  le: infix('<=', 4),
  gt: infix('>', 4),
  ge: infix('>=', 4),
  add: infix('+', 5),
  sub: infix('-', 5),
  mul: infix('*', 6),
  div: infix('/', 6),
  idiv: call('attnc::quotient'),
  mod: call('attnc::remainder'),
  pow: call('std::pow'),
  sqrt: call('std::sqrt'),
  exp: call('std::exp'),
  exp2: call('std::exp2'),
  log: call('std::log'),
  log2: call('std::log2'),
  floor: call('std::floor'),
  ceil: call('std::ceil'),
  round: call('std::nearbyint'),
};
const UNARY = 7;

/**
 * @param name the C++ name of a size or param
 * @throws UserError E0660 for operations that no formula over sizes has had so far
 */
export function cppScalar(e: Expr, name: (of: string) => string, level = 0): string {
  const own = (x: Expr, at = 0): string => cppScalar(x, name, at);
  switch (e.kind) {
    case 'const':
      return constant(e.type, e.value);
    case 'var':
      return name(e.name);
    case 'read':
    case 'reduce':
      break;
    case 'op': {
      const [a, b, c] = e.args;
      if (e.op === 'select') return `(${own(a!, 1)} ? ${own(b!, 1)} : ${own(c!, 1)})`;
      if (e.op === 'neg') return `-${own(a!, UNARY)}`;
      if (e.op === 'not') return `!${own(a!, UNARY)}`;
      if (e.op === 'abs') return `std::abs(${own(a!)})`;
      if (e.op === 'min' || e.op === 'max')
        return `std::${e.op}<${e.type === 'f32' ? 'double' : 'int64_t'}>(${own(a!)}, ${own(b!)})`;
      if (e.op === 'cast') return `static_cast<${TYPE[e.type]}>(${own(a!)})`;
      const row = ROWS[e.op];
      if (row && 'call' in row) return `${row.call}(${e.args.map((x) => own(x)).join(', ')})`;
      if (!row) break;
      const [symbol, at] = row.infix;
      const text = `${own(a!, at)} ${symbol} ${own(b!, at + 1)}`;
      // Compilers warn of && inside of || without parentheses.
      return at < level || (at === 2 && level === 1) ? `(${text})` : text;
    }
  }
  throw userError(
    'E0660',
    `C++ for PyTorch has no formula for \`${e.kind === 'op' ? e.op : e.kind}\` over sizes`,
    {
      hint: 'the kernel itself compiles with --target cuda',
      ...(e.span ? { span: e.span } : {}),
    },
  );
}

const TYPE = { f32: 'double', i32: 'int64_t', u32: 'int64_t', bool: 'bool' } as const;

function constant(type: Expr['type'], value: number): string {
  if (type === 'bool') return value ? 'true' : 'false';
  if (!Number.isFinite(value)) return value < 0 ? '-INFINITY' : 'INFINITY';
  if (type !== 'f32') return value < 0 ? `(${value})` : String(value);
  const text = /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  return value < 0 ? `(${text})` : text;
}
