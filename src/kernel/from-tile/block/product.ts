/** Products of two arrays in workgroup memory: on matrix units by warps, or by lanes that each own a tile of the result. */
import { i32, op, read, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { Product, Side } from '../../../tile/block/items.ts';
import { arrayS, forS, LANE, ldmatrix, mma, store } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import { element } from './elements.ts';
import type { BlockLowering } from './lower.ts';

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const mul = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));
const quot = (a: Expr, n: number): Expr => simplify(op('quot', a, i32(n)));
const rem = (a: Expr, n: number): Expr => simplify(op('rem', a, i32(n)));
const WARP = 32;
/** Accumulators of a lane, on matrix units. */
const MOST = 64;

export function lowerProduct(b: BlockLowering, p: Product): readonly Stmt[] {
  return p.matrix ? byWarps(b, p, p.matrix) : byLanes(b, p);
}

/** Flat index of a side at (row or column, depth). */
const at = (b: BlockLowering, s: Side, major: Expr, depth: Expr): Expr =>
  b.flat(s.array, s.depthFirst ? [depth, major] : [major, depth]);

/** A loop over units of work, one per worker at a time. */
function each(
  b: BlockLowering,
  name: string,
  units: number,
  workers: number,
  own: Expr,
  body: (unit: Expr, out: Stmt[]) => void,
): Stmt[] {
  const out: Stmt[] = [];
  if (units === workers) {
    body(own, out);
    return out;
  }
  const unit = b.scope.index(name);
  body(variable(unit), out);
  return [forS(unit, { from: own, to: i32(units), step: i32(workers) }, out)];
}

function byLanes(b: BlockLowering, p: Product): readonly Stmt[] {
  const { lanes } = b.plan;
  const across = p.columns % 4 === 0 ? 4 : 1;
  const groups = p.columns / across;
  const down = [8, 4, 2, 1].find((n) => p.rows % n === 0 && (p.rows / n) * groups >= lanes) ?? 1;
  const deep = p.depth % 4 === 0 ? 4 : 1;
  return each(b, 'tile', (p.rows / down) * groups, lanes, LANE, (unit, out) => {
    const sums = b.scope.names.fresh('sums');
    const row = b.named(mul(quot(unit, groups), p.left.depthFirst ? down : 1), 'row', out);
    const col = b.named(mul(rem(unit, groups), p.right.depthFirst ? across : 1), 'col', out);
    // Loads take neighbours in memory: those of a lane where the depth comes first; else its elements along the depth, and
    // neighbouring lanes own neighbouring rows.
    const rowOf = (i: Expr): Expr => add(row, mul(i, p.left.depthFirst ? 1 : p.rows / down));
    const colOf = (j: Expr): Expr => add(col, mul(j, p.right.depthFirst ? 1 : groups));
    out.push(arrayS(sums, 'f32', down * across));
    const depth = b.scope.index('depth');
    const [left, right] = ['left', 'right'].map((n) => b.scope.names.fresh(n)) as [string, string];
    const [k, i, j] = ['step', 'own', 'beside'].map((n) => b.scope.index(n)) as [string, string, string];
    const here = add(variable(depth), variable(k));
    const sum = add(mul(variable(i), across), variable(j));
    const body: Stmt[] = [
      arrayS(left, 'f32', down),
      arrayS(right, 'f32', across),
      forS(i, { to: i32(down), unroll: true }, [
        store(left, variable(i), element(b.nameOf(p.left.array), at(b, p.left, rowOf(variable(i)), here))),
      ]),
      forS(j, { to: i32(across), unroll: true }, [
        store(right, variable(j), element(b.nameOf(p.right.array), at(b, p.right, colOf(variable(j)), here))),
      ]),
      forS(i, { to: i32(down), unroll: true }, [
        forS(j, { to: i32(across), unroll: true }, [
          store(
            sums,
            sum,
            op('fma', read(left, [variable(i)]), read(right, [variable(j)]), read(sums, [sum])),
          ),
        ]),
      ]),
    ];
    out.push(
      forS(depth, { to: i32(p.depth), step: i32(deep) }, [forS(k, { to: i32(deep), unroll: true }, body)]),
    );
    for (let i = 0; i < down; i++)
      for (let j = 0; j < across; j++)
        out.push(
          store(
            b.nameOf(p.into),
            b.flat(p.into, [rowOf(i32(i)), colOf(i32(j))]),
            read(sums, [i32(i * across + j)]),
          ),
        );
  });
}

