/**
 * How a stage's contractions are carried out. `lane-rows`: `contract` statements on a lane's own rows, with column
 * operands in workgroup memory. `warp-matrix`: ldmatrix and mma on 16-bit operands in workgroup memory.
 */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StorageType } from '../../expr/types.ts';
import { MATRIX_PAD, type StagePlan } from '../../tile/plan.ts';
import {
  arrayS,
  assign,
  contract,
  forS,
  LANE,
  ldmatrix,
  letS,
  mma,
  store,
  varS,
  OPAQUE_ZERO,
} from '../build.ts';
import type { Stmt } from '../kernel.ts';
import { laneRows, warpMatrix, type Arrangement } from './arrangement.ts';

export interface Tile {
  readonly kind: 'tile';
  readonly array: string;
  /** Elements from one row of the operand to the next. */
  readonly stride: number;
  /** Columns with zero padding. */
  readonly columns: number;
}

/** A column operand that is read where it lies, its transform applied at each read. */
export interface DirectOperand {
  readonly kind: 'direct';
  readonly columns: number;
  /** Element `k` of the vector at column `col` of the tile; what it needs is appended to `out`. */
  value(col: number, k: Expr, out: Stmt[]): Expr;
}
export type ColumnOperand = Tile | DirectOperand;

export interface Matrix {
  readonly arrangement: Arrangement;
  /** Row operands live in workgroup memory rather than in each lane. */
  readonly sharedRows: boolean;
  readonly storage: StorageType;
  /** Columns of an operand in memory, for a vector extent. */
  columns(extent: number): number;
  stride(extent: number): number;
  /** dot[row, c] += Σ_k rows[row, k] · cols[c, k] */
  scores(dot: string, rows: Tile, cols: ColumnOperand, fresh: (base: string) => string): Stmt[];
  /** acc[row, e] += Σ_c weights[row, c] · cols[c, e] */
  aggregate(acc: string, weights: string, cols: ColumnOperand, fresh: (base: string) => string): Stmt[];
}

export function matrixFor(plan: StagePlan, storage: StorageType): Matrix {
  if (plan.arrangement === 'lane-rows')
    return plan.operands === 'direct' ? perLaneDirect(plan) : perLane(plan);
  return perWarp(plan, storage === 'bf16' ? 'bf16' : 'f16');
}

function perLane(plan: StagePlan): Matrix {
  const rows = plan.blockM / plan.lanes;
  const zero = i32(0);
  return {
    arrangement: laneRows(plan.lanes, plan.blockM, false),
    sharedRows: false,
    storage: 'f32',
    columns: (extent) => extent,
    stride: (extent) => extent,
    scores: (dot, a, cols) => {
      const b = inMemory(cols);
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

function inMemory(o: ColumnOperand): Tile {
  if (o.kind === 'tile') return o;
  throw new CompilerBug('kernel/from-tile', 'a column operand was not loaded');
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
    sharedRows: false,
    storage: 'f32',
    columns: (extent) => extent,
    stride: (extent) => extent,
    scores: (dot, rows, cols, fresh) => {
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
const mul = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));
const inWarp = op('rem', LANE, i32(32));

function perWarp(plan: StagePlan, storage: 'f16' | 'bf16'): Matrix {
  const warpRow = mul(variable('warp'), 16);
  const pack = storage === 'f16' ? 'pack_f16' : 'pack_bf16';
  const columns = (extent: number): number => Math.ceil(extent / 16) * 16;
  /** Two 16 × 8 products with the left and right half of a 16 × 16 piece. */
  const products = (d: string, piece: Expr, a: string, aOffset: Expr, b: string): Stmt[] =>
    [0, 1].map((n) =>
      mma({ storage, d, dOffset: add(mul(piece, 8), i32(4 * n)), a, aOffset, b, bOffset: i32(2 * n) }),
    );
  return {
    arrangement: warpMatrix(),
    sharedRows: true,
    storage,
    columns,
    stride: (extent) => columns(extent) + MATRIX_PAD,
    scores: (dot, a, cols, fresh) => {
      const b = inMemory(cols);
      const [k, n, af, bf] = [fresh('step'), fresh('piece'), fresh('rows_fragment'), fresh('cols_fragment')];
      const step = mul(variable(k), 16);
      const rowIndex = add(
        mul(add(warpRow, op('rem', LANE, i32(16))), a.stride),
        add(step, mul(op('quot', inWarp, i32(16)), 8)),
      );
      const key = add(
        mul(variable(n), 16),
        add(op('rem', LANE, i32(8)), mul(op('quot', inWarp, i32(16)), 8)),
      );
      const colIndex = add(
        mul(key, b.stride),
        add(step, mul(op('rem', op('quot', inWarp, i32(8)), i32(2)), 8)),
      );
      return [
        forS(k, { to: i32(a.columns / 16), unroll: true }, [
          arrayS(af, 'u32', 4),
          ldmatrix({ into: af, intoOffset: i32(0), shared: a.array, index: rowIndex, transpose: false }),
          forS(n, { to: i32(plan.blockN / 16), unroll: true }, [
            arrayS(bf, 'u32', 4),
            ldmatrix({ into: bf, intoOffset: i32(0), shared: b.array, index: colIndex, transpose: false }),
            ...products(dot, variable(n), af, i32(0), bf),
          ]),
        ]),
      ];
    },
    aggregate: (acc, weights, cols, fresh) => {
      const b = inMemory(cols);
      const [k, n, af, bf] = [
        fresh('step'),
        fresh('piece'),
        fresh('weights_fragment'),
        fresh('cols_fragment'),
      ];
      const base = mul(variable(k), 8);
      // An accumulator of the first product is, packed in pairs, the left operand of the second.
      const pair = (at: number): Expr =>
        op(pack, read(weights, [add(base, i32(at))]), read(weights, [add(base, i32(at + 1))]));
      const row = add(mul(variable(k), 16), op('rem', LANE, i32(16)));
      const colIndex = add(
        mul(row, b.stride),
        add(mul(variable(n), 16), mul(op('quot', inWarp, i32(16)), 8)),
      );
      return [
        forS(k, { to: i32(plan.blockN / 16), unroll: true }, [
          arrayS(af, 'u32', 4),
          ...[0, 2, 4, 6].map((at, slot) => store(af, i32(slot), pair(at))),
          forS(n, { to: i32(b.columns / 16), unroll: true }, [
            arrayS(bf, 'u32', 4),
            ldmatrix({ into: bf, intoOffset: i32(0), shared: b.array, index: colIndex, transpose: true }),
            ...products(acc, variable(n), af, i32(0), bf),
          ]),
        ]),
      ];
    },
  };
}
