/**
 * Steps that change nothing are not taken: where every state's next value is its own outside of a test, as the insertion of
 * an element that a mask leaves out, the test is solved for the axis of the steps, for all rows of a workgroup.
 */
import { bool, freeVars, i32, isFalse, isTrue, op, rewrite, type Expr } from '../expr/expr.ts';
import { fits } from '../expr/fits.ts';
import type { Box, Range } from '../expr/interval.ts';
import { simplify } from '../expr/simplify.ts';
import { solveFor } from '../expr/solve.ts';
import { isUnknown, unknownBox, Unknowns } from './domain.ts';
import { blockRange, naturalOf } from './sides.ts';
import type { CarriedState, Recurrence, Stage, StepRange } from './tile.ts';

const TRUE = bool(true);
const FALSE = bool(false);

/** Steps of a chunk. */
const FEW = 64;

/** The stage, with the range of steps that change a state where one can be told before the loop. */
export function boundSteps(s: Stage): Stage {
  const range = s.recurrence && rangeOf(s, s.recurrence);
  return range ? { ...s, recurrence: { ...s.recurrence!, range } } : s;
}

function rangeOf(s: Stage, r: Recurrence): StepRange | undefined {
  // What a step writes is written by each. Few steps are better a number that compilers know.
  const few = r.axis.extent.kind === 'const' && r.axis.extent.value <= FEW;
  if (r.stores.length > 0 || few) return undefined;
  const rows = new Set(s.row.map((a) => a.name));
  const lanes = new Set([...s.vectors, ...r.loops].map((a) => a.name));
  const change = simplify(
    r.states.map((x) => new Changes(r, x).test(x.next)).reduce<Expr>((a, b) => op('or', a, b), FALSE),
  );
  // Elements of a lane's vectors and data may have any value, and two of them need not have the same.
  const unknowns = new Unknowns();
  const open = rewrite(change, (e) => {
    if (e.kind === 'read' || e.kind === 'reduce') return unknowns.of(e.type);
    return e.kind === 'var' && lanes.has(e.name) ? unknowns.of(e.type) : unknowns.test(e);
  });
  if (isTrue(open) || isFalse(open)) return undefined;
  const box: Box = new Map<string, Range>([
    ...s.row.map(blockRange),
    [r.axis.name, { lo: i32(0), hi: simplify(op('sub', r.axis.extent, i32(1))) }],
    ...unknownBox([open]),
  ]);
  const [range, ...more] = solveFor(open, r.axis.name, box, rows).ranges;
  if (!range || more.length > 0 || !(range.lo ?? range.hi ?? range.when)) return undefined;
  const safe = simplify(fits(open, box, naturalOf([...s.batch, ...s.row, r.axis])));
  const said = [range.lo, range.hi, range.when, safe].filter((e): e is Expr => e !== undefined);
  // Before the loop neither a row's own position nor that of a step is known.
  const moves = (v: string): boolean => isUnknown(v) || rows.has(v) || v === r.axis.name;
  if (isFalse(safe) || said.some((e) => [...freeVars(e)].some(moves))) return undefined;
  return { ...range, fits: safe };
}

/** When a step changes a state, as far as choices and sums of truth values say. */
class Changes {
  constructor(
    private readonly r: Recurrence,
    private readonly state: CarriedState,
  ) {}

  test(name: string): Expr {
    const def = this.r.defs.find((d) => d.name === name);
    return def && def.value.kind !== 'reduce' ? this.of(this.opened(def.value)) : TRUE;
  }

  private of(e: Expr): Expr {
    if (this.isOwn(e)) return FALSE;
    if (e.kind !== 'op') return TRUE;
    if (e.op === 'select') {
      const [test, a, b] = e.args as [Expr, Expr, Expr];
      const [then, otherwise] = [this.of(a), this.of(b)];
      return simplify(op('or', op('and', test, then), op('and', op('not', test), otherwise)));
    }
    if (e.op !== 'add') return TRUE;
    const [a, b] = e.args as [Expr, Expr];
    const added = this.isOwn(a) ? b : this.isOwn(b) ? a : undefined;
    return added?.kind === 'op' && added.op === 'cast' && added.args[0]!.type === 'bool'
      ? added.args[0]!
      : TRUE;
  }

  /** The state's own value before the step. */
  private isOwn(e: Expr): boolean {
    return (
      e.kind === 'read' &&
      e.name === this.state.name &&
      e.index.every((x, n) => x.kind === 'var' && x.name === this.state.indices[n])
    );
  }

  /** Truth values of the step in the place of their names, at the same elements. */
  private opened(e: Expr): Expr {
    return rewrite(e, (x) => {
      if (x.kind !== 'read' || x.type !== 'bool') return x;
      const def = this.r.defs.find((d) => d.name === x.name);
      const same = def?.indices.every((a, n) => {
        const at = x.index[n]!;
        return at.kind === 'var' && at.name === a;
      });
      return def && same && def.value.kind !== 'reduce' ? this.opened(def.value) : x;
    });
  }
}
