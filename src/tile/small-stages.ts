/** Small stages that make lists: rows that carry a few numbers along an axis, and rows that store at a place of their own. */
import { i32, op, read, variable, type Expr } from '../expr/expr.ts';
import type { Recurrence, Stage, StepDef, StepStore, TileAxis, TileTensor } from './tile.ts';

export const cast = (e: Expr, type: 'i32' | 'f32' = 'i32'): Expr => ({
  kind: 'op',
  type,
  op: 'cast',
  args: [e],
});
export const names = (axes: readonly TileAxis[]): string[] => axes.map((a) => a.name);

/** An element of a tensor of integers. @param index of axes at which it is not read at their own position */
export const at = (t: TileTensor, index: ReadonlyMap<string, Expr> = new Map()): Expr =>
  read(
    t.name,
    t.axes.map((a) => index.get(a!) ?? variable(a!)),
    'i32',
  );

/** @param name dots become underscores */
export const stepStage = (
  name: string,
  batch: Stage['batch'],
  row: Stage['row'],
  vectors: Stage['vectors'],
  recurrence: Recurrence,
): Stage => ({ ...empty(name, batch, row), vectors, recurrence });

interface Counting {
  readonly batch: Stage['batch'];
  readonly row: Stage['row'];
  readonly axis: TileAxis;
  /** What a position counts for. */
  readonly counted: Expr;
  /** What was counted before each position. */
  readonly before: TileTensor;
  /** Where all that was counted is stored. */
  readonly all: Omit<StepStore, 'name'>;
}

/** Rows count along an axis, one position after the other. */
export function countingStage(name: string, c: Counting): Stage {
  const own = names([...c.batch, ...c.row, c.axis]);
  const count = read(
    'count',
    own.map((a) => variable(a)),
    'i32',
  );
  const def = (what: string, value: Expr): StepDef => ({ name: what, type: 'i32', indices: own, value });
  return stepStage(name, c.batch, c.row, [], {
    axis: c.axis,
    reverse: false,
    loops: [],
    states: [{ name: 'count', type: 'i32', indices: own, init: i32(0), next: 'count.next' }],
    defs: [def('before', count), def('count.next', op('add', count, c.counted))],
    stores: [{ output: c.before.name, name: 'before', indices: c.before.axes.map((a) => a!) }],
    finals: [{ ...c.all, name: 'count' }],
  });
}

/** What a row's place is called where it stores. */
export const PLACE: Expr = read('place', [], 'i32');

/** @param place what `PLACE` is for each row */
export const placingStage = (
  name: string,
  batch: Stage['batch'],
  row: Stage['row'],
  place: Expr,
  stores: Stage['stores'],
): Stage => ({
  ...empty(name, batch, row),
  prologue: [{ name: 'place', site: 'row', vectors: [], type: 'i32', value: place }],
  stores,
});

const empty = (name: string, batch: Stage['batch'], row: Stage['row']): Stage => ({
  name: name.replaceAll('.', '_'),
  batch,
  row,
  stream: [],
  vectors: [],
  prologue: [],
  rowOperands: [],
  passes: [],
  stores: [],
});
