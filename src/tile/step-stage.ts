/** Small stages of steps, whose rows carry a few numbers along an axis. */
import type { Recurrence, Stage } from './tile.ts';

/** @param name dots become underscores */
export const stepStage = (
  name: string,
  batch: Stage['batch'],
  row: Stage['row'],
  vectors: Stage['vectors'],
  recurrence: Recurrence,
): Stage => ({
  name: name.replaceAll('.', '_'),
  batch,
  row,
  stream: [],
  vectors,
  prologue: [],
  rowOperands: [],
  passes: [],
  stores: [],
  recurrence,
});
