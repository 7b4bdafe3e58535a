/** Launch formulas as TypeScript expressions. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import type { Expr, OpExpr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';
import { printFormula } from '../formula.ts';

const SYMBOLS: Partial<Record<OpName, { readonly symbol: string; readonly level: number }>> = {
  add: { symbol: '+', level: 3 },
  sub: { symbol: '-', level: 3 },
  mul: { symbol: '*', level: 4 },
  lt: { symbol: '<', level: 2 },
  le: { symbol: '<=', level: 2 },
  gt: { symbol: '>', level: 2 },
  ge: { symbol: '>=', level: 2 },
  eq: { symbol: '===', level: 1 },
  ne: { symbol: '!==', level: 1 },
};

/** The text of an integer expression over sizes; `variable` spells a size. */
export function hostFormula(e: Expr, variable: (name: string) => string, level = 0): string {
  switch (e.kind) {
    case 'const':
      return e.value < 0 && level > 0 ? `(${e.value})` : String(e.value);
    case 'var':
      return variable(e.name);
    case 'op':
      return printOp(e, variable, level);
    case 'read':
    case 'reduce':
      throw new CompilerBug('wgsl host', `${e.kind} in a shape or grid`, e.span);
  }
}

function printOp(e: OpExpr, variable: (name: string) => string, level: number): string {
  const [a, b, c] = e.args;
  const print = (x: Expr, inner = 0): string => hostFormula(x, variable, inner);
  const infix = SYMBOLS[e.op];
  if (infix) {
    const text = `${print(a!, infix.level)} ${infix.symbol} ${print(b!, infix.level + 1)}`;
    return infix.level < level ? `(${text})` : text;
  }
  switch (e.op) {
    case 'idiv':
    case 'quot': {
      const rounded = roundedUp(e);
      if (rounded) return `Math.ceil(${print(rounded, 5)} / ${print(b!, 5)})`;
      const known = b!.kind === 'const' && b!.value !== 0;
      return known ? `Math.floor(${print(a!, 4)} / ${print(b!, 5)})` : `floorDiv(${print(a!)}, ${print(b!)})`;
    }
    case 'mod':
    case 'rem':
      return `floorMod(${print(a!)}, ${print(b!)})`;
    case 'min':
    case 'max':
      return `Math.${e.op}(${print(a!)}, ${print(b!)})`;
    case 'select': {
      const text = `${print(a!, 1)} ? ${print(b!, 1)} : ${print(c!)}`;
      return level > 0 ? `(${text})` : text;
    }
    case 'cast':
      return print(a!, level);
    default:
      throw new CompilerBug('wgsl host', `${e.op} in ${printFormula(e)}`);
  }
}

/** The dividend of a division that rounds up: `(x + c - 1) / c`. */
function roundedUp(e: OpExpr): Expr | undefined {
  const [sum, by] = e.args;
  if (by?.kind !== 'const' || by.value <= 1 || sum?.kind !== 'op' || sum.op !== 'add') return undefined;
  const [x, rest] = sum.args;
  return rest?.kind === 'const' && rest.value === by.value - 1 ? x : undefined;
}
