/**
 * Launch formulas: how shapes and grids follow from sizes, as text in a manifest.
 *
 *   formula = number | NAME | formula (+ - * / % < <= == …) formula | ceil_div | min | max | select (formula, …)
 *
 * All values are integers; `/` and `%` round down, and by zero they give 0. A comparison gives 1 or 0.
 */
import { CompilerBug } from '../src/diagnostics/diagnostic.ts';
import { key, type Expr, type OpExpr } from '../src/expr/expr.ts';
import type { OpName } from '../src/expr/ops.ts';

interface Infix {
  readonly level: number;
  readonly apply: (a: number, b: number) => number;
}
const floorDiv = (a: number, b: number): number => (b === 0 ? 0 : Math.floor(a / b));

const INFIX: Readonly<Record<string, Infix>> = {
  '||': { level: 1, apply: (a, b) => +(a !== 0 || b !== 0) },
  '&&': { level: 2, apply: (a, b) => +(a !== 0 && b !== 0) },
  '==': { level: 3, apply: (a, b) => +(a === b) },
  '!=': { level: 3, apply: (a, b) => +(a !== b) },
  '<': { level: 4, apply: (a, b) => +(a < b) },
  '<=': { level: 4, apply: (a, b) => +(a <= b) },
  '>': { level: 4, apply: (a, b) => +(a > b) },
  '>=': { level: 4, apply: (a, b) => +(a >= b) },
  '+': { level: 5, apply: (a, b) => a + b },
  '-': { level: 5, apply: (a, b) => a - b },
  '*': { level: 6, apply: (a, b) => a * b },
  '/': { level: 6, apply: floorDiv },
  '%': { level: 6, apply: (a, b) => (b === 0 ? 0 : a - b * floorDiv(a, b)) },
};
const CALL: Readonly<Record<string, { readonly arity: number; readonly apply: (...a: number[]) => number }>> =
  {
    ceil_div: { arity: 2, apply: (a, b) => floorDiv(a! + b! - 1, b!) },
    min: { arity: 2, apply: Math.min },
    max: { arity: 2, apply: Math.max },
    select: { arity: 3, apply: (c, a, b) => (c !== 0 ? a! : b!) },
  };
const SYMBOL: Readonly<Partial<Record<OpName, string>>> = {
  add: '+',
  sub: '-',
  mul: '*',
  idiv: '/',
  quot: '/',
  mod: '%',
  rem: '%',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  eq: '==',
  ne: '!=',
  and: '&&',
  or: '||',
};

/** The text of an integer expression over uniforms and fixed sizes. */
export function printFormula(e: Expr, level = 0): string {
  switch (e.kind) {
    case 'const':
      return e.value < 0 && level > 0 ? `(${e.value})` : String(e.value);
    case 'var':
      return e.name;
    case 'op':
      return printOp(e, level);
    case 'read':
    case 'reduce':
      throw new CompilerBug('launch formula', `${e.kind} in a shape or grid`, e.span);
  }
}

function printOp(e: OpExpr, level: number): string {
  const rounded = roundedUp(e);
  if (rounded) return `ceil_div(${printFormula(rounded.value)}, ${rounded.by})`;
  if (e.op === 'min' || e.op === 'max' || e.op === 'select')
    return `${e.op}(${e.args.map((a) => printFormula(a)).join(', ')})`;
  if (e.op === 'cast') return printFormula(e.args[0]!, level);
  const symbol = SYMBOL[e.op];
  if (symbol === undefined) throw new CompilerBug('launch formula', `${e.op} in a shape or grid`, e.span);
  const own = INFIX[symbol]!.level;
  const text = `${printFormula(e.args[0]!, own)} ${symbol} ${printFormula(e.args[1]!, own + 1)}`;
  return own < level ? `(${text})` : text;
}

/** `(value + by - 1) / by`. */
function roundedUp(e: OpExpr): { readonly value: Expr; readonly by: number } | undefined {
  const [sum, by] = e.args;
  if ((e.op !== 'quot' && e.op !== 'idiv') || by?.kind !== 'const' || by.value <= 1) return undefined;
  if (sum?.kind !== 'op' || sum.op !== 'add') return undefined;
  const wanted = key({ kind: 'const', type: 'i32', value: by.value - 1 });
  return key(sum.args[1]!) === wanted ? { value: sum.args[0]!, by: by.value } : undefined;
}

/** The value of a formula for given sizes; exact below 2^53. */
export function evaluateFormula(text: string, values: Readonly<Record<string, number>>): number {
  const tokens = text.match(/[A-Za-z_][\w.]*|\d+|[<>=!]=|&&|\|\||\S/g) ?? [];
  let at = 0;
  const bug = (message: string): CompilerBug => new CompilerBug('launch formula', `${message} in "${text}"`);
  const expect = (token: string): void => {
    if (tokens[at++] !== token) throw bug(`expected ${token}`);
  };
  const expression = (level: number): number => {
    let left = operand();
    for (;;) {
      const infix = INFIX[tokens[at] ?? ''];
      if (!infix || infix.level < level) return left;
      at += 1;
      left = infix.apply(left, expression(infix.level + 1));
    }
  };
  const operand = (): number => {
    const token = tokens[at++] ?? '';
    if (/^\d/.test(token)) return Number(token);
    if (token === '-') return -operand();
    if (token === '(') {
      const value = expression(0);
      expect(')');
      return value;
    }
    if (tokens[at] === '(') return call(token);
    if (!Object.hasOwn(values, token)) throw bug(`unknown size ${token || '(nothing)'}`);
    return values[token]!;
  };
  const call = (name: string): number => {
    const row = Object.hasOwn(CALL, name) ? CALL[name] : undefined;
    if (!row) throw bug(`unknown function ${name}`);
    expect('(');
    const args = [expression(0)];
    while (args.length < row.arity) {
      expect(',');
      args.push(expression(0));
    }
    expect(')');
    return row.apply(...args);
  };
  const value = expression(0);
  if (at !== tokens.length) throw bug(`unexpected ${tokens[at]}`);
  return value;
}
