/** Integer expressions as polynomials, and what is known about the terms in them. Integers count as if they had no end. */
import { freeVars, op, variable, type Expr, type OpExpr } from '../../expr/expr.ts';
import type { IrKernel } from '../ir.ts';
import { atLeast, contradict, type Effort, type Inequality } from './inequalities.ts';
import * as poly from './polynomial.ts';
import type { Poly } from './polynomial.ts';

/** A term that arithmetic does not look into: a variable, an element of a tensor, a quotient, a float function. */
interface Term {
  readonly expr: Expr;
  /** For a quotient: dividend and divisor. */
  readonly quotient?: readonly [Poly, Poly];
}

/** Bounds the work on one domain. */
const MOST_EFFORT = 60_000;

/** Translates expressions of one kernel. Equal values get equal terms where arithmetic shows it. */
export class Algebra {
  /** Answers of `holds`, and laws by monomial: the facts do not change. */
  private readonly held = new Map<string, boolean>();
  private readonly lawsByMonomial = new Map<string, readonly Inequality[]>();
  readonly effort: Effort = { left: MOST_EFFORT };
  private readonly termsByName = new Map<string, Term>();
  private readonly extents: ReadonlyMap<string, Expr>;

  /** @param facts inequalities over variables, from which signs of divisors are taken */
  constructor(
    private readonly kernel: IrKernel,
    private readonly facts: readonly Inequality[],
  ) {
    this.extents = new Map(kernel.axes.map((a) => [a.name, a.extent]));
  }

  readonly isInteger = (monomial: string): boolean =>
    poly.factorsOf(monomial).every((name) => this.termsByName.get(name)!.expr.type !== 'f32');

  poly(e: Expr): Poly {
    if (e.kind === 'const' && Number.isFinite(e.value)) return poly.number(e.value);
    if (e.kind !== 'op') return this.opaque(e);
    const exact = e.type === 'i32' || (e.type === 'u32' && (e.op === 'add' || e.op === 'mul')) || isWhole(e);
    return (exact ? this.arithmetic(e) : undefined) ?? this.opaque(e);
  }

  private arithmetic(e: OpExpr): Poly | undefined {
    const at = (n: number): Poly => this.poly(e.args[n]!);
    switch (e.op) {
      case 'neg':
        return poly.negate(at(0));
      case 'add':
        return poly.add(at(0), at(1));
      case 'sub':
        return poly.subtract(at(0), at(1));
      case 'mul':
        return poly.multiply(at(0), at(1));
      case 'cast':
        return e.args[0]!.type === 'i32' ? at(0) : undefined;
      case 'idiv':
        return this.quotient(at(0), at(1));
      case 'mod':
        return this.remainder(at(0), at(1));
      case 'shl':
      case 'shr':
      case 'bitand':
        return this.bits(e);
      default:
        return undefined;
    }
  }

  /** Shifts by a number, and masks of low bits, are multiplication, division and remainder. */
  private bits(e: OpExpr): Poly | undefined {
    const [a, b] = [this.poly(e.args[0]!), e.args[1]!];
    if (b.kind !== 'const' || b.value < 0) return undefined;
    if (e.op === 'bitand')
      return Number.isInteger(Math.log2(b.value + 1))
        ? this.remainder(a, poly.number(b.value + 1))
        : undefined;
    if (b.value > 30) return undefined;
    const power = poly.number(2 ** b.value);
    return e.op === 'shl' ? poly.multiply(a, power) : this.quotient(a, power);
  }

  private quotient(a: Poly, b: Poly): Poly | undefined {
    if (poly.isNumber(a) && a.constant === 0) return a;
    if (!this.isPositive(b)) return undefined;
    const { quotient, rest } = poly.divide(a, b);
    if (poly.isNumber(rest) && poly.isNumber(b))
      return poly.add(quotient, poly.number(Math.floor(rest.constant / b.constant)));
    if (poly.isNumber(rest) && rest.constant === 0) return quotient;
    const expr = op('idiv', this.expr(rest), this.expr(b));
    const name = `(${poly.polyKey(rest)}/${poly.polyKey(b)})`;
    this.termsByName.set(name, { expr, quotient: [rest, b] });
    return poly.add(quotient, poly.term(name));
  }

