/**
 * Products that run while weights are computed: the sums of a tile are taken one tile later, behind the scores of the next one.
 * While the matrix unit multiplies weights of tile n − 1 by their operand, lanes compute weights of tile n from its scores.
 * At the first tile there are no weights yet: zeros are multiplied by the first tile, which is finite and about to be used.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import { i32, op, type Expr } from '../../../expr/expr.ts';
import type { StagePlan } from '../../../tile/plan.ts';
import type { Pass } from '../../../tile/tile.ts';
import { arrayS, ifS, warpgroup } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import type { Matrix } from '../matrix.ts';
import type { Scope } from '../scope.ts';
import type { StagedOperand, TileCounter, TileFeed } from './feed.ts';
import { perWarpgroup, type Half } from './matrix.ts';

/** One contraction gives the scores, and one sum of products is carried relative to one reference. */
export function runsAhead(pass: Pass): boolean {
  const of = (kind: string): number => pass.steps.filter((s) => s.kind === kind).length;
  const scaled = pass.steps.every((s) => s.kind !== 'accumulate' || s.scaledBy !== undefined);
  return pass.contractions.length === 1 && of('accumulate') === 1 && of('reference') === 1 && scaled;
}

export interface AheadMatrix {
  readonly matrix: Matrix;
  /** Before the first tile. */
  readonly declare: Stmt;
  /** After the last tile. */
  readonly drain: readonly Stmt[];
}

export function aheadMatrix(
  pass: Pass,
  plan: StagePlan,
  storage: Half,
  scope: Scope,
  feed: TileFeed,
  counter: TileCounter,
): AheadMatrix {
  const plain = perWarpgroup(plan, storage);
  const fragment = scope.names.fresh('weights_fragment');
  const step = pass.steps.find((s) => s.kind === 'accumulate')!;
  const operand = pass.operands.find((o) => o.name === (step.kind === 'accumulate' ? step.operand : ''))!;
  const sums = (): string => {
    const at = scope.locations.get(step.name);
    if (at?.kind !== 'vector')
      throw new CompilerBug('kernel/from-tile', `${step.name} is not a vector carrier`);
    return at.array;
  };
  const words = plan.blockN / 4;
  const earlier = op('gt', counter.visited, i32(0));
  const before = op('sub', counter.visited, i32(1));
  const start = (b: StagedOperand): Stmt[] => [
    b.wait,
    warpgroup({ op: 'fence', arrays: [sums(), fragment] }),
    ...plain.sumProducts(sums(), fragment, b),
    warpgroup({ op: 'commit' }),
  ];
  const finish = (): Stmt => warpgroup({ op: 'finish', pending: 0, arrays: [sums()] });
  /** Where the operand of the tile visited as number `n` lies; declarations go to `out`. */
  const staged = (n: Expr, out: Stmt[]): StagedOperand => {
    const place = feed.placeOf(n, out);
    return feed.staged(operand, place);
  };
  let held: StagedOperand | undefined;
  return {
    declare: arrayS(fragment, 'u32', words),
    matrix: {
      ...plain,
      scores: (dot, rows, cols) => {
        const out: Stmt[] = [...plain.startScores(dot, rows, cols, [sums(), fragment])];
        held = staged(op('max', before, i32(0)), out);
        out.push(...start(held), warpgroup({ op: 'finish', pending: 1, arrays: [dot] }));
        return [...out, ...plain.release(cols)];
      },
      finishSums: () => [finish()],
      // The fragment and the place of the tile before are free once its products are finished.
      aggregate: (_acc, weights) => [
        finish(),
        ifS(op('and', earlier, plain.firstLaneOfWarp), [held!.release]),
        ...plain.pack(fragment, weights),
      ],
    },
    get drain() {
      const out: Stmt[] = [];
      const last = staged(before, out);
      return [ifS(earlier, [...out, ...start(last), finish()])];
    },
  };
}
