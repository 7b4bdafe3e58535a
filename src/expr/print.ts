/** Expressions as text, close to the surface syntax, with no more parentheses than its precedence asks for. */
import type { ConstExpr, Expr, OpExpr } from './expr.ts';
import { OPS, type OpRow } from './ops.ts';

const UNARY_LEVEL = 10;
const ATOM_LEVEL = 12;
const PREFIX: Readonly<Record<string, string>> = { neg: '-', not: '!', bitnot: '~' };
const COMPARISON_LEVEL = 6;

function printConst(e: ConstExpr): string {
  if (e.type === 'bool') return e.value !== 0 ? 'true' : 'false';
  if (e.type === 'u32') return `${e.value}u`;
  if (e.type === 'i32') return `${e.value}`;
  if (Number.isNaN(e.value)) return 'nan';
  if (!Number.isFinite(e.value)) return e.value < 0 ? '-inf' : 'inf';
  if (Object.is(e.value, -0)) return '-0.0';
  const text = `${e.value}`;
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const isNegative = (e: ConstExpr): boolean => e.value < 0 || Object.is(e.value, -0);

/** Text and binding strength of an operation. */
function printOp(e: OpExpr): [string, number] {
  const row: OpRow = OPS[e.op];
  const prefix = PREFIX[e.op];
  if (prefix !== undefined) return [prefix + at(e.args[0]!, UNARY_LEVEL), UNARY_LEVEL];
  if (row.infix) {
    const { symbol, level } = row.infix;
    const alone = level === COMPARISON_LEVEL;
    const right = e.op === 'pow';
    const left = at(e.args[0]!, alone || right ? level + 1 : level);
    // A power's exponent may be a prefix operation without parentheses.
    const rest = at(e.args[1]!, right ? UNARY_LEVEL : level + 1);
    return [`${left} ${symbol} ${rest}`, level];
  }
  if (e.op === 'select') {
    const [c, a, b] = [e.args[0]!, e.args[1]!, e.args[2]!];
    return [`if ${printExpr(c)} then ${printExpr(a)} else ${printExpr(b)}`, 0];
  }
  const name =
    e.op === 'cast' ? e.type : e.op === 'round_f16' ? 'f16' : e.op === 'round_bf16' ? 'bf16' : e.op;
  return [`${name}(${e.args.map(printExpr).join(', ')})`, ATOM_LEVEL];
}

function print(e: Expr): [string, number] {
  switch (e.kind) {
    case 'const':
      return [printConst(e), isNegative(e) ? UNARY_LEVEL : ATOM_LEVEL];
    case 'var':
      return [e.name, ATOM_LEVEL];
    case 'read':
      return [`${e.name}[${e.index.map(printExpr).join(', ')}]`, ATOM_LEVEL];
    case 'reduce': {
      const where = e.where ? ` where ${printExpr(e.where)}` : '';
      return [
        `${e.op}[${e.axes.join(', ')}${where}](${[e.body, ...(e.args ?? [])].map(printExpr).join(', ')})`,
        ATOM_LEVEL,
      ];
    }
    case 'op':
      return printOp(e);
  }
}

function at(e: Expr, level: number): string {
  const [text, own] = print(e);
  return own < level ? `(${text})` : text;
}

/** Deterministic text of an expression; f32 constants carry a point, u32 constants a `u`. */
export function printExpr(e: Expr): string {
  return print(e)[0];
}
