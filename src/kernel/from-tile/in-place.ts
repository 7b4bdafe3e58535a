/**
 * Contractions of lanes that own rows, with column operands read where they lie. Every element of the tile is a scalar, and every
 * value of the operand is the same for all lanes and serves all rows of a lane.
 *
 * `direct`: all lanes read the value. `exchanged`: of as many neighbouring values as there are lanes each lane reads one, and they
 * are passed on one after the other; on a CPU a read takes as long whether its lanes want one element or neighbours.
 */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { ScalarType } from '../../expr/types.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { assign, broadcast, forS, LANE, letS, OPAQUE_ZERO, store, varS } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import { PRODUCTS } from '../products.ts';
import { laneRows } from './arrangement.ts';
import type { ColumnOperand, DirectOperand, Matrix } from './matrix.ts';
import { inMemory, wholeRows } from './tile-layout.ts';

type Fresh = (base: string) => string;

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const element = (array: string, index: Expr, type: ScalarType = 'f32'): Expr => read(array, [index], type);

/**
 * Elements of scores that follow each other without a turn of the loop between them, of those that lanes exchange: on a
 * device of 8 lanes two take a fifth less time than one (a sum is kept apart for lanes that left the loop, once per turn); on one of
 * 4 lanes more than one gains nothing.
 */
const inARow = (lanes: number): number => Math.max(1, Math.floor(lanes / 4));

export function inPlace(plan: StagePlan): Matrix {
  const slots = Array.from({ length: plan.blockM / plan.lanes }, (_, r) => r);
  const cell = (r: number, c: number): Expr => i32(r * plan.blockN + c);
  const walk = new Walk(plan);
  return {
    arrangement: laneRows(plan.lanes, plan.blockM, true),
    rows: 'own',
    storage: 'f32',
    tile: wholeRows,
    scores: (dot, own, cols, fresh) => {
      const rows = inMemory(own);
      const of = PRODUCTS[direct(cols).of ?? 'f32'];
      return walk.elements(direct(cols), rows.columns, inARow(plan.lanes), 'k', fresh, (k, each) => {
        const body: Stmt[] = [];
        const left = slots.map((r) => {
          const name = fresh('left');
          body.push(letS(name, element(rows.array, add(i32(r * rows.stride), k), of.element)));
          return variable(name, of.element);
        });
        each(body, (c, right) => {
          for (const r of slots)
            body.push(store(dot, cell(r, c), of.add(left[r]!, right(r), element(dot, cell(r, c), of.sum))));
        });
        return body;
      });
    },
    aggregate: (acc, weights, cols, fresh) => {
      const width = cols.columns;
      return walk.elements(direct(cols), width, 1, 'e', fresh, (e, each) => {
        const body: Stmt[] = [];
        const at = (r: number): Expr => add(i32(r * width), e);
        const sums = slots.map((r) => {
          const name = fresh('sum');
          body.push(varS(name, element(acc, at(r))));
          return variable(name, 'f32');
        });
        each(body, (c, right) => {
          for (const r of slots)
            body.push(assign(sums[r]!.name, op('fma', element(weights, cell(r, c)), right(r), sums[r]!)));
        });
        for (const r of slots) body.push(store(acc, at(r), sums[r]!));
        return body;
      });
    },
  };
}

/** Calls `use` with the value that each column of the tile has, for a row of the lane, for one element of its vector. */
type Each = (out: Stmt[], use: (col: number, value: (slot: number) => Expr) => void) => void;

/**
 * Loops over the elements of the vectors of a column operand. They begin at a zero that a driver cannot see through, because
 * unrolling them costs it seconds.
 */
class Walk {
  private readonly columns: readonly number[];

  constructor(private readonly plan: StagePlan) {
    this.columns = Array.from({ length: plan.blockN }, (_, c) => c);
  }

  /** @param together elements that share a turn where they are exchanged */
  elements(
    cols: DirectOperand,
    extent: number,
    together: number,
    base: string,
    fresh: Fresh,
    body: (at: Expr, each: Each) => Stmt[],
  ): Stmt[] {
    const { lanes, operands } = this.plan;
    const whole = operands === 'exchanged' ? extent - (extent % lanes) : 0;
    const out: Stmt[] = whole > 0 ? [this.exchanged(cols, whole, together, base, fresh, body)] : [];
    if (whole === extent) return out;
    const name = fresh(base);
    const at = variable(name);
    const each: Each = (into, use) => {
      for (const c of this.columns) {
        const one = cols.apart ? undefined : this.named(cols.value(c, at, into), fresh, into);
        use(c, (slot) => one ?? this.named(cols.value(c, at, into, slot), fresh, into));
      }
    };
    const from = whole > 0 ? add(OPAQUE_ZERO, i32(whole)) : OPAQUE_ZERO;
    return [...out, forS(name, { from, to: i32(extent) }, body(at, each))];
  }

  private exchanged(
    cols: DirectOperand,
    extent: number,
    together: number,
    base: string,
    fresh: Fresh,
    body: (at: Expr, each: Each) => Stmt[],
  ): Stmt {
    const { lanes } = this.plan;
    const [first, turn] = [fresh(`${base}_first`), fresh(base)];
    const own: Stmt[] = [];
    const held = this.columns.map((c) =>
      this.named(cols.value(c, add(variable(first), LANE), own), fresh, own),
    );
    const inner: Stmt[] = [];
    for (let n = 0; n < together; n++) {
      const lane = add(variable(turn), i32(n));
      const each: Each = (into, use) => {
        for (const c of this.columns) {
          const name = fresh('right');
          into.push(broadcast(name, held[c]!, lane));
          use(c, () => variable(name, held[c]!.type));
        }
      };
      inner.push(...body(add(variable(first), lane), each));
    }
    const turns = forS(turn, { from: OPAQUE_ZERO, to: i32(lanes), step: i32(together) }, inner);
    return forS(first, { from: OPAQUE_ZERO, to: i32(extent), step: i32(lanes) }, [...own, turns]);
  }

  private named(value: Expr, fresh: Fresh, out: Stmt[]): Expr {
    const name = fresh('right');
    out.push(letS(name, value));
    return variable(name, value.type);
  }
}

function direct(o: ColumnOperand): DirectOperand {
  if (o.kind === 'direct') return o;
  throw new CompilerBug('kernel/from-tile', 'a column operand is not read directly');
}
