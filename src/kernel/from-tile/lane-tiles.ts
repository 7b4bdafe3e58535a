/**
 * Groups of neighbouring lanes share rows: each lane owns a small tile of scores, some rows times some columns, and of every
 * vector of its rows some pieces of four elements.
 */
import { constant, i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { ScalarType } from '../../expr/types.ts';
import { identity } from '../../tile/finals.ts';
import { rowSlots, VECTOR } from '../../tile/lane-tiles-plan.ts';
import type { StagePlan } from '../../tile/plan.ts';
import type { FoldOp } from '../../tile/tile.ts';
import { assign, BARRIER, forS, ifS, LANE, letS, store, SUBGROUP } from '../build.ts';
import type { SharedArray, Stmt } from '../kernel.ts';
import { better, exchange, joinScalars, type Arrangement } from './arrangement.ts';

const GROUP = variable('group');
export const MEMBER = variable('member');

const range = (n: number): number[] => Array.from({ length: n }, (_, x) => x);
const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));

export interface LaneTiles extends Arrangement {
  /** Lanes that share a row. */
  readonly members: number;
}

/**
 * Lane l is member l % members of group l / members. Group g owns rows g, g + groups, …; its member m owns columns m,
 * m + members, … of a tile of scores, so that neighbours read neighbouring rows of an operand, and pieces m, m + members, … of a
 * vector. Every element has statements of its own, so that it is a scalar.
 */
export function laneTiles(plan: StagePlan): LaneTiles {
  const { lanes } = plan;
  const members = plan.rowLanes ?? 1;
  const groups = lanes / members;
  const slots = rowSlots(plan);
  const exchanges = new Exchanges(plan, members, slots);
  return {
    members,
    rowSlots: slots,
    prelude: [letS('group', op('quot', LANE, i32(members))), letS('member', op('rem', LANE, i32(members)))],
    rowOf: (slot) => add(GROUP, i32(slot * groups)),
    fragmentLength: (cols) => (slots * cols) / members,
    forTile: (cols, _loop, body) =>
      range(cols / members).flatMap((c) =>
        body({ col: add(MEMBER, i32(c * members)), at: (slot) => i32((slot * cols) / members + c) }),
      ),
    forCells: (cols, _loop, body) =>
      range(cols / members).flatMap((e) => {
        const [piece, n] = [Math.floor(e / VECTOR), e % VECTOR];
        const first = simplify(op('mul', MEMBER, i32(VECTOR)));
        return body({
          col: add(first, i32(VECTOR * members * piece + n)),
          at: (slot) => i32((slot * cols) / members + e),
        });
      }),
    leader: op('eq', MEMBER, i32(0)),
    inWarps: false,
    columnPiece: VECTOR * members,
    combine: (fold, rows, type) => exchanges.combine(fold, rows, type),
    exchanges: exchanges.arrays,
  };
}

/** How the lanes of a group combine values: through workgroup memory, or directly where subgroups hold whole groups. */
class Exchanges {
  readonly arrays: SharedArray[] = [];

  constructor(
    private readonly plan: StagePlan,
    private readonly members: number,
    private readonly slots: number,
  ) {}

  combine(fold: FoldOp, rows: readonly (readonly string[])[], type: ScalarType): Stmt[] {
    const memory = this.throughMemory(fold, rows, type);
    if (this.plan.exchange !== 'subgroups') return memory;
    const distances = range(Math.log2(this.members)).map((n) => 2 ** n);
    const direct = rows.flatMap((names) => distances.flatMap((xor) => exchange(fold, names, type, xor)));
    return [ifS(op('ge', SUBGROUP, i32(this.members)), direct, memory)];
  }

  /** Every lane shows its values, and reads those of its group in the same order as the others: all get the same result. */
  private throughMemory(fold: FoldOp, rows: readonly (readonly string[])[], type: ScalarType): Stmt[] {
    const values = this.array(type === 'bool' ? 'u32' : type, 'exchange');
    const indices = rows[0]!.length > 1 ? this.array('i32', 'exchange_index') : undefined;
    const place = (row: number, lane: Expr): Expr => add(lane, i32(row * this.plan.lanes));
    const shown = (name: string): Expr =>
      type === 'bool' ? op('select', variable(name, type), one, none) : variable(name, type);
    const out: Stmt[] = [BARRIER];
    for (const [n, [value, index]] of rows.entries()) {
      out.push(store(values, place(n, LANE), shown(value!)));
      if (index !== undefined) out.push(store(indices!, place(n, LANE), variable(index)));
    }
    out.push(BARRIER);
    for (const [n, [value, index]] of rows.entries()) {
      const from = `${value!}_from`;
      const first = simplify(op('mul', GROUP, i32(this.members)));
      const at = place(n, add(first, variable(from)));
      const theirs = type === 'bool' ? op('ne', read(values, [at], 'u32'), none) : read(values, [at], type);
      const join =
        index === undefined
          ? [assign(value!, joinScalars(fold, variable(value!, type), theirs))]
          : better(fold, value!, index, theirs, read(indices!, [at], 'i32'));
      if (fold === 'sum') out.push(assign(value!, constant(type, identity(fold, type))));
      out.push(forS(from, { to: i32(this.members) }, join));
    }
    return out;
  }

  private array(storage: SharedArray['storage'], base: string): string {
    const name = storage === 'f32' || base !== 'exchange' ? base : `${base}_${storage}`;
    if (!this.arrays.some((a) => a.name === name))
      this.arrays.push({ name, storage, length: this.plan.lanes * this.slots });
    return name;
  }
}

const one: Expr = { kind: 'const', type: 'u32', value: 1 };
const none: Expr = { kind: 'const', type: 'u32', value: 0 };
