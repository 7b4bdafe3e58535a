/** The search for witnesses: those that no sample refutes are given to the prover, alone and then in pairs. */
import { bool, freeVars, op, type Expr } from '../../expr/expr.ts';
import type { Algebra } from './algebra.ts';
import { conjuncts, type Domain } from './domains.ts';
import { Assumptions, type Witness } from './prove.ts';
import { samplesOf, type Sample } from './search.ts';
import { OutOfRange, Trial } from './trial.ts';
import { candidates, combinations } from './witness.ts';

/** Questions to the prover about one domain. */
const MOST_ATTEMPTS = 12;

/** For each witness, whether it satisfies the domain at each sample. */
class Sieve {
  private readonly trial: Trial;
  private readonly keeps: () => number;
  private readonly compiled = new Map<Expr, () => number>();

  constructor(
    private readonly domain: Domain,
    private readonly samples: readonly Sample[],
  ) {
    this.trial = new Trial(domain.kernel);
    this.keeps = this.trial.compile(domain.where);
  }

  holds(w: Witness, sample: Sample): boolean {
    const { trial, domain } = this;
    trial.use(sample.numbers, sample.data);
    domain.rows.forEach((a, n) => trial.set(a, sample.row[n]!));
    try {
      const index = domain.reduced.map((a) => this.value(w.get(a)!));
      if (domain.reduced.some((a, n) => index[n]! < 0 || index[n]! >= trial.extent(a))) return false;
      domain.reduced.forEach((a, n) => trial.set(a, index[n]!));
      return this.keeps() !== 0;
    } catch (e) {
      if (e instanceof OutOfRange) return false;
      throw e;
    }
  }

  private value(e: Expr): number {
    let f = this.compiled.get(e);
    if (!f) this.compiled.set(e, (f = this.trial.compile(e)));
    return f();
  }

  always(w: Witness): boolean {
    return this.samples.every((s) => this.holds(w, s));
  }

  /** Pairs of which one always holds. */
  *pairs(all: readonly Witness[]): Generator<readonly [Witness, Witness]> {
    const fits = all.map((w) => this.samples.map((s) => this.holds(w, s)));
    for (const [n, a] of all.entries())
      for (const [m, b] of all.entries())
        if (m > n && fits[n]!.every((x, s) => x || fits[m]![s]!)) yield [a, b];
  }
}

/** Leaves the indices of one axis that satisfy what the condition says of that axis alone. */
function fitting(d: Domain, axis: string, own: readonly Expr[], samples: readonly Sample[]): readonly Expr[] {
  const others = d.reduced.filter((a) => a !== axis);
  const alone = conjuncts(d.where).filter((c) => !others.some((a) => freeVars(c).has(a)));
  const sieve = new Sieve(
    { ...d, reduced: [axis], where: alone.reduce((a, b) => op('and', a, b), bool(true)) },
    samples,
  );
  return own.filter((e) => sieve.always(new Map([[axis, e]])));
}

/** Witnesses of which one always holds, as far as the samples show: single ones, then pairs. */
function* promising(d: Domain, algebra: Algebra, samples: readonly Sample[]): Generator<readonly Witness[]> {
  const own = candidates(d, algebra);
  const sieve = new Sieve(d, samples);
  const several = d.reduced.length > 1;
  const all = combinations(
    several ? new Map([...own].map(([axis, es]) => [axis, fitting(d, axis, es, samples)])) : own,
  );
  for (const w of all) if (sieve.always(w)) yield [w];
  if (several) return;
  yield* sieve.pairs(all.slice(0, MOST_IN_PAIRS));
}
const MOST_IN_PAIRS = 24;

/**
 * True when every row of the domain keeps an element, for all sizes, params and tensors that the kernel allows. False when
 * one may not, or when that was not found out.
 */
export function isProven(domain: Domain, mattering: ReadonlySet<string>): boolean {
  const assumptions = new Assumptions(domain.kernel, mattering);
  const samples = samplesOf(domain, mattering);
  let left = MOST_ATTEMPTS;
  for (const witnesses of promising(domain, assumptions.algebra, samples)) {
    if (assumptions.proves(domain, witnesses)) return true;
    if (--left === 0) return false;
  }
  return false;
}
