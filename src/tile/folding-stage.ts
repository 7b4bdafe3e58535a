/** Small stages that fold what a stream of positions keeps, one pass over it, and read no operands. */
import type { Expr } from '../expr/expr.ts';
import type { StagePlan } from './plan.ts';
import type { Stage, Step } from './tile.ts';

export interface Folding {
  /** Dots become underscores. */
  readonly name: string;
  readonly batch: Stage['batch'];
  readonly row: Stage['row'];
  readonly stream: Stage['stream'];
  /** Positions that are kept, as the steps' `keep`; absent: all. */
  readonly where?: Expr;
  readonly steps: readonly Step[];
  readonly stores: Stage['stores'];
  readonly plan: StagePlan;
}

export const foldingStage = ({ name, batch, row, stream, where, steps, stores, plan }: Folding): Stage => ({
  name: name.replaceAll('.', '_'),
  batch,
  row,
  stream,
  vectors: [],
  prologue: [],
  rowOperands: [],
  passes: [
    {
      defs: [],
      operands: [],
      contractions: [],
      keeps: [{ name: 'keep', ...(where ? { where } : {}) }],
      steps,
      stores: [],
      finish: [],
    },
  ],
  stores,
  plan,
});
