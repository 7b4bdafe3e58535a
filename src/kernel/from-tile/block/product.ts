/** Products of two arrays in workgroup memory: on matrix units by warps, or by lanes that each own a tile of the result. */
import { i32, op, read, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { Product, ProductPart, Side } from '../../../tile/block/items.ts';
import { arrayS, forS, ifS, LANE, ldmatrix, mma, store } from '../../build.ts';
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

/** Flat index of a side at (row or column, depth), of the member at hand. */
const at = (b: BlockLowering, s: Side, member: Member, major: Expr, depth: Expr): Expr =>
  b.flat(s.array, [...member.at, ...(s.depthFirst ? [depth, major] : [major, depth])]);

/** Which of several products a worker is at: none where there is one. */
interface Member {
  readonly at: readonly Expr[];
  readonly vars: readonly (readonly [string, Expr])[];
  /** The number of its unit among those of the member. */
  readonly unit: Expr;
}

function memberOf(b: BlockLowering, p: Product, units: number, unit: Expr, out: Stmt[]): Member {
  if (!p.members) return { at: [], vars: [], unit };
  const member = b.named(quot(unit, units), p.members.axis, out);
  return { at: [member], vars: [[p.members.axis, member]], unit: b.named(rem(unit, units), 'unit', out) };
}

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
  if (units <= workers) {
    body(own, out);
    return units === workers ? out : [ifS(op('lt', own, i32(units)), out)];
  }
  const unit = b.scope.index(name);
  body(variable(unit), out);
  return [forS(unit, { from: own, to: i32(units), step: i32(workers) }, out)];
}

/** Where the sums of a lane lie: row, column and index in its array. */
interface Owned {
  readonly vars: Member['vars'];
  readonly row: Expr;
  readonly column: Expr;
  readonly at: Expr;
}

/** An expression over rows and columns, at a sum that the lane owns. */
function atSum(b: BlockLowering, p: Product, sums: string, e: Expr, own: Owned, out: Stmt[]): Expr {
  const place = b.place(out, new Map([...own.vars, [p.rowAxis, own.row], [p.columnAxis, own.column]]));
  place.cache.set(p.name, read(sums, [own.at]));
  return b.scope.value(e, place);
}

/** All sums are scaled. */
function scale(b: BlockLowering, p: Product, sums: string, factor: Expr, owned: readonly Owned[]): Stmt[] {
  const out: Stmt[] = [];
  for (const own of owned) {
    const x = atSum(b, p, sums, factor, own, out);
    out.push(store(sums, own.at, op('mul', read(sums, [own.at]), x)));
  }
  return out;
}

/** What is made of the sums is written: all of it is computed before any of it, so that loads are shared. */
function put(b: BlockLowering, p: Product, sums: string, owned: readonly Owned[]): Stmt[] {
  const out: Stmt[] = [];
  const { finish } = p;
  if (finish) for (const own of owned) out.push(store(sums, own.at, atSum(b, p, sums, finish, own, out)));
  for (const { vars, row, column, at } of owned) {
    const index = new Map([...vars, [p.rowAxis, row], [p.columnAxis, column]]);
    const flat = b.flat(
      p.into,
      p.into.axes.map((a) => index.get(a)!),
    );
    out.push(store(b.nameOf(p.into), flat, read(sums, [at])));
  }
  return out;
}

function byLanes(b: BlockLowering, p: Product): readonly Stmt[] {
  const { lanes } = b.plan;
  const across = p.columns % 4 === 0 ? 4 : 1;
  const groups = p.columns / across;
  const down = [8, 4, 2, 1].find((n) => p.rows % n === 0 && (p.rows / n) * groups >= lanes) ?? 1;
  // Loads take neighbours in memory: those of a lane where the depth comes first; else its elements along the depth, and
  // neighbouring lanes own neighbouring rows.
  const [rowsFirst, columnsFirst] = [p.parts[0]!.left.depthFirst, p.parts[0]!.right.depthFirst];
  const tiles = (p.rows / down) * groups;
  return each(b, 'tile', (p.members?.count ?? 1) * tiles, lanes, LANE, (all, out) => {
    const sums = b.scope.names.fresh('sums');
    const member = memberOf(b, p, tiles, all, out);
    const { unit, vars } = member;
    const row = b.named(mul(quot(unit, groups), rowsFirst ? down : 1), 'row', out);
    const col = b.named(mul(rem(unit, groups), columnsFirst ? across : 1), 'col', out);
    const rowOf = (i: Expr): Expr => add(row, mul(i, rowsFirst ? 1 : p.rows / down));
    const colOf = (j: Expr): Expr => add(col, mul(j, columnsFirst ? 1 : groups));
    const owned = Array.from({ length: down * across }, (_, n): Owned => ({
      vars,
      row: rowOf(i32(Math.floor(n / across))),
      column: colOf(i32(n % across)),
      at: i32(n),
    }));
    out.push(arrayS(sums, 'f32', down * across));
    for (const part of p.parts) {
      if (part.scaled) out.push(...scale(b, p, sums, part.scaled, owned));
      out.push(addByLane(b, part, sums, { member, down, across, rowOf, colOf }));
    }
    out.push(...put(b, p, sums, owned));
  });
}

