/** What passes, launches and kernels spend: sums of counts where all names are known, formulas otherwise. */
import type { TileCount } from '../tile/count.ts';
import { figure, printFormula, sum, type Figure, type Formula, type Values } from './formula.ts';

export interface TileTally {
  readonly visited: Figure;
  /** Visited tiles in which no predicate is evaluated. */
  readonly full: Figure;
  readonly partial: Figure;
  /** All tiles: those of a kernel without masks. */
  readonly total: Figure;
  /** False where the numbers are upper bounds: tiles depend on elements of tensors, or on names that are not known. */
  readonly exact: boolean;
}
export interface Cost {
  readonly tiles: TileTally;
  /**
   * Multiplications and additions in contractions over whole visited tiles, with the elements that masks remove and those
   * past the ends; where tiles are not known, the formula for all pairs.
   */
  readonly operations: Figure;
  /** Those of all pairs of rows and columns, as a formula. */
  readonly operationsFormula: string;
  /** Operations as a share of those in all tiles. */
  readonly ofDense?: number;
  /** Bytes of tensors that workgroups load, each element once per tile that needs it. */
  readonly loadedBytes?: number;
}

export interface Spent {
  /** All tiles. */
  readonly total: Formula;
  /** Some tiles are skipped or full. */
  readonly bounded: boolean;
  /** Operations for all pairs. */
  readonly dense: Formula;
  readonly known?: {
    readonly tiles: TileCount;
    readonly operations: number;
    /** Operations in all tiles. */
    readonly all: number;
    readonly loadedBytes: number;
  };
}

const NOTHING: Spent = {
  total: [],
  bounded: false,
  dense: [],
  known: {
    tiles: { visited: 0, full: 0, partial: 0, total: 0, exact: true },
    operations: 0,
    all: 0,
    loadedBytes: 0,
  },
};

function add(a: Spent, b: Spent): Spent {
  const [x, y] = [a.known, b.known];
  const known = x &&
    y && {
      tiles: {
        visited: x.tiles.visited + y.tiles.visited,
        full: x.tiles.full + y.tiles.full,
        partial: x.tiles.partial + y.tiles.partial,
        total: x.tiles.total + y.tiles.total,
        exact: x.tiles.exact && y.tiles.exact,
      },
      operations: x.operations + y.operations,
      all: x.all + y.all,
      loadedBytes: x.loadedBytes + y.loadedBytes,
    };
  return {
    total: sum(a.total, b.total),
    bounded: a.bounded || b.bounded,
    dense: sum(a.dense, b.dense),
    ...(known ? { known } : {}),
  };
}

/** @param loadedBytes what is loaded beside the parts */
export function together(parts: readonly Spent[], loadedBytes = 0): Spent {
  const all = parts.reduce(add, NOTHING);
  return all.known
    ? { ...all, known: { ...all.known, loadedBytes: all.known.loadedBytes + loadedBytes } }
    : all;
}

export function costOf({ total, bounded, dense, known }: Spent, values: Values): Cost {
  const operationsFormula = printFormula(dense);
  if (!known) {
    const all = figure(total, values);
    const some = bounded ? `<= ${all}` : all;
    const tiles = { visited: some, full: bounded ? some : 0, partial: some, total: all, exact: !bounded };
    return { tiles, operations: figure(dense, values), operationsFormula };
  }
  return {
    tiles: known.tiles,
    operations: known.operations,
    operationsFormula,
    ...(known.all > 0 ? { ofDense: known.operations / known.all } : {}),
    loadedBytes: known.loadedBytes,
  };
}
