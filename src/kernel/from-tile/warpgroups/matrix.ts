/**
 * Contractions as products of warpgroups on operands that lie swizzled in shared memory. Registers are laid out as for products
 * of warps ("Register fragments for wgmma": warp w of the group has rows 16 w … 16 w + 15), so the arrangement is theirs.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import { i32, op, read, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { StagePlan } from '../../../tile/plan.ts';
import { LINE } from '../../../tile/warpgroup-plan.ts';
import { arrayS, ifS, LANE, store, warpgroup } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import type { SwizzledMatrix } from '../../warpgroup.ts';
import { warpMatrix } from '../arrangement.ts';
import type { ColumnOperand, Matrix, RowOperand } from '../matrix.ts';
import type { StagedOperand } from './feed.ts';

/** Steps of a product along its depth. */
const DEPTH = 16;
/** Rows of a product. */
const ROWS = 64;

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const columns = (extent: number): number => Math.ceil(extent / DEPTH) * DEPTH;

function staged(o: ColumnOperand): StagedOperand {
  if (o.kind === 'staged') return o;
  throw new CompilerBug('kernel/from-tile', 'a column operand was not copied');
}

export type Half = 'f16' | 'bf16';

/** The parts that products of a tile consist of, for those who put them in another order. */
export interface WarpgroupMatrix extends Matrix {
  readonly firstLaneOfWarp: Expr;
  /** Scores are on their way afterwards; products that follow may use `more` arrays as they are now. */
  startScores(dot: string, rows: RowOperand, cols: ColumnOperand, more?: readonly string[]): Stmt[];
  /** Nothing of this lane's warp reads the operand any more. */
  release(cols: ColumnOperand): Stmt[];
  /** Weights as a left operand. */
  pack(fragment: string, weights: string): Stmt[];
  sumProducts(acc: string, fragment: string, cols: StagedOperand): Stmt[];
}

export function perWarpgroup(plan: StagePlan, storage: Half): WarpgroupMatrix {
  const pack = storage === 'f16' ? 'pack_f16' : 'pack_bf16';
  const firstLaneOfWarp = op('eq', op('rem', LANE, i32(32)), i32(0));
  const release = (cols: ColumnOperand): Stmt[] => [ifS(firstLaneOfWarp, [staged(cols).release])];
  const finish = (d: string): Stmt => warpgroup({ op: 'finish', pending: 0, arrays: [d] });
  /** Starts products that use these arrays. */
  const start = (arrays: readonly string[], b: StagedOperand, products: readonly Stmt[]): Stmt[] => [
    b.wait,
    warpgroup({ op: 'fence', arrays }),
    ...products,
    warpgroup({ op: 'commit' }),
  ];
  const scoreProducts = (dot: string, rows: RowOperand, b: StagedOperand): Stmt[] => {
    const group = op('mul', op('quot', LANE, i32(128)), i32(ROWS * LINE));
    // Lines hold 64 steps of the depth; further ones are in the next box.
    const part = (array: string, first: Expr, lines: number, step: number): SwizzledMatrix => {
      const box = Math.floor((step * DEPTH) / LINE);
      const inside = (step * DEPTH) % LINE;
      const offset = add(first, i32(box * lines * LINE + inside));
      return { array, offset, transposed: false, boxBytes: 0 };
    };
    return Array.from({ length: columns(b.columns) / DEPTH }, (_, step) =>
      warpgroup({
        op: 'product',
        storage,
        n: plan.blockN,
        d: dot,
        a: part(rows.array, group, plan.blockM, step),
        b: part(b.array, b.offset, plan.blockN, step),
        accumulate: step > 0,
      }),
    );
  };
  const sumProducts = (acc: string, fragment: string, b: StagedOperand): Stmt[] =>
    Array.from({ length: plan.blockN / DEPTH }, (_, step) =>
      warpgroup({
        op: 'product',
        storage,
        n: columns(b.columns),
        d: acc,
        a: { fragment, offset: i32(4 * step) },
        b: {
          array: b.array,
          offset: add(b.offset, i32(step * DEPTH * LINE)),
          transposed: true,
          boxBytes: b.boxBytes,
        },
        accumulate: true,
      }),
    );
  const packed = (fragment: string, weights: string): Stmt[] => {
    // Sums of the first product are, packed in pairs, the left operand of the second.
    const element = (n: number): Expr => read(weights, [i32(n)]);
    return Array.from({ length: plan.blockN / 4 }, (_, n) =>
      store(fragment, i32(n), op(pack, element(2 * n), element(2 * n + 1))),
    );
  };
  const startScores: WarpgroupMatrix['startScores'] = (dot, rows, cols, more = []) =>
    start([dot, ...more], staged(cols), scoreProducts(dot, rows, staged(cols)));
  return {
    arrangement: warpMatrix(16),
    rows: 'shared',
    storage,
    tile: (array, extent) => ({
      kind: 'tile',
      array,
      stride: LINE,
      columns: columns(extent),
      exchanged: LINE / 8,
    }),
    firstLaneOfWarp,
    startScores,
    release,
    pack: packed,
    sumProducts,
    scores: (dot, rows, cols) => [...startScores(dot, rows, cols), finish(dot), ...release(cols)],
    aggregate: (acc, weights, cols, fresh) => {
      const fragment = fresh('weights_fragment');
      return [
        arrayS(fragment, 'u32', plan.blockN / 4),
        ...packed(fragment, weights),
        ...start([acc, fragment], staged(cols), sumProducts(acc, fragment, staged(cols))),
        finish(acc),
        ...release(cols),
      ];
    },
  };
}

export const warpgroupNumber = (): Expr => op('quot', variable('lane'), i32(128));
