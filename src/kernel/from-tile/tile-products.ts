/**
 * Contractions on tiles of lanes: operands lie in workgroup memory in pieces of four elements, and what a lane loads of a row
 * serves all of its columns, and the other way round.
 *
 * Rows of an operand begin an odd number of pieces apart. Eight lanes that load pieces at one place of eight neighbouring rows,
 * or neighbouring pieces of a row, then meet all 32 banks once.
 */
import { f32, i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { integerStride, tileColumns, tileStride, VECTOR } from '../../tile/lane-tiles-plan.ts';
import { BARRIER, forS, letS, loads, store, stores } from '../build.ts';
import type { SharedArray, Stmt } from '../kernel.ts';
import { PRODUCTS, type ProductOf } from '../products.ts';
import { laneTiles, MEMBER } from './lane-tiles.ts';
import type { Matrix } from './matrix.ts';
import { inMemory, wholeRows, type Tile } from './tile-layout.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, x) => x);
const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const mul = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));

type Fresh = (base: string) => string;

/** Loads a piece; the names of its elements. */
function loaded(base: string, array: string, piece: Expr, fresh: Fresh, out: Stmt[]): readonly Expr[] {
  const name = fresh(base);
  const names = range(VECTOR).map((n) => `${name}_e${n}`);
  out.push(loads(names, array, piece));
  return names.map((n) => variable(n, 'f32'));
}

/** `array[at] += a · b` */
const multiplyAdd = (array: string, at: number, a: Expr, b: Expr): Stmt =>
  store(array, i32(at), op('fma', a, b, read(array, [i32(at)])));

/**
 * `array[at] +=` the sum of four products in f16. Of u = 2^-11, the rounding of an f16, a product has at most one and the sum three
 * more: the sum of four is off by at most 4 u Σ |a · b|, and so are sums of such sums, which are f32. A weight that is rounded to f16
 * first adds one more.
 */
const addHalves = (array: string, at: number, pairs: readonly (readonly [Expr, Expr])[]): Stmt => {
  const sum = pairs.reduce<Expr>((c, [a, b]) => op('fma_f16', a, b, c), f32(0));
  return store(array, i32(at), op('add', read(array, [i32(at)]), sum));
};

