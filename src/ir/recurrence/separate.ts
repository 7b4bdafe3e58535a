/** Products taken apart by the axes that their factors move with: what is summed over and what is carried along. */
import { op, type Expr } from '../../expr/expr.ts';
import type { IrKernel, IrState } from '../ir.ts';
import { Definitions } from './definitions.ts';
import { factors, product } from './factors.ts';
import type { Feedback } from './linear.ts';
import { sumReads } from './reads.ts';

/** inner · outer, of which `outer` does not move with the inner axes nor `inner` with the outer ones. */
export interface Separated {
  readonly inner: Expr;
  readonly outer: Expr;
}

/** More products than this are not made of one. */
const LIMIT = 8;

const movesWith = (d: Definitions, e: Expr, axes: readonly string[]): boolean => {
  const moves = d.moves(e);
  return axes.some((a) => moves.has(a));
};

/** The two parts of a sum, where an expression is one once definitions are read through. */
function summands(d: Definitions, e: Expr): readonly [Expr, Expr] | undefined {
  const seen = d.resolved(e);
  const value = seen.kind === 'read' && !d.get(seen.name)?.stored ? (d.inlined(seen) ?? seen) : seen;
  if (value.kind !== 'op' || value.type === 'bool') return undefined;
  if (value.op === 'add') return [value.args[0]!, value.args[1]!];
  return value.op === 'sub' ? [value.args[0]!, op('neg', value.args[1]!)] : undefined;
}

/**
 * A summand as a sum of separated products; sums are multiplied out where they mix both kinds of axes. What moves with
 * neither goes to the inner part.
 * @returns undefined when some factor moves with both
 */
export function separated(
  d: Definitions,
  e: Expr,
  inner: readonly string[],
  outer: readonly string[],
): readonly Separated[] | undefined {
  const mixes = (x: Expr): boolean => movesWith(d, x, inner) && movesWith(d, x, outer);
  const go = (all: readonly Expr[]): readonly (readonly Expr[])[] | undefined => {
    const at = all.findIndex(mixes);
    if (at < 0) return [all];
    const parts = summands(d, all[at]!);
    if (!parts) return undefined;
    const out: (readonly Expr[])[] = [];
    for (const p of parts) {
      const more = go([...all.slice(0, at), ...factors(d, p), ...all.slice(at + 1)]);
      if (!more || out.length + more.length > LIMIT) return undefined;
      out.push(...more);
    }
    return out;
  };
  return go(factors(d, e))?.map((all) => {
    const isOuter = (x: Expr): boolean => movesWith(d, x, outer);
    return {
      inner: product(
        all.filter((x) => !isOuter(x)),
        e.type,
      ),
      outer: product(all.filter(isOuter), e.type),
    };
  });
}

/** The parts of a step that is linear in its state. */
export interface StepParts {
  readonly decay: Expr;
  readonly rest: readonly Expr[];
  readonly feedback: readonly Feedback[];
}

/** Coefficients of a state's reads with the state's axes as variables' names, as far as they stand for one. */
function readFactors(k: IrKernel, d: Definitions, s: IrState): readonly (readonly ReadonlySet<string>[])[] {
  return sumReads(k, s).map((r) =>
    factors(d, r.coefficient).map((f) => {
      const own = [...d.moves(f)].flatMap((v) => r.as.get(v) ?? []);
      return new Set(own);
    }),
  );
}

/**
 * The state's axes that only values move with: neither decay nor feedback does, and in what is written and in what reads
 * multiply no factor moves with the axis and with a contracted one. Along them a chunk of steps is one product of matrices.
 * @param contracted the state's axes that sums read over
 */
export function valueAxes(
  k: IrKernel,
  s: IrState,
  step: StepParts,
  contracted: readonly string[],
): readonly string[] {
  const d = new Definitions(k);
  const fixed = new Set<string>(d.moves(step.decay));
  for (const f of step.feedback) for (const e of [f.factor, f.row]) for (const v of d.moves(e)) fixed.add(v);
  const reads = readFactors(k, d, s);
  const mixes = (f: ReadonlySet<string>, a: string): boolean => f.has(a) && contracted.some((c) => f.has(c));
  return s.indices.filter(
    (a) =>
      a !== s.axis &&
      !contracted.includes(a) &&
      !fixed.has(a) &&
      step.rest.every((e) => separated(d, e, contracted, [a])) &&
      reads.every((r) => !r.some((f) => mixes(f, a))),
  );
}

/** The state's axes that all that is summed over moves with: each of their positions is a recurrence of its own. */
export function ownAxes(
  k: IrKernel,
  s: IrState,
  step: StepParts,
  contracted: readonly string[],
): readonly string[] {
  const d = new Definitions(k);
  const reads = readFactors(k, d, s);
  const all = (sets: readonly ReadonlySet<string>[], a: string): boolean => {
    const summed = sets.filter((f) => contracted.some((c) => f.has(c)));
    return (summed.length > 0 ? summed : sets).some((f) => f.has(a));
  };
  const written = step.rest.map((e) => factors(d, e).map((f) => d.moves(f)));
  return s.indices.filter(
    (a) => a !== s.axis && !contracted.includes(a) && [...written, ...reads].every((sets) => all(sets, a)),
  );
}
