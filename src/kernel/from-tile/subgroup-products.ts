/**
 * Contractions on matrices of subgroups. No lane can reach their elements, so that scores and sums go through workgroup memory:
 * subgroups save their products there, and lanes take what they own of the tile. Sums are kept by lanes, so that they are rescaled and
 * masked as those of tiles of lanes are; a subgroup only ever adds up the products of one tile.
 */
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StagePlan } from '../../tile/plan.ts';
import {
  padOf,
  savedColumns,
  unitColumns,
  unitPiece,
  type UnitPlan,
} from '../../tile/subgroup-matrix-plan.ts';
import { accumulate, BARRIER, forS, letS, matrixS, store, SUBGROUP_NUMBER, SUBGROUPS } from '../build.ts';
import type { SharedArray, Stmt } from '../kernel.ts';
import type { MatrixType } from '../subgroup-matrix.ts';
import { laneTiles } from './lane-tiles.ts';
import type { Matrix } from './matrix.ts';
import { inMemory, type Tile } from './tile-layout.ts';

type Fresh = (base: string) => string;

const range = (n: number): number[] => Array.from({ length: n }, (_, x) => x);
const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const mul = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));

/** A side of a product: where the matrix at row or column `side` and depth `k`, in elements, begins. */
interface Side {
  readonly array: string;
  readonly stride: number;
  readonly transposed: boolean;
  at(side: Expr, k: Expr): Expr;
}

/** Matrices that a subgroup multiplies together: what is loaded of one side serves all of the other. */
interface Patch {
  readonly rows: number;
  readonly cols: number;
}

/** Subgroups that a workgroup has at least on most devices: there shall be work for each. */
const SUBGROUPS_USUAL = 4;
const MOST_IN_PATCH = 8;

/** The patch that loads least for its products, of those that leave work for every subgroup. */
export function patchOf(rows: number, cols: number): Patch {
  const wanted = Math.min(SUBGROUPS_USUAL, rows * cols);
  const fit = range(rows * cols).flatMap((n): Patch[] => {
    const p = { rows: (n % rows) + 1, cols: Math.floor(n / rows) + 1 };
    const whole = rows % p.rows === 0 && cols % p.cols === 0;
    const patches = (rows * cols) / (p.rows * p.cols);
    return whole && p.rows * p.cols <= MOST_IN_PATCH && patches >= wanted ? [p] : [];
  });
  const loads = (p: Patch): number => (p.rows + p.cols) / (p.rows * p.cols);
  return fit.reduce((a, b) => (loads(b) < loads(a) ? b : a), { rows: 1, cols: 1 });
}