export function tileProducts(plan: StagePlan): Matrix {
  const arrangement = laneTiles(plan);
  const { members, rowSlots } = arrangement;
  const slots = range(rowSlots);
  const perLane = plan.blockN / members;
  const half = plan.halves === 'multiplied';
  const shared: SharedArray[] = [];
  let weightArray: string | undefined;
  /** The weights that are in workgroup memory. */
  let shown: string | undefined;

  /** Weights of the block's rows: member m's columns make pieces of their own, so that a lane stores whole pieces. */
  const show = (weights: string, fresh: Fresh): Stmt[] => {
    if (shown === weights) return [];
    const before = shown === undefined ? [] : [BARRIER];
    shown = weights;
    if (weightArray === undefined) {
      weightArray = fresh('shown_weights');
      shared.push({ name: weightArray, storage: 'f32', length: plan.blockM * plan.blockN });
    }
    const array = weightArray;
    const put = slots.flatMap((slot) =>
      range(perLane / VECTOR).map((p) => {
        const first = add(mul(arrangement.rowOf(slot), plan.blockN), mul(MEMBER, perLane));
        const values = range(VECTOR).map((n) => read(weights, [i32(slot * perLane + VECTOR * p + n)]));
        return stores(array, add(first, i32(VECTOR * p)), values);
      }),
    );
    return [...before, ...put, BARRIER];
  };

  const integerScores = (dot: string, a: Tile, b: Tile, of: ProductOf, fresh: Fresh): Stmt[] => {
    const { element, sum, add: plus } = PRODUCTS[of];
    const [k, body] = [fresh('word'), [] as Stmt[]];
    const taken = (base: string, t: Tile, row: Expr): Expr => {
      const name = fresh(base);
      body.push(letS(name, read(t.array, [add(mul(row, t.stride), variable(k))], element)));
      return variable(name, element);
    };
    const lefts = slots.map((slot) => taken('left', a, arrangement.rowOf(slot)));
    for (const c of range(perLane)) {
      const x = taken('right', b, add(MEMBER, i32(c * members)));
      for (const slot of slots) {
        const at = i32(slot * perLane + c);
        body.push(store(dot, at, plus(lefts[slot]!, x, read(dot, [at], sum))));
      }
    }
    return [forS(k, { to: i32(a.columns) }, body)];
  };

  return {
    arrangement,
    rows: 'shared',
    storage: plan.halves ? 'f16' : 'f32',
    inPieces: true,
    shared,
    beginTile: () => {
      shown = undefined;
    },
    tile: (array, extent) => {
      const columns = tileColumns(extent, members);
      return { kind: 'tile', array, columns, extent, exchanged: 1, stride: tileStride(columns) };
    },
    // An odd number of words lies between rows: those that neighbours read at once are in different banks.
    integerTile: (length) => ({ ...wholeRows('', length), stride: integerStride(length) }),
    scores: (dot, rows, cols, fresh) => {
      const [a, b] = [inMemory(rows), inMemory(cols)];
      if (b.of) return integerScores(dot, a, b, b.of, fresh);
      const out: Stmt[] = [];
      const begin = (base: string, row: Expr, t: Tile): Expr => {
        const name = fresh(base);
        out.push(letS(name, mul(row, t.stride / VECTOR)));
        return variable(name);
      };
      const left = slots.map((slot) => begin('left_first', arrangement.rowOf(slot), a));
      const right = range(perLane).map((c) => begin('right_first', add(MEMBER, i32(c * members)), b));
      const [k, body] = [fresh('piece'), [] as Stmt[]];
      const lefts = left.map((at) => loaded('left', a.array, add(at, variable(k)), fresh, body));
      for (const [c, at] of right.entries()) {
        const x = loaded('right', b.array, add(at, variable(k)), fresh, body);
        if (half)
          for (const slot of slots)
            body.push(
              addHalves(
                dot,
                slot * perLane + c,
                range(VECTOR).map((n) => [lefts[slot]![n]!, x[n]!] as const),
              ),
            );
        else
          for (const n of range(VECTOR))
            for (const slot of slots)
              body.push(multiplyAdd(dot, slot * perLane + c, lefts[slot]![n]!, x[n]!));
      }
      return [...out, forS(k, { to: i32(Math.ceil((a.extent ?? a.columns) / VECTOR)) }, body)];
    },
    aggregate: (acc, weights, cols, fresh) => {
      const b = inMemory(cols);
      const out = show(weights, fresh);
      const own = b.columns / members;
      const [piece, body] = [fresh('piece'), [] as Stmt[]];
      const lefts = slots.map((slot) => {
        const first = mul(arrangement.rowOf(slot), plan.blockN / VECTOR);
        return loaded('weight', weightArray!, add(first, variable(piece)), fresh, body);
      });
      // Piece p holds columns of member p / (pieces of a member).
      const perMember = perLane / VECTOR;
      const [member, part] =
        perMember === 1
          ? [variable(piece), i32(0)]
          : [op('quot', variable(piece), i32(perMember)), op('rem', variable(piece), i32(perMember))];
      const firstColumn = add(member, mul(part, VECTOR * members));
      const column = (n: number, p: number): readonly Expr[] => {
        const row = mul(add(firstColumn, i32(n * members)), b.stride / VECTOR);
        return loaded('right', b.array, add(add(row, MEMBER), i32(p * members)), fresh, body);
      };
      const parts = range(own / VECTOR);
      if (half)
        for (const p of parts) {
          const four = range(VECTOR).map((n) => column(n, p));
          for (const e of range(VECTOR))
            for (const slot of slots)
              body.push(
                addHalves(
                  acc,
                  slot * own + VECTOR * p + e,
                  range(VECTOR).map((n) => [lefts[slot]![n]!, four[n]![e]!] as const),
                ),
              );
        }
      else
        for (const n of range(VECTOR))
          for (const p of parts) {
            const x = column(n, p);
            for (const e of range(VECTOR))
              for (const slot of slots)
                body.push(multiplyAdd(acc, slot * own + VECTOR * p + e, lefts[slot]![n]!, x[e]!));
          }
      return [...out, forS(piece, { to: i32(plan.blockN / VECTOR) }, body)];
    },
  };
}
