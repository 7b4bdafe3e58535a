/** Small stages that make lists: rows that carry a few numbers along an axis, and rows that store at a place of their own. */
import { read, type Expr } from '../expr/expr.ts';
import type { Recurrence, Stage } from './tile.ts';

/** @param name dots become underscores */
export const stepStage = (
  name: string,
  batch: Stage['batch'],
  row: Stage['row'],
  vectors: Stage['vectors'],
  recurrence: Recurrence,
): Stage => ({ ...empty(name, batch, row), vectors, recurrence });

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
