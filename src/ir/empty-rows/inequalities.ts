/** Whether linear inequalities contradict each other: Fourier and Motzkin's elimination, with rounding for integers. */
import { add, type Poly } from './polynomial.ts';

/** `form >= 0`, or `form > 0` when strict; each monomial counts as a variable of its own. */
export interface Inequality {
  readonly form: Poly;
  readonly strict: boolean;
}

/** Inequalities that all questions together may still make; nothing is found out once it is used up. */
export interface Effort {
  left: number;
}

export const atLeast = (form: Poly): Inequality => ({ form, strict: false });

/** More inequalities than this, or greater numbers, and the answer is "do not know". */
const MOST = 150;
const LARGEST = 2 ** 40;

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Divides by the common factor; over integers a strict bound is the next one, and bounds are rounded inwards. */
function tighten(x: Inequality, isInteger: (monomial: string) => boolean): Inequality {
  const { terms, constant } = x.form;
  const factors = [...terms.values()];
  if (factors.length === 0) return x;
  const whole = factors.every(Number.isInteger) && [...terms.keys()].every(isInteger);
  if (!whole) return x;
  const common = factors.reduce((a, b) => gcd(Math.abs(a), Math.abs(b)), 0);
  const bound = x.strict ? Math.ceil(constant) - 1 : Math.floor(constant);
  return {
    form: {
      terms: new Map([...terms].map(([m, c]) => [m, c / common])),
      constant: Math.floor(bound / common),
    },
    strict: false,
  };
}

const isFalse = ({ form, strict }: Inequality): boolean =>
  form.terms.size === 0 && (strict ? form.constant <= 0 : form.constant < 0);

/** The tightest of those that bound the same sum; undefined when one of them can never hold. */
function tidy(
  all: readonly Inequality[],
  isInteger: (monomial: string) => boolean,
): Inequality[] | undefined {
  const best = new Map<string, Inequality>();
  for (const each of all) {
    const x = tighten(each, isInteger);
    if (isFalse(x)) return undefined;
    if (x.form.terms.size === 0) continue;
    const key = [...x.form.terms]
      .map(([m, c]) => `${c}*${m}`)
      .sort()
      .join('+');
    const other = best.get(key);
    const isTighter =
      !other ||
      x.form.constant < other.form.constant ||
      (x.form.constant === other.form.constant && x.strict && !other.strict);
    if (isTighter) best.set(key, x);
  }
  return [...best.values()];
}

/**
 * True when no numbers satisfy all of them. False when some do, or when that was not found out.
 * @param isInteger monomials that only take integer values
 * @param effort what the question costs is taken off
 */
export function contradict(
  all: readonly Inequality[],
  isInteger: (monomial: string) => boolean,
  effort: Effort,
): boolean {
  let left = tidy(all, isInteger);
  while (left && left.length > 0) {
    effort.left -= left.length;
    if (left.length > MOST || effort.left < 0) return false;
    const name = cheapest(left);
    const rest: Inequality[] = [];
    const above: Inequality[] = [];
    const below: Inequality[] = [];
    for (const x of left) {
      const c = x.form.terms.get(name) ?? 0;
      (c > 0 ? above : c < 0 ? below : rest).push(x);
    }
    for (const a of above)
      for (const b of below) {
        const [p, q] = [a.form.terms.get(name)!, -b.form.terms.get(name)!];
        const scaled = add({ terms: new Map(), constant: 0 }, a.form, q);
        const sum = add(scaled, b.form, p);
        if ([...sum.terms.values(), sum.constant].some((c) => Math.abs(c) > LARGEST)) continue;
        // Rounding may leave a term that elimination removes; it is 0 by construction.
        const terms = new Map([...sum.terms].filter(([m]) => m !== name));
        rest.push({ form: { terms, constant: sum.constant }, strict: a.strict || b.strict });
      }
    left = tidy(rest, isInteger);
  }
  return left === undefined;
}

/** The monomial whose elimination makes the fewest new inequalities. */
function cheapest(all: readonly Inequality[]): string {
  const counts = new Map<string, [number, number]>();
  for (const { form } of all)
    for (const [m, c] of form.terms) {
      const n = counts.get(m) ?? [0, 0];
      n[c > 0 ? 0 : 1]++;
      counts.set(m, n);
    }
  let best = '';
  let least = Infinity;
  for (const [m, [up, down]] of counts) {
    const cost = up * down - up - down;
    if (cost >= least) continue;
    best = m;
    least = cost;
  }
  return best;
}
