/**
 * A stage whose last warpgroup copies operands while the others multiply. Both walk through the same tiles, by the same bounds,
 * and meet at the barriers of the feed.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import { i32, op } from '../../../expr/expr.ts';
import type { StagePlan } from '../../../tile/plan.ts';
import type { Stage } from '../../../tile/tile.ts';
import { registersOf, WARPGROUP } from '../../../tile/warpgroup-plan.ts';
import { BARRIER, ifS, LANE, letS, warpgroup } from '../../build.ts';
import type { SharedArray, Stmt, TensorMap } from '../../kernel.ts';
import type { Frame } from '../frame.ts';
import { TileLoops } from '../loops.ts';
import type { Matrix, RowOperand } from '../matrix.ts';
import { Loader } from '../operands.ts';
import { emitRowDef, PassLowering } from '../pass.ts';
import type { Scope } from '../scope.ts';
import { Storer } from '../stores.ts';
import { aheadMatrix, runsAhead } from './ahead.ts';
import { TileFeed } from './feed.ts';
import { warpgroupNumber } from './matrix.ts';

export interface LoweredWarpgroups {
  readonly body: readonly Stmt[];
  readonly written: ReadonlySet<string>;
  readonly shared: readonly SharedArray[];
  readonly maps: readonly TensorMap[];
}

export function lowerWarpgroups(
  stage: Stage,
  plan: StagePlan,
  scope: Scope,
  frame: Frame,
  matrix: Matrix,
): LoweredWarpgroups {
  const [pass] = stage.passes;
  if (!pass || stage.passes.length > 1)
    throw new CompilerBug('kernel/from-tile', `${stage.name}: warpgroups run one pass`);
  const storer = new Storer(scope, frame);
  const feed = new TileFeed(scope, frame, matrix.storage, plan, stage.rowOperands, pass.operands);
  const last = plan.lanes - WARPGROUP;
  const registers = registersOf(last / WARPGROUP);
  const number = scope.index('warpgroup');
  const body: Stmt[] = [
    letS(number, warpgroupNumber()),
    ifS(op('eq', LANE, i32(0)), feed.initialise()),
    BARRIER,
  ];
  for (const d of stage.prologue) emitRowDef(scope, frame, d, body);

  const copies = feed.counter();
  const visit = new TileLoops(scope, frame, pass.bounds).lower(([first]) => [
    ...copies.begin,
    ...feed.loadColumns(pass.operands, first!, copies),
    copies.end,
  ]);
  const copying: Stmt[] = [
    warpgroup({ op: 'registers', count: registers.copying, change: 'lower' }),
    ifS(op('eq', LANE, i32(last)), [...feed.loadRows(stage.rowOperands), copies.declare, ...visit]),
  ];

  const uses = feed.counter();
  const rowOperands = new Map(
    stage.rowOperands.map((o): [string, RowOperand] => {
      const { array, columns } = feed.rowsArray(o);
      return [o.name, matrix.tile(array, columns)];
    }),
  );
  const half = matrix.storage === 'bf16' ? 'bf16' : 'f16';
  const ahead = runsAhead(pass) ? aheadMatrix(pass, plan, half, scope, feed, uses) : undefined;
  const loader = new Loader(scope, frame, matrix, plan);
  const lowering = new PassLowering(pass, {
    scope,
    frame,
    loader,
    matrix: ahead?.matrix ?? matrix,
    plan,
    storer,
    rowOperands,
    staged: {
      begin: uses.begin,
      end: [uses.end],
      operand: (o) => feed.staged(o, uses),
      drain: () => ahead?.drain ?? [],
    },
  });
  const multiplying: Stmt[] = [
    warpgroup({ op: 'registers', count: registers.multiplying, change: 'raise' }),
    ...feed.awaitRows(stage.rowOperands),
    uses.declare,
    ...(ahead ? [ahead.declare] : []),
    ...lowering.lower(),
    ...storer.rows(stage.stores),
  ];
  body.push(
    ifS(op('eq', { kind: 'var', type: 'i32', name: number }, i32(last / WARPGROUP)), copying, multiplying),
  );
  return { body, written: storer.written, shared: feed.shared, maps: feed.maps };
}
