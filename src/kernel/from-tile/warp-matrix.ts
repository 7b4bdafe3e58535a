/** Contractions on matrix units: ldmatrix and mma on operands of 8 or 16 bits, one or two strips of 16 rows per warp. */
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { arrayS, forS, LANE, ldmatrix, mma, store } from '../build.ts';
import type { MmaStorage, Stmt } from '../kernel.ts';
import { warpMatrix } from './arrangement.ts';
import type { Matrix, RowOperand } from './matrix.ts';
import { inMemory, matrixTile, pieceAt, pieceOf } from './tile-layout.ts';

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const mul = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));
const inWarp = op('rem', LANE, i32(32));
/** The row, modulo 8, that a lane names in a matrix load: rows are taken from multiples of 8. */
const phase = op('rem', LANE, i32(8));

export function perWarp(plan: StagePlan, storage: 'f16' | 'bf16'): Matrix {
  const rowsPerWarp = plan.feed?.rowsPerWarp ?? 16;
  /** Bands of 16 rows: what is loaded of a column operand is used by each of them. */
  const strips = Array.from({ length: rowsPerWarp / 16 }, (_, n) => n);
  const pack = storage === 'f16' ? 'pack_f16' : 'pack_bf16';
  /** Two 16 × 8 products with the left and right half of a 16 × 16 piece; a strip of `d` has `length` elements. */
  const products = (
    of: MmaStorage,
    d: string,
    strip: number,
    length: number,
    piece: Expr,
    a: string,
    aAt: Expr,
    b: string,
  ) =>
    [0, 1].map((n) =>
      mma({
        storage: of,
        d,
        dOffset: add(mul(piece, 8), i32(strip * length + 4 * n)),
        a,
        aOffset: aAt,
        b,
        bOffset: i32(2 * n),
      }),
    );
  /** The fragments of two pieces of columns from number 2 · `step` on of the warp's strips: the array that holds them, and where. */
  const leftOf = (rows: RowOperand, step: Expr, fresh: (base: string) => string) => {
    if (rows.kind === 'fragments') {
      const at = (strip: number): Expr => add(mul(step, 4), i32(strip * rows.words));
      return { stmts: [] as Stmt[], array: rows.array, at };
    }
    const array = fresh('rows_fragment');
    const loads = strips.map((strip) => {
      const row = add(add(mul(variable('warp'), rowsPerWarp), i32(16 * strip)), op('rem', LANE, i32(16)));
      const index = pieceAt(rows, row, phase, mul(step, 2 * pieceOf(rows)), op('quot', inWarp, i32(16)));
      return ldmatrix({
        into: array,
        intoOffset: i32(4 * strip),
        shared: rows.array,
        index,
        transpose: false,
      });
    });
    return {
      stmts: [arrayS(array, 'u32', 4 * strips.length), ...loads],
      array,
      at: (strip: number): Expr => i32(4 * strip),
    };
  };
  return {
    arrangement: warpMatrix(rowsPerWarp),
    rows: plan.feed?.rows === 'registers' ? 'fragments' : 'shared',
    storage,
    tile: (array, extent, bytes) => matrixTile(array, extent, plan.feed?.layout ?? 'padded', bytes),
    holdsBytes: true,
    scores: (dot, rows, cols, fresh) => {
      const b = inMemory(cols);
      const [k, n, bf] = [fresh('step'), fresh('piece'), fresh('cols_fragment')];
      const left = leftOf(rows, variable(k), fresh);
      const row = add(
        mul(variable(n), 16),
        add(op('rem', LANE, i32(8)), mul(op('quot', inWarp, i32(16)), 8)),
      );
      const half = op('rem', op('quot', inWarp, i32(8)), i32(2));
      const columns = 2 * pieceOf(b);
      const index = pieceAt(b, row, phase, mul(variable(k), columns), half);
      return [
        forS(k, { to: i32(b.columns / columns), unroll: true }, [
          ...left.stmts,
          forS(n, { to: i32(plan.blockN / 16), unroll: true }, [
            arrayS(bf, 'u32', 4),
            ldmatrix({ into: bf, intoOffset: i32(0), shared: b.array, index, transpose: false }),
            ...strips.flatMap((strip) =>
              products(
                b.bytes ?? storage,
                dot,
                strip,
                plan.blockN / 2,
                variable(n),
                left.array,
                left.at(strip),
                bf,
              ),
            ),
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
      const packed = strips.flatMap((strip) =>
        [0, 2, 4, 6].map((at, word) =>
          store(af, i32(4 * strip + word), pair(strip * (plan.blockN / 2) + at)),
        ),
      );
      const row = add(mul(variable(k), 16), op('rem', LANE, i32(16)));
      const index = pieceAt(b, row, phase, mul(variable(n), 16), op('quot', inWarp, i32(16)));
      return [
        forS(k, { to: i32(plan.blockN / 16), unroll: true }, [
          arrayS(af, 'u32', 4 * strips.length),
          ...packed,
          forS(n, { to: i32(b.columns / 16), unroll: true }, [
            arrayS(bf, 'u32', 4),
            ldmatrix({ into: bf, intoOffset: i32(0), shared: b.array, index, transpose: true }),
            ...strips.flatMap((strip) =>
              products(storage, acc, strip, b.columns / 2, variable(n), af, i32(4 * strip), bf),
            ),
          ]),
        ]),
      ];
    },
  };
}
