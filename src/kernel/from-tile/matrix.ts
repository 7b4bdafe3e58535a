/**
 * How a stage's contractions are carried out. `lane-rows`: `contract` statements on a lane's own rows, with column
 * operands in workgroup memory. `subgroup-matrix`: whole matrices, in workgroup memory before and after. `warp-matrix`: ldmatrix and mma on 16-bit operands in workgroup memory. `warpgroup-matrix`:
 * wgmma, see warpgroups/.
 */
import { i32, type Expr } from '../../expr/expr.ts';
import type { StorageType } from '../../expr/types.ts';
import { readsInPlace } from '../../tile/contents.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { inMemory, wholeRows, type Tile } from './tile-layout.ts';
import { contract } from '../build.ts';
import type { SharedArray, Stmt } from '../kernel.ts';
import type { ProductOf } from '../products.ts';
import { laneRows, type Arrangement } from './arrangement.ts';
import { inPlace } from './in-place.ts';
import { subgroupProducts } from './subgroup-products.ts';
import { tileProducts } from './tile-products.ts';
import { perWarp } from './warp-matrix.ts';
import type { StagedOperand } from './warpgroups/feed.ts';
import { perWarpgroup } from './warpgroups/matrix.ts';

/** A column operand that is read where it lies, its transform applied at each read. */
export interface DirectOperand {
  readonly kind: 'direct';
  readonly columns: number;
  /** What its elements are, where they are no floats. */
  readonly of?: ProductOf;
  /** Every row has vectors of its own. */
  readonly apart?: true;
  /** Element `k` of the vector at column `col` of the tile, for a lane's row `slot`; what it needs is appended to `out`. */
  value(col: number, k: Expr, out: Stmt[], slot?: number): Expr;
}
export type ColumnOperand = Tile | DirectOperand | StagedOperand;

/** Row operands of a warp, in each lane's registers as the matrix unit takes them: 4 words per 16 rows and 32 bytes of columns. */
export interface RowFragments {
  readonly kind: 'fragments';
  readonly array: string;
  /** Of 16 rows. */
  readonly words: number;
}
export type RowOperand = Tile | RowFragments;

export interface Matrix {
  readonly arrangement: Arrangement;
  /** Where row operands are: rows of each lane's own, workgroup memory, or fragments in registers. */
  readonly rows: 'own' | 'shared' | 'fragments';
  readonly storage: StorageType;
  /** An operand in memory, for a vector extent. */
  tile(array: string, extent: number, bytes?: 'i8' | 'u8'): Tile;
  /** Operands of bytes are held as such. */
  readonly holdsBytes?: boolean;
  /** An operand of integers or words in memory, so many for each row; absent: one after the other. */
  integerTile?(length: number): Tile;
  /** dot[row, c] += Σ_k rows[row, k] · cols[c, k] */
  scores(dot: string, rows: RowOperand, cols: ColumnOperand, fresh: (base: string) => string): Stmt[];
  /** acc[row, e] += Σ_c weights[row, c] · cols[c, e] */
  aggregate(acc: string, weights: string, cols: ColumnOperand, fresh: (base: string) => string): Stmt[];
  /** Operands are loaded in pieces of four elements, and those of different products take turns in the same arrays. */
  readonly inPieces?: boolean;
  /** Such pieces are stored one element at a time: their arrays hold no vectors. */
  readonly elementwise?: boolean;
  /** Further arrays in workgroup memory; complete when all is lowered. */
  readonly shared?: readonly SharedArray[];
  /** Called before the statements on the scores of a tile. */
  beginTile?(): void;
  /** Where products of an earlier tile may be unfinished: their sums can be touched after these statements. */
  finishSums?(): Stmt[];
}

export function matrixFor(plan: StagePlan, storage: StorageType): Matrix {
  if (plan.arrangement === 'lane-rows') return readsInPlace(plan) ? inPlace(plan) : perLane(plan);
  if (plan.arrangement === 'lane-tiles') return tileProducts(plan);
  if (plan.products) return subgroupProducts(plan, plan.products);
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
          ...(b.of ? { of: b.of } : {}),
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
