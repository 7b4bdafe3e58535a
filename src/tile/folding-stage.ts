/** Small stages that fold what a stream of positions keeps, one pass over it, and read no operands. */
import type { Expr } from '../expr/expr.ts';
import type { StagePlan } from './plan.ts';
import type { Pass, Stage, Step } from './tile.ts';

export interface Folding {
  /** Dots become underscores. */
  readonly name: string;
  readonly batch: Stage['batch'];
  readonly row: Stage['row'];
  readonly stream: Stage['stream'];
  readonly prologue?: Stage['prologue'];
  readonly defs?: Pass['defs'];
  /** Positions that are kept, as the steps' `keep`; absent: all. */
  readonly where?: Expr;
  readonly steps: readonly Step[];
  readonly stores: Stage['stores'];
  /** Absent: it gets one later. */
  readonly plan?: StagePlan;
}

export const foldingStage = ({
  name,
  where,
  steps,
  plan,
  prologue = [],
  defs = [],
  ...rest
}: Folding): Stage => ({
  name: name.replaceAll('.', '_'),
  ...rest,
  vectors: [],
  prologue,
  rowOperands: [],
  passes: [
    {
      defs,
      operands: [],
      contractions: [],
      keeps: [{ name: 'keep', ...(where ? { where } : {}) }],
      steps,
      stores: [],
      finish: [],
    },
  ],
  ...(plan ? { plan } : {}),
});
