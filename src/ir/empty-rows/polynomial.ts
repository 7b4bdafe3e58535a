/** Polynomials over opaque terms: what is left of an integer formula when addition and multiplication are carried out. */

/** Terms by monomial, the product of the names in it; the empty monomial is not among them. */
export interface Poly {
  readonly terms: ReadonlyMap<string, number>;
  readonly constant: number;
}

const BETWEEN = '\u0001';

export const number = (constant: number): Poly => ({ terms: new Map(), constant });
export const term = (name: string): Poly => ({ terms: new Map([[name, 1]]), constant: 0 });
export const factorsOf = (monomial: string): readonly string[] => monomial.split(BETWEEN);
export const isNumber = (p: Poly): boolean => p.terms.size === 0;

/** `a + scale * b`. */
export function add(a: Poly, b: Poly, scale = 1): Poly {
  const terms = new Map(a.terms);
  for (const [m, c] of b.terms) {
    const sum = (terms.get(m) ?? 0) + scale * c;
    if (sum === 0) terms.delete(m);
    else terms.set(m, sum);
  }
  return { terms, constant: a.constant + scale * b.constant };
}
export const subtract = (a: Poly, b: Poly): Poly => add(a, b, -1);
export const negate = (a: Poly): Poly => add(number(0), a, -1);

export function multiply(a: Poly, b: Poly): Poly {
  let out = add(number(a.constant * b.constant), { terms: a.terms, constant: 0 }, b.constant);
  out = add(out, { terms: b.terms, constant: 0 }, a.constant);
  for (const [m, c] of a.terms)
    for (const [n, d] of b.terms)
      out = add(out, {
        terms: new Map([[[...factorsOf(m), ...factorsOf(n)].sort().join(BETWEEN), c * d]]),
        constant: 0,
      });
  return out;
}

/** Equal for equal polynomials; it can be part of a name. */
export const polyKey = (p: Poly): string =>
  `<${[...p.terms]
    .map(([m, c]) => `${c}*${m.replaceAll(BETWEEN, '*')}`)
    .sort()
    .join('+')}+${p.constant}>`;

/** `p = by * quotient + rest` with as much as possible in the quotient; `by` is a number or a single monomial. */
export function divide(p: Poly, by: Poly): { readonly quotient: Poly; readonly rest: Poly } {
  const quotient = new Map<string, number>();
  const rest = new Map<string, number>();
  if (isNumber(by)) {
    const d = by.constant;
    for (const [m, c] of p.terms) {
      const q = Math.trunc(c / d);
      if (q !== 0) quotient.set(m, q);
      if (c - q * d !== 0) rest.set(m, c - q * d);
    }
    const q = Math.floor(p.constant / d);
    return {
      quotient: { terms: quotient, constant: q },
      rest: { terms: rest, constant: p.constant - q * d },
    };
  }
  const [only] = [...by.terms];
  if (by.terms.size !== 1 || by.constant !== 0 || only![1] !== 1) return { quotient: number(0), rest: p };
  let constant = 0;
  for (const [m, c] of p.terms) {
    const left = without(factorsOf(m), factorsOf(only![0]));
    if (!left) rest.set(m, c);
    else if (left.length === 0) constant += c;
    else quotient.set(left.join(BETWEEN), c);
  }
  return { quotient: { terms: quotient, constant }, rest: { terms: rest, constant: p.constant } };
}

/** The names that are left when those of `part` are taken away once each. */
function without(all: readonly string[], part: readonly string[]): string[] | undefined {
  const left = [...all];
  for (const name of part) {
    const at = left.indexOf(name);
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return left;
}
