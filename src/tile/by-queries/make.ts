/** What the stages that make lists of queries have in common. */
import { read, variable, type Expr } from '../../expr/expr.ts';
import { foldingStage } from '../folding-stage.ts';
import type { StagePlan } from '../plan.ts';
import type { Recurrence, Stage, TileAxis, TileDef, TileTensor } from '../tile.ts';
import type { Selected } from './selected.ts';

export const cast = (e: Expr, type: 'i32' | 'f32' = 'i32'): Expr => ({
  kind: 'op',
  type,
  op: 'cast',
  args: [e],
});
export const names = (axes: readonly TileAxis[]): string[] => axes.map((a) => a.name);
export const at = (t: TileTensor, index: ReadonlyMap<string, Expr>): Expr =>
  read(
    t.name,
    t.axes.map((a) => index.get(a!) ?? variable(a!)),
    'i32',
  );

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

/** A stage of steps. */
export const steps = (
  name: string,
  batch: readonly TileAxis[],
  row: readonly TileAxis[],
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

interface Sum {
  readonly name: string;
  readonly batch: readonly TileAxis[];
  readonly row: readonly TileAxis[];
  readonly prologue?: readonly TileDef[];
  readonly stream: readonly TileAxis[];
  readonly defs?: readonly TileDef[];
  readonly where?: Expr;
  readonly value: Expr;
  readonly output: TileTensor;
  readonly result: (sum: Expr) => Expr;
}

/** A stage that adds up integers along a stream. */
export function summing(x: Sum): Stage {
  const { plan: _, ...made } = foldingStage({
    name: x.name,
    batch: x.batch,
    row: x.row,
    stream: x.stream,
    ...(x.where ? { where: x.where } : {}),
    steps: [{ kind: 'fold', name: 'sum', op: 'sum', type: 'i32', value: x.value, keep: 'keep' }],
    stores: [
      {
        output: x.output.name,
        site: 'row',
        vectors: [],
        value: x.result(read('sum', [], 'i32')),
        indices: x.output.axes.map((a) => a!),
      },
    ],
    plan: NO_PLAN,
  });
  const [pass] = made.passes;
  return { ...made, prologue: x.prologue ?? [], passes: [{ ...pass!, defs: x.defs ?? [] }] };
}
/** Stages get theirs when all are there. */
const NO_PLAN: StagePlan = {
  arrangement: 'lane-rows',
  blockM: 1,
  blockN: 1,
  lanes: 1,
  operands: 'direct',
  fullTiles: 'together',
};