export function subgroupProducts(plan: StagePlan, products: UnitPlan): Matrix {
  const { unit, sumColumns } = products;
  const { component, result, m, n, k } = unit;
  const tiles = laneTiles(plan);
  const piece = unitPiece(unit, tiles.members);
  const arrangement = { ...tiles, columnPiece: piece };
  const slots = range(arrangement.rowSlots);
  const { blockM, blockN } = plan;
  const savedStride = savedColumns(plan, products) + padOf(result);
  const weightStride = blockN + padOf(component);
  const shared: SharedArray[] = [];
  const arrays = new Map<string, string>();
  const array = (base: string, storage: SharedArray['storage'], length: number, fresh: Fresh): string => {
    const known = arrays.get(base);
    if (known !== undefined) return known;
    const name = fresh(base);
    arrays.set(base, name);
    shared.push({ name, storage, length });
    return name;
  };
  const saved = (fresh: Fresh): string => array('products', result, blockM * savedStride, fresh);
  /** The weights that are in workgroup memory. */
  let shown: string | undefined;
  /** Lanes may still be taking products of this tile. */
  let taken = false;

  const type = (role: MatrixType['role']): MatrixType =>
    role === 'left'
      ? { role, component, rows: m, cols: k }
      : role === 'right'
        ? { role, component, rows: k, cols: n }
        : { role, component: result, rows: m, cols: n };

  /** Saves left · right, blockM × `columns`, added up over `depth`; lanes can take it afterwards. */
  const multiply = (left: Side, right: Side, columns: number, depth: number, fresh: Fresh): Stmt[] => {
    const [rows, cols] = [blockM / m, columns / n];
    const patch = patchOf(rows, cols);
    const across = cols / patch.cols;
    const number = fresh('patch');
    const at = variable(number);
    const [row, col, step] = [fresh('patch_row'), fresh('patch_col'), fresh('depth')];
    const rowAt = (r: number): Expr => add(variable(row), i32(r * m));
    const colAt = (c: number): Expr => add(variable(col), i32(c * n));
    const load = (role: 'left' | 'right', s: Side, side: Expr, name: string): Stmt => {
      const { array: from, stride, transposed } = s;
      return matrixS({
        op: 'load',
        name,
        type: type(role),
        array: from,
        at: s.at(side, variable(step)),
        stride,
        transposed,
      });
    };
    const lefts = range(patch.rows).map(() => fresh('left'));
    const rights = range(patch.cols).map(() => fresh('right'));
    const sums = range(patch.rows).map(() => range(patch.cols).map(() => fresh('product')));
    const body: Stmt[] = [
      letS(row, mul(simplify(op('quot', at, i32(across))), patch.rows * m)),
      letS(col, mul(simplify(op('rem', at, i32(across))), patch.cols * n)),
      ...sums.flat().map((name) => matrixS({ op: 'zero', name, type: type('result') })),
      forS(step, { to: i32(depth), step: i32(k) }, [
        ...lefts.map((name, r) => load('left', left, rowAt(r), name)),
        ...rights.map((name, c) => load('right', right, colAt(c), name)),
        ...sums.flatMap((of, r) =>
          of.map((to, c) => matrixS({ op: 'multiply', to, left: lefts[r]!, right: rights[c]! })),
        ),
      ]),
      ...sums.flatMap((of, r) =>
        of.map((name, c) =>
          matrixS({
            op: 'save',
            name,
            array: saved(fresh),
            at: add(mul(rowAt(r), savedStride), colAt(c)),
            stride: savedStride,
            transposed: false,
          }),
        ),
      ),
    ];
    const patches = (rows / patch.rows) * across;
    const before = taken ? [BARRIER] : [];
    taken = true;
    return [
      ...before,
      forS(number, { from: SUBGROUP_NUMBER, to: i32(patches), step: SUBGROUPS }, body),
      BARRIER,
    ];
  };

  const product = (slot: number, col: Expr, fresh: Fresh): Expr =>
    read(saved(fresh), [add(mul(arrangement.rowOf(slot), savedStride), col)]);

  /** Weights of the block's rows, where subgroups can load them. */
  const show = (weights: string, fresh: Fresh): Stmt[] => {
    if (shown === weights) return [];
    shown = weights;
    taken = false;
    const to = array('shown_weights', component, blockM * weightStride, fresh);
    const put = arrangement.forTile(blockN, fresh('c'), (cell) =>
      slots.map((slot) =>
        store(to, add(mul(arrangement.rowOf(slot), weightStride), cell.col), read(weights, [cell.at(slot)])),
      ),
    );
    return [...put, BARRIER];
  };

  return {
    arrangement,
    rows: 'shared',
    storage: component,
    inPieces: true,
    elementwise: true,
    shared,
    beginTile: () => {
      shown = undefined;
      taken = false;
    },
    tile: (name, extent) => {
      const columns = unitColumns(extent, unit, tiles.members);
      return { kind: 'tile', array: name, columns, extent, exchanged: 1, stride: columns + padOf(component) };
    },
    scores: (dot, rows, cols, fresh) => {
      const [a, b] = [inMemory(rows), inMemory(cols)];
      const side = ({ array: from, stride }: Tile, transposed: boolean): Side => ({
        array: from,
        stride,
        transposed,
        at: (row, depth) => add(mul(row, stride), depth),
      });
      const depth = Math.ceil((a.extent ?? a.columns) / k) * k;
      return [
        ...multiply(side(a, false), side(b, true), blockN, depth, fresh),
        ...arrangement.forTile(blockN, fresh('c'), (cell) =>
          slots.map((slot) => store(dot, cell.at(slot), product(slot, cell.col, fresh))),
        ),
      ];
    },
    aggregate: (acc, weights, cols, fresh) => {
      const b = inMemory(cols);
      const out = show(weights, fresh);
      const left: Side = {
        array: arrays.get('shown_weights')!,
        stride: weightStride,
        transposed: false,
        at: (row, depth) => add(mul(row, weightStride), depth),
      };
      for (let first = 0; first < b.columns; first += sumColumns) {
        const columns = Math.min(sumColumns, b.columns - first);
        const right: Side = {
          array: b.array,
          stride: b.stride,
          transposed: false,
          at: (col, depth) => add(add(mul(depth, b.stride), col), i32(first)),
        };
        out.push(...multiply(left, right, columns, blockN, fresh));
        // The lane's cells of these columns are a run of those of the whole vector.
        const skipped = first / tiles.members;
        out.push(
          ...arrangement.forCells(columns, fresh('e'), (cell) =>
            slots.map((slot) => {
              const own = (slot * (b.columns - columns)) / tiles.members + skipped;
              return accumulate(acc, add(cell.at(slot), i32(own)), product(slot, cell.col, fresh));
            }),
          ),
        );
      }
      return out;
    },
  };
}
