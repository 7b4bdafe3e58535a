/**
 * How a stage's contractions are carried out. `lane-rows`: `contract` statements on a lane's own rows, with column
 * operands in workgroup memory. `warp-matrix`: ldmatrix and mma on 16-bit operands in workgroup memory. `warpgroup-matrix`:
 * wgmma, see warpgroups/.
 */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StorageType } from '../../expr/types.ts';
import type { StagePlan } from '../../tile/plan.ts';
import type { Tile } from './tile-layout.ts';
import { assign, contract, forS, letS, store, varS, OPAQUE_ZERO } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import { laneRows, type Arrangement } from './arrangement.ts';
import { perWarp } from './warp-matrix.ts';
import type { StagedOperand } from './warpgroups/feed.ts';
import { perWarpgroup } from './warpgroups/matrix.ts';

/** A column operand that is read where it lies, its transform applied at each read. */
export interface DirectOperand {
  readonly kind: 'direct';
  readonly columns: number;
  /** Element `k` of the vector at column `col` of the tile; what it needs is appended to `out`. */
  value(col: number, k: Expr, out: Stmt[]): Expr;
}
export type ColumnOperand = Tile | DirectOperand | StagedOperand;

/** Row operands of a warp's 16 rows, in each lane's registers as the matrix unit takes them: 4 words per 16 columns. */
export interface RowFragments {
  readonly kind: 'fragments';
  readonly array: string;
  readonly columns: number;
}
export type RowOperand = Tile | RowFragments;

export interface Matrix {
  readonly arrangement: Arrangement;
  /** Where row operands are: rows of each lane's own, workgroup memory, or fragments in registers. */
  readonly rows: 'own' | 'shared' | 'fragments';
  readonly storage: StorageType;
  /** An operand in memory, for a vector extent. */
  tile(array: string, extent: number): Tile;
  /** dot[row, c] += Σ_k rows[row, k] · cols[c, k] */
  scores(dot: string, rows: RowOperand, cols: ColumnOperand, fresh: (base: string) => string): Stmt[];
  /** acc[row, e] += Σ_c weights[row, c] · cols[c, e] */
  aggregate(acc: string, weights: string, cols: ColumnOperand, fresh: (base: string) => string): Stmt[];
  /** Where products of an earlier tile may be unfinished: their sums can be touched after these statements. */
  finishSums?(): Stmt[];
}

export function matrixFor(plan: StagePlan, storage: StorageType): Matrix {
  if (plan.arrangement === 'lane-rows')
    return plan.operands === 'direct' ? perLaneDirect(plan) : perLane(plan);
  const half = storage === 'bf16' ? 'bf16' : 'f16';
  return plan.arrangement === 'warpgroup-matrix' ? perWarpgroup(plan, half) : perWarp(plan, half);
}

function perLane(plan: StagePlan): Matrix {
  const rows = plan.blockM / plan.lanes;
  const zero = i32(0);
  return {
    arrangement: laneRows(plan.lanes, plan.blockM, false),
    rows: 'own',
    storage: 'f32',
    tile: wholeRows,
    scores: (dot, left, cols) => {
      const [a, b] = [inMemory(left), inMemory(cols)];
      return [
        contract({
          rows,
          cols: plan.blockN,
          depth: a.columns,
          acc: { array: dot, offset: zero, rowStride: plan.blockN, colStride: 1 },
          a: { array: a.array, offset: zero, rowStride: a.stride, colStride: 1 },
          b: { array: b.array, offset: zero, rowStride: b.stride, colStride: 1 },
        }),
      ];
    },
    aggregate: (acc, weights, cols) => {
      const b = inMemory(cols);
      return [
        contract({
          rows,
          cols: b.columns,
          depth: plan.blockN,
          acc: { array: acc, offset: zero, rowStride: b.columns, colStride: 1 },
          a: { array: weights, offset: zero, rowStride: plan.blockN, colStride: 1 },
          b: { array: b.array, offset: zero, rowStride: 1, colStride: b.stride },
        }),
      ];
    },
  };
}

const wholeRows = (array: string, extent: number): Tile => ({
  kind: 'tile',
  array,
  stride: extent,
  columns: extent,
  exchanged: 1,
});

function inMemory(o: ColumnOperand | RowOperand): Tile {
  if (o.kind === 'tile') return o;
  throw new CompilerBug('kernel/from-tile', 'an operand was not loaded');
}

/**
 * Every element of the tile is a scalar and every value of the operand, the same for all lanes, is read once for the
 * lane's rows. Loops over vectors begin at a zero that a driver cannot see through: unrolling them costs seconds.
 */
function perLaneDirect(plan: StagePlan): Matrix {
  const slots = Array.from({ length: plan.blockM / plan.lanes }, (_, r) => r);
  const columns = Array.from({ length: plan.blockN }, (_, c) => c);
  const cell = (r: number, c: number): Expr => i32(r * plan.blockN + c);
  const element = (array: string, index: Expr): Expr => read(array, [index]);
  const direct = (o: ColumnOperand): DirectOperand => {
    if (o.kind === 'direct') return o;
    throw new CompilerBug('kernel/from-tile', 'a column operand is not read directly');
  };
  return {
    arrangement: laneRows(plan.lanes, plan.blockM, true),
    rows: 'own',
    storage: 'f32',
    tile: wholeRows,
    scores: (dot, own, cols, fresh) => {
      const rows = inMemory(own);
      const [k, body] = [fresh('k'), [] as Stmt[]];
      const left = slots.map((r) => {
        const name = fresh('left');
        body.push(letS(name, element(rows.array, add(i32(r * rows.stride), variable(k)))));
        return variable(name, 'f32');
      });
      for (const c of columns) {
        const name = fresh('right');
        const right = direct(cols).value(c, variable(k), body);
        body.push(letS(name, right));
        for (const r of slots)
          body.push(
            store(dot, cell(r, c), op('fma', left[r]!, variable(name, 'f32'), element(dot, cell(r, c)))),
          );
      }
      return [forS(k, { from: OPAQUE_ZERO, to: i32(rows.columns) }, body)];
    },
    aggregate: (acc, weights, cols, fresh) => {
      const [e, body] = [fresh('e'), [] as Stmt[]];
      const width = cols.columns;
      const at = (r: number): Expr => add(i32(r * width), variable(e));
      const sums = slots.map((r) => {
        const name = fresh('sum');
        body.push(varS(name, element(acc, at(r))));
        return name;
      });
      for (const c of columns) {
        const name = fresh('right');
        const right = direct(cols).value(c, variable(e), body);
        body.push(letS(name, right));
        for (const r of slots) {
          const total = variable(sums[r]!, 'f32');
          body.push(assign(sums[r]!, op('fma', element(weights, cell(r, c)), variable(name, 'f32'), total)));
        }
      }
      for (const r of slots) body.push(store(acc, at(r), variable(sums[r]!, 'f32')));
      return [forS(e, { from: OPAQUE_ZERO, to: i32(width) }, body)];
    },
  };
}

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