  private remainder(a: Poly, b: Poly): Poly | undefined {
    if (poly.isNumber(a) && a.constant === 0) return a;
    const quotient = this.quotient(a, b);
    return quotient && poly.subtract(a, poly.multiply(b, quotient));
  }

  private opaque(e: Expr): Poly {
    const name = this.canon(e);
    this.termsByName.set(name, { expr: e });
    return poly.term(name);
  }

  /** A text that is equal for expressions whose values are equal as far as polynomials can tell. */
  canon(e: Expr): string {
    switch (e.kind) {
      case 'const':
        return `${e.value}`;
      case 'var':
        return e.name;
      case 'read':
        return `${e.name}[${e.index.map((x) => poly.polyKey(this.poly(x))).join()}]`;
      case 'op':
        return `(${e.op}:${e.type} ${e.args.map((a) => (a.type === 'i32' ? poly.polyKey(this.poly(a)) : this.canon(a))).join(' ')})`;
      case 'reduce':
        // Each is a value of its own; conditions have none left.
        return `{${this.termsByName.size}}`;
    }
  }

  /** The polynomial as an expression of the IR. */
  expr(p: Poly): Expr {
    const parts = [...p.terms].map(([monomial, c]): Expr => {
      const product = poly
        .factorsOf(monomial)
        .map((name) => this.termsByName.get(name)!.expr)
        .reduce((a, b) => op('mul', a, b));
      return c === 1 ? product : op('mul', product, { kind: 'const', type: 'i32', value: c });
    });
    const constant: Expr = { kind: 'const', type: 'i32', value: p.constant };
    if (parts.length === 0) return constant;
    const sum = parts.reduce((a, b) => op('add', a, b));
    return p.constant === 0 ? sum : op('add', sum, constant);
  }

  /** Takes over the terms of a polynomial that another algebra made. */
  adopt(p: Poly, from: Algebra): void {
    for (const name of namesIn([p])) this.termsByName.set(name, from.termsByName.get(name)!);
  }

  /** Dividend and divisor of a term that is a quotient. */
  quotientOf(name: string): readonly [Poly, Poly] | undefined {
    return this.termsByName.get(name)?.quotient;
  }

  isPositive(p: Poly): boolean {
    return this.holds(poly.add(p, poly.number(-1)));
  }

  /** Whether `p >= 0` follows from the facts and the ranges of variables alone. */
  private holds(p: Poly): boolean {
    if (poly.isNumber(p)) return p.constant >= 0;
    const name = poly.polyKey(p);
    const known = this.held.get(name);
    if (known !== undefined) return known;
    const answer = this.follows(p);
    this.held.set(name, answer);
    return answer;
  }

  private follows(p: Poly): boolean {
    const opposite = { form: poly.negate(p), strict: true };
    return contradict(
      [...this.facts, ...this.ranges([p, ...this.facts.map((f) => f.form)]), opposite],
      this.isInteger,
      this.effort,
    );
  }

  /** What is always true of the variables in some polynomials. */
  private ranges(all: readonly Poly[]): Inequality[] {
    const out: Inequality[] = [];
    for (const name of namesIn(all)) {
      const { expr } = this.termsByName.get(name)!;
      const extent = expr.kind === 'var' ? this.extents.get(expr.name) : undefined;
      const isSize = expr.kind === 'var' && this.kernel.sizes.includes(expr.name);
      if (extent || isSize || expr.type === 'u32') out.push(atLeast(poly.term(name)));
      if (extent)
        out.push(atLeast(poly.add(poly.subtract(this.poly(extent), poly.term(name)), poly.number(-1))));
    }
    return out;
  }