/** A warp owns 16 rows and some columns, in pieces of 16 × 16 that two instructions make. */
function byWarps(b: BlockLowering, p: Product, storage: 'f16' | 'bf16'): readonly Stmt[] {
  const warps = b.plan.lanes / WARP;
  const strips = p.rows / 16;
  const pieces = p.columns / 16;
  const share =
    [1, 2, 4, 8].find((n) => pieces % n === 0 && 8 * (pieces / n) <= MOST && strips * n >= warps) ?? pieces;
  const own = pieces / share;
  const inWarp = rem(LANE, WARP);
  return each(b, 'strip', strips * share, warps, quot(LANE, WARP), (unit, out) => {
    const [sums, left, right] = ['sums', 'left_fragment', 'right_fragment'].map((n) =>
      b.scope.names.fresh(n),
    ) as [string, string, string];
    const first = b.named(mul(quot(unit, share), 16), 'row', out);
    const column = b.named(mul(rem(unit, share), own * 16), 'col', out);
    out.push(arrayS(sums, 'f32', own * 8));
    const depth = b.scope.index('depth');
    const piece = b.scope.index('piece');
    const low = rem(LANE, 16);
    const eight = quot(inWarp, 16);
    const within = add(rem(LANE, 8), mul(eight, 8));
    const half = rem(quot(inWarp, 8), 2);
    // Matrices are named by rows of 8 in memory: of rows and columns where the depth is last, of the depth where it is first.
    const leftAt = p.left.depthFirst
      ? at(b, p.left, add(first, mul(half, 8)), add(variable(depth), within))
      : at(b, p.left, add(first, low), add(variable(depth), mul(eight, 8)));
    const start = add(column, mul(variable(piece), 16));
    const rightAt = p.right.depthFirst
      ? at(b, p.right, add(start, mul(eight, 8)), add(variable(depth), low))
      : at(b, p.right, add(start, within), add(variable(depth), mul(half, 8)));
    out.push(
      forS(depth, { to: i32(p.depth), step: i32(16), unroll: true }, [
        arrayS(left, 'u32', 4),
        ldmatrix({
          into: left,
          intoOffset: i32(0),
          shared: b.nameOf(p.left.array),
          index: leftAt,
          transpose: p.left.depthFirst,
        }),
        forS(piece, { to: i32(own), unroll: true }, [
          arrayS(right, 'u32', 4),
          ldmatrix({
            into: right,
            intoOffset: i32(0),
            shared: b.nameOf(p.right.array),
            index: rightAt,
            transpose: p.right.depthFirst,
          }),
          ...[0, 1].map((n) =>
            mma({
              storage,
              d: sums,
              dOffset: add(mul(variable(piece), 8), i32(4 * n)),
              a: left,
              aOffset: i32(0),
              b: right,
              bOffset: i32(2 * n),
            }),
          ),
        ]),
      ]),
    );
    // Lane 4 g + t holds rows g and g + 8, columns 2 t and 2 t + 1 of each 16 × 8 half.
    const n = b.scope.index('half_piece');
    const body: Stmt[] = [];
    const row = add(first, quot(inWarp, 4));
    const col = add(add(column, mul(variable(n), 8)), mul(rem(LANE, 4), 2));
    for (let r = 0; r < 2; r++)
      for (let c = 0; c < 2; c++)
        body.push(
          store(
            b.nameOf(p.into),
            b.flat(p.into, [add(row, i32(8 * r)), add(col, i32(c))]),
            read(sums, [add(mul(variable(n), 4), i32(2 * r + c))]),
          ),
        );
    out.push(forS(n, { to: i32(2 * own), unroll: true }, body));
  });
}
