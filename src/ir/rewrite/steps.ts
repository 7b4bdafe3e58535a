/** Factors that depend on the distance of two positions alone: `g ** (i - j)`, `exp(c * (i - j))`. */
import { f32, op, type Expr } from '../../expr/expr.ts';
import { linear } from '../../expr/linear.ts';
import { mentions } from './draft.ts';
import { difference, type Distance, type Pair } from './relation.ts';

/** base ** n or exp(base · n), with n = by · (row − over) + plus; the base moves with neither. */
export interface Steps {
  readonly kind: 'power' | 'exponential';
  readonly base: Expr;
  readonly by: number;
  readonly plus: number;
}
/** factor · (by · (row − over) + plus) */
interface Multiple {
  readonly factor: Expr | undefined;
  readonly by: number;
  readonly plus: number;
}

const times = (a: Expr | undefined, b: Expr): Expr => (a ? op('mul', a, b) : b);

/** A multiple of the distance, where `d` says which distances there are. */
export function multipleOf(e: Expr, p: Pair, d: Distance): Multiple | undefined {
  const both = new Set([p.row, p.over]);
  if (e.kind !== 'op') return undefined;
  const [a, b] = e.args as readonly [Expr, Expr];
  const fixed = (x: Expr): boolean => !mentions(x, both);
  switch (e.op) {
    case 'cast':
      return a.type === 'i32' && e.type === 'f32' ? whole(a, p, d) : undefined;
    case 'abs':
    case 'max': {
      if (e.op === 'max' && !(b.kind === 'const' && b.value === 0)) return undefined;
      const x = multipleOf(a, p, d);
      return x && !x.factor && isPositive(x, d) ? x : undefined;
    }
    case 'neg': {
      const x = multipleOf(a, p, d);
      return x && { ...x, factor: x.factor ? op('neg', x.factor) : f32(-1) };
    }
    case 'mul': {
      const [factor, of] = fixed(a) ? [a, b] : [b, a];
      const x = fixed(factor) ? multipleOf(of, p, d) : undefined;
      return x && { ...x, factor: times(x.factor, factor) };
    }
    case 'div': {
      const x = fixed(b) ? multipleOf(a, p, d) : undefined;
      return x && { ...x, factor: op('div', x.factor ?? f32(1), b) };
    }
    default:
      return undefined;
  }
}

function whole(e: Expr, p: Pair, d: Distance): Multiple | undefined {
  const most = e.kind === 'op' && e.op === 'max' ? e.args[1]! : undefined;
  if (e.kind === 'op' && (e.op === 'abs' || (most?.kind === 'const' && most.value === 0))) {
    const x = whole(e.args[0]!, p, d);
    if (!x) return undefined;
    if (isPositive(x, d)) return x;
    const mirrored = { factor: undefined, by: -x.by, plus: -x.plus };
    return e.op === 'abs' && isPositive(mirrored, d) ? mirrored : undefined;
  }
  const diff = difference(linear(e), p);
  return diff && { factor: undefined, by: -diff.by, plus: diff.plus };
}

/** Not negative at any distance that there is. */
const isPositive = (x: Multiple, d: Distance): boolean => {
  const ends = [d.least, d.greatest].map((n) => -x.by * n + x.plus);
  return ends.every((n) => n >= 0);
};

export function powerSteps(base: Expr, exponent: Expr, p: Pair, d: Distance): Steps | undefined {
  const x = multipleOf(exponent, p, d);
  if (!x || mentions(base, new Set([p.row, p.over]))) return undefined;
  if (!x.factor) return { kind: 'power', base, by: x.by, plus: x.plus };
  // g ** (c · n) = (g ** c) ** n
  return { kind: 'power', base: op('pow', base, x.factor), by: x.by, plus: x.plus };
}

export function exponentialSteps(exponent: Expr, p: Pair, d: Distance): Steps | undefined {
  const x = multipleOf(exponent, p, d);
  return x && { kind: 'exponential', base: x.factor ?? f32(1), by: x.by, plus: x.plus };
}

/** What the factor is after `n` units: base ** n, or the exponent base · n. Undefined for none. */
export function stepsTo(s: Steps, n: number): Expr | undefined {
  if (n === 0) return undefined;
  if (s.kind === 'exponential') return n === 1 ? s.base : op('mul', s.base, f32(n));
  if (n === 1) return s.base;
  return n === -1 ? op('div', f32(1), s.base) : op('pow', s.base, f32(n));
}