  /** What is always true of the terms in some inequalities: ranges, quotients, signs of products. */
  laws(all: readonly Inequality[]): Inequality[] {
    const out: Inequality[] = [];
    const known = new Set<string>();
    let forms = all.map((x) => x.form);
    // Laws bring in new terms, such as the extent that bounds an axis.
    for (let round = 0; round < 4 && forms.length > 0; round++) {
      const seen = forms.flatMap((f) => [...f.terms.keys()].flatMap((m) => [m, ...poly.factorsOf(m)]));
      const fresh = seen.filter((m) => !known.has(m));
      const made = [...new Set(fresh)].flatMap((m) => {
        known.add(m);
        const laws = this.lawsByMonomial.get(m) ?? this.lawsOf(m);
        this.lawsByMonomial.set(m, laws);
        return laws;
      });
      out.push(...made);
      forms = made.map((x) => x.form);
    }
    return [...out, ...this.multiples([...all, ...out], known)];
  }

  /** Inequalities times a positive factor, where no product comes out that is not there already. */
  private multiples(all: readonly Inequality[], monomials: ReadonlySet<string>): Inequality[] {
    const products = [...monomials].filter((m) => poly.factorsOf(m).length > 1);
    const factors = new Set(products.flatMap((m) => poly.factorsOf(m)));
    return [...factors].flatMap((name) => {
      const by = poly.term(name);
      if (!this.isPositive(by)) return [];
      return all.flatMap(({ form, strict }) => {
        const product = poly.multiply(form, by);
        const isKnown = [...product.terms.keys()].every((m) => monomials.has(m));
        return isKnown && form.terms.size > 1 ? [{ form: product, strict }] : [];
      });
    });
  }

  private lawsOf(monomial: string): Inequality[] {
    const factors = poly.factorsOf(monomial);
    return factors.length === 1 ? this.lawsOfTerm(monomial) : this.lawsOfProduct(factors);
  }

  private lawsOfTerm(name: string): Inequality[] {
    const division = this.quotientOf(name);
    if (!division) return this.ranges([poly.term(name)]);
    const [a, b] = division;
    const quotient = poly.term(name);
    const rest = poly.subtract(a, poly.multiply(b, quotient));
    const out = [atLeast(rest), atLeast(poly.add(poly.subtract(b, rest), poly.number(-1)))];
    if (this.holds(a)) out.push(atLeast(quotient), atLeast(poly.subtract(a, quotient)));
    return out;
  }

  private lawsOfProduct(factors: readonly string[]): Inequality[] {
    const out: Inequality[] = [];
    const all = factors.map((f) => poly.term(f));
    const product = all.reduce(poly.multiply);
    const bound = (f: Poly): Inequality[] => {
      const division = this.quotientOf([...f.terms.keys()][0]!);
      return division ? (this.holds(division[0]) ? [atLeast(f)] : []) : this.ranges([f]);
    };
    if (all.every((f) => this.holds(f) || bound(f).length > 0)) out.push(atLeast(product));
    if (all.length !== 2) return out;
    // A bound of one factor, times the other factor where that is positive, bounds the product.
    for (const [x, y] of [
      [all[0]!, all[1]!],
      [all[1]!, all[0]!],
    ] as const) {
      if (!this.isPositive(y)) continue;
      for (const b of bound(x)) out.push(atLeast(poly.multiply(b.form, y)));
      if (this.holds(x)) out.push(atLeast(poly.subtract(product, x)));
    }
    return out;
  }
}

function namesIn(all: readonly Poly[]): Set<string> {
  return new Set(all.flatMap((p) => [...p.terms.keys()]).flatMap(poly.factorsOf));
}

/** Floats that are whole numbers by construction: casts of integers and sums of such. Exact up to 2^24. */
function isWhole(e: Expr): boolean {
  if (e.kind === 'const') return Number.isInteger(e.value);
  if (e.kind !== 'op') return false;
  if (e.op === 'cast') return e.type === 'f32' && e.args[0]!.type === 'i32';
  return ['add', 'sub', 'mul', 'neg'].includes(e.op) && e.args.every(isWhole);
}

/** Sizes and extents are at least 1: a kernel over nothing has no rows. Only those that speak of `names`. */
export function extentFacts(kernel: IrKernel, names: ReadonlySet<string>, algebra: Algebra): Inequality[] {
  const all = [...kernel.sizes.map((s) => variable(s)), ...kernel.axes.map((a) => a.extent)];
  return all
    .filter((e) => [...freeVars(e)].every((v) => names.has(v)))
    .map((e) => atLeast(poly.add(algebra.poly(e), poly.number(-1))));
}
