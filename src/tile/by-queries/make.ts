/** What the stages that make lists of queries have in common. */
import { read, type Expr } from '../../expr/expr.ts';
import { foldingStage, type Folding } from '../folding-stage.ts';
import type { Stage, TileAxis, TileTensor } from '../tile.ts';
import type { Selected } from './selected.ts';

export interface Make {
  readonly name: string;
  readonly s: Selected;
  readonly batch: readonly TileAxis[];
  readonly rows: number;
  readonly nth: TileAxis;
  readonly group: TileAxis;
  readonly member: TileAxis;
  readonly part: TileAxis;
  readonly inside: TileAxis;
  readonly t: Readonly<
    Record<
      'blocks' | 'rank' | 'count' | 'before' | 'total' | 'first' | 'block' | 'place' | 'query',
      TileTensor
    >
  >;
}

interface Sum extends Omit<Folding, 'steps' | 'stores'> {
  readonly value: Expr;
  readonly output: TileTensor;
  /** What is stored of the sum; absent: itself. */
  readonly result?: (sum: Expr) => Expr;
}

/** A stage that adds up integers along a stream. */
export function summing({ value, output, result = (sum) => sum, ...folding }: Sum): Stage {
  return foldingStage({
    ...folding,
    steps: [{ kind: 'fold', name: 'sum', op: 'sum', type: 'i32', value, keep: 'keep' }],
    stores: [
      {
        output: output.name,
        site: 'row',
        vectors: [],
        value: result(read('sum', [], 'i32')),
        indices: output.axes.map((a) => a!),
      },
    ],
  });
}
