/** Indices that may satisfy a domain's condition in every row: ends of axes, the row's own index, solved comparisons. */
import { constant, freeVars, op, variable, visit, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Algebra } from './algebra.ts';
import type { Domain } from './domains.ts';
import * as poly from './polynomial.ts';
import type { Poly } from './polynomial.ts';
import type { Witness } from './prove.ts';

const MOST_FOR_ONE_AXIS = 48;
const MOST_COMBINED = 200;
const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
const INSIDE: ReadonlySet<string> = new Set(['abs', 'min', 'max', 'mod', 'idiv', 'sub']);

/** The value of `axis` where a polynomial is 0, rounded down; undefined where it does not come out. */
function solved(p: Poly, axis: string, algebra: Algebra): Expr | undefined {
  const mentions = (monomial: string): boolean =>
    poly.factorsOf(monomial).some((f) => freeVars(algebra.expr(poly.term(f))).has(axis));
  const own = [...p.terms].filter(([m]) => mentions(m));
  if (own.length !== 1) return undefined;
  const [name, factor] = own[0]!;
  const others = poly.add(p, { terms: new Map([[name, factor]]), constant: 0 }, -1);
  const opposite = factor > 0 ? poly.negate(others) : others;
  const size = Math.abs(factor);
  const whole = algebra.expr(opposite);
  const value = size === 1 ? whole : op('idiv', whole, constant('i32', size));
  if (name === axis) return value;
  // `a / b = value` is tried at the start of the block: `a = value * b`.
  const division = algebra.quotientOf(name);
  if (!division) return undefined;
  const start = poly.multiply(algebra.poly(value), division[1]);
  return solved(poly.subtract(division[0], start), axis, algebra);
}

/** Differences in a condition that are 0 at its edges. */
function edges(where: Expr, algebra: Algebra): { readonly edge: Poly; readonly modulo?: Expr }[] {
  const out: { edge: Poly; modulo?: Expr }[] = [];
  const integer = (e: Expr): boolean => e.type === 'i32' || e.type === 'f32';
  visit(where, (e) => {
    if (e.kind !== 'op') return;
    const [a, b] = [e.args[0]!, e.args[1]!];
    if (COMPARISONS.has(e.op) && integer(a)) {
      out.push({ edge: poly.subtract(algebra.poly(a), algebra.poly(b)) });
      for (const [x, y] of [
        [a, b],
        [b, a],
      ] as const)
        if (x.kind === 'op' && x.op === 'mod')
          out.push({ edge: poly.subtract(algebra.poly(x.args[0]!), algebra.poly(y)), modulo: x.args[1]! });
    } else if (INSIDE.has(e.op) && e.type === 'i32')
      out.push({ edge: algebra.poly(a), ...(e.op === 'mod' ? { modulo: b } : {}) });
  });
  return out;
}

function candidatesFor(axis: string, extent: Expr, d: Domain, algebra: Algebra): Expr[] {
  const one = constant('i32', 1);
  const last = simplify(op('sub', extent, one));
  const clamped = (e: Expr): Expr => op('max', op('min', e, last), constant('i32', 0));
  const rows = d.rows.map((r) => variable(r));
  const out: Expr[] = [constant('i32', 0), ...rows, last, one, ...rows.map((r) => op('min', r, last))];
  for (const { edge, modulo } of edges(d.where, algebra)) {
    const at = solved(edge, axis, algebra);
    if (!at || freeVars(at).has(axis)) continue;
    if (modulo) out.push(op('mod', at, modulo));
    out.push(at, clamped(at), op('sub', at, one), op('add', at, one));
    out.push(clamped(op('sub', at, one)), clamped(op('add', at, one)));
  }
  const seen = new Set<string>();
  return out.map(simplify).filter((e) => {
    const name = algebra.canon(op('add', e, constant('i32', 0)));
    return seen.has(name) ? false : (seen.add(name), true);
  });
}

/** Candidates for each reduced axis, simple ones first. None mentions a reduced axis. */
export function candidates(d: Domain, algebra: Algebra): ReadonlyMap<string, readonly Expr[]> {
  return new Map(
    d.reduced.map((axis) => {
      const extent = d.kernel.axes.find((a) => a.name === axis)!.extent;
      const own = candidatesFor(axis, extent, d, algebra);
      return [
        axis,
        own.filter((e) => !d.reduced.some((r) => freeVars(e).has(r))).slice(0, MOST_FOR_ONE_AXIS),
      ];
    }),
  );
}

/** One index for every axis: all combinations, those of simple indices first. */
export function combinations(all: ReadonlyMap<string, readonly Expr[]>): Witness[] {
  let out: { readonly w: Map<string, Expr>; readonly cost: number }[] = [{ w: new Map(), cost: 0 }];
  for (const [axis, own] of all)
    out = out
      .flatMap(({ w, cost }) => own.map((e, n) => ({ w: new Map([...w, [axis, e]]), cost: cost + n })))
      .sort((a, b) => a.cost - b.cost)
      .slice(0, MOST_COMBINED);
  return out.map(({ w }) => w);
}