interface LaneTile {
  readonly member: Member;
  readonly down: number;
  readonly across: number;
  readonly rowOf: (i: Expr) => Expr;
  readonly colOf: (j: Expr) => Expr;
}

function addByLane(b: BlockLowering, p: ProductPart, sums: string, t: LaneTile): Stmt {
  const { member, down, across, rowOf, colOf } = t;
  const deep = p.depth % 4 === 0 ? 4 : 1;
  const depth = b.scope.index('depth');
  const [left, right] = ['left', 'right'].map((n) => b.scope.names.fresh(n)) as [string, string];
  const [k, i, j] = ['step', 'own', 'beside'].map((n) => b.scope.index(n)) as [string, string, string];
  const here = add(variable(depth), variable(k));
  const sum = add(mul(variable(i), across), variable(j));
  const body: Stmt[] = [
    arrayS(left, 'f32', down),
    arrayS(right, 'f32', across),
    forS(i, { to: i32(down), unroll: true }, [
      store(
        left,
        variable(i),
        element(b.nameOf(p.left.array), at(b, p.left, member, rowOf(variable(i)), here)),
      ),
    ]),
    forS(j, { to: i32(across), unroll: true }, [
      store(
        right,
        variable(j),
        element(b.nameOf(p.right.array), at(b, p.right, member, colOf(variable(j)), here)),
      ),
    ]),
    forS(i, { to: i32(down), unroll: true }, [
      forS(j, { to: i32(across), unroll: true }, [
        store(sums, sum, op('fma', read(left, [variable(i)]), read(right, [variable(j)]), read(sums, [sum]))),
      ]),
    ]),
  ];
  return forS(depth, { to: i32(p.depth), step: i32(deep) }, [forS(k, { to: i32(deep), unroll: true }, body)]);
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
  const units = strips * share;
  return each(b, 'strip', (p.members?.count ?? 1) * units, warps, quot(LANE, WARP), (all, out) => {
    const sums = b.scope.names.fresh('sums');
    const member = memberOf(b, p, units, all, out);
    const { unit, vars } = member;
    const first = b.named(mul(quot(unit, share), 16), 'row', out);
    const column = b.named(mul(rem(unit, share), own * 16), 'col', out);
    // Lane 4 g + t holds rows g and g + 8, columns 2 t and 2 t + 1 of each 16 × 8 half.
    const row = b.named(add(first, quot(inWarp, 4)), 'row', out);
    const col = b.named(add(column, mul(rem(LANE, 4), 2)), 'col', out);
    const owned = Array.from({ length: 8 * own }, (_, n): Owned => ({
      vars,
      row: add(row, i32(8 * (Math.floor(n / 2) % 2))),
      column: add(col, i32(8 * Math.floor(n / 4) + (n % 2))),
      at: i32(n),
    }));
    out.push(arrayS(sums, 'f32', own * 8));
    for (const part of p.parts) {
      if (part.scaled) out.push(...scale(b, p, sums, part.scaled, owned));
      out.push(addByWarp(b, part, sums, { storage, member, first, column, own }));
    }
    out.push(...put(b, p, sums, owned));
  });
}

interface WarpTile {
  readonly storage: 'f16' | 'bf16';
  readonly member: Member;
  readonly first: Expr;
  readonly column: Expr;
  readonly own: number;
}

function addByWarp(b: BlockLowering, p: ProductPart, sums: string, t: WarpTile): Stmt {
  const { storage, member, first, column, own } = t;
  const [left, right] = ['left_fragment', 'right_fragment'].map((n) => b.scope.names.fresh(n)) as [
    string,
    string,
  ];
  const depth = b.scope.index('depth');
  const piece = b.scope.index('piece');
  const inWarp = rem(LANE, WARP);
  const low = rem(LANE, 16);
  const eight = quot(inWarp, 16);
  const within = add(rem(LANE, 8), mul(eight, 8));
  const half = rem(quot(inWarp, 8), 2);
  // Matrices are named by rows of 8 in memory: of rows and columns where the depth is last, of the depth where it is first.
  const leftAt = p.left.depthFirst
    ? at(b, p.left, member, add(first, mul(half, 8)), add(variable(depth), within))
    : at(b, p.left, member, add(first, low), add(variable(depth), mul(eight, 8)));
  const start = add(column, mul(variable(piece), 16));
  const rightAt = p.right.depthFirst
    ? at(b, p.right, member, add(start, mul(eight, 8)), add(variable(depth), low))
    : at(b, p.right, member, add(start, within), add(variable(depth), mul(half, 8)));
  const load = (into: string, side: Side, index: Expr): Stmt =>
    ldmatrix({
      into,
      intoOffset: i32(0),
      shared: b.nameOf(side.array),
      index,
      transpose: side.depthFirst,
    });
  return forS(depth, { to: i32(p.depth), step: i32(16), unroll: true }, [
    arrayS(left, 'u32', 4),
    load(left, p.left, leftAt),
    forS(piece, { to: i32(own), unroll: true }, [
      arrayS(right, 'u32', 4),
      load(right, p.right, rightAt),
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
  ]);
}
