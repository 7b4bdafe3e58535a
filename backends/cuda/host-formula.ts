/** Prints formulas over sizes as C++ on doubles: products of sizes stay exact and cannot overflow. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import type { Expr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';

const INFIX: Readonly<Partial<Record<OpName, readonly [symbol: string, level: number]>>> = {
  or: ['||', 1],
  and: ['&&', 2],
  eq: ['==', 3],
  ne: ['!=', 3],
  lt: ['<', 4],
  le: ['<=', 4],
  gt: ['>', 4],
  ge: ['>=', 4],
  add: ['+', 5],
  sub: ['-', 5],
  mul: ['*', 6],
};
const CALL: Readonly<Partial<Record<OpName, string>>> = {
  idiv: 'attn::whole',
  quot: 'attn::whole',
  mod: 'attn::rest',
  rem: 'attn::rest',
  min: 'fmin',
  max: 'fmax',
};

const HELPERS = {
  whole: `// Quotient of whole numbers; by zero it is 0.
static inline double whole(double a, double b) { return b == 0.0 ? 0.0 : floor(a / b); }`,
  rest: `// Remainder of whole numbers; by zero it is 0.
static inline double rest(double a, double b) { return b == 0.0 ? 0.0 : a - b * floor(a / b); }`,
} as const;

/** The functions that formulas in `text` call; empty when there are none. The sizes they see are not negative. */
export function hostHelpers(text: string): string {
  const used = (['whole', 'rest'] as const).filter((name) => text.includes(`attn::${name}(`));
  if (used.length === 0) return '';
  return ['namespace attn {', ...used.map((name) => HELPERS[name]), '}  // namespace attn'].join('\n');
}

/** \`name\` gives the C++ name of a size. */
export function hostFormula(e: Expr, name: (size: string) => string, level = 0): string {
  switch (e.kind) {
    case 'const':
      return e.value < 0 ? `(${e.value}.0)` : `${e.value}.0`;
    case 'var':
      return name(e.name);
    case 'op':
      break;
    case 'read':
    case 'reduce':
      throw new CompilerBug('cuda host', `${e.kind} in a shape or grid`, e.span);
  }
  const arg = (n: number, wanted = 0): string => hostFormula(e.args[n]!, name, wanted);
  const infix = INFIX[e.op];
  if (infix) {
    const [symbol, own] = infix;
    const text = `${arg(0, own)} ${symbol} ${arg(1, own + 1)}`;
    return own < level ? `(${text})` : text;
  }
  if (e.op === 'cast') return arg(0, level);
  if (e.op === 'select') return `(${arg(0, 1)} ? ${arg(1, 1)} : ${arg(2, 1)})`;
  const by = e.args[1];
  if ((e.op === 'idiv' || e.op === 'quot') && by?.kind === 'const' && by.value > 0)
    return `floor(${arg(0, 6)} / ${by.value}.0)`;
  const call = CALL[e.op];
  if (call === undefined) throw new CompilerBug('cuda host', `${e.op} in a shape or grid`, e.span);
  return `${call}(${arg(0)}, ${arg(1)})`;
}
