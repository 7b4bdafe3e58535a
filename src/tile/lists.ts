/**
 * Lists of tiles: where selections decide which tiles a block of rows keeps, earlier launches write the numbers of those
 * tiles in increasing order, and the loop runs through them alone. A list has room for as many numbers as there are tiles.
 *
 *   before[rows, t]                 = how many tiles before t are kept
 *   list[rows, 0]                   = how many are kept
 *   list[rows, before[rows, t] + 1] = t, where t is kept
 *
 * Blocks of rows count their tiles one after the other, so that the work is what it takes to look at each tile twice.
 */
import { freeVars, i32, op, variable, type Expr } from '../expr/expr.ts';
import { defaultPlan, type PlanLimits, type StagePlan } from './plan.ts';
import { rowLoops, streamLoops } from './sides.ts';
import { at, cast, countingStage, names, PLACE, placingStage } from './small-stages.ts';
import { visitedTile, type StoredTiles } from './stored-ranges.ts';
import type { Bounds, Stage, TileAxis, TileTensor } from './tile.ts';
import { EVERY_TILE } from './walk.ts';

/**
 * @param b bounds of a pass over a stream with one loop over tiles, whose `may` reads what selections take
 * @param number of the pass among those of the stage that have lists
 */
export function storeList(
  s: Stage,
  plan: StagePlan,
  b: Bounds,
  limits: PlanLimits,
  number: number,
): StoredTiles {
  const rows = rowLoops(s, plan);
  const [loop] = streamLoops(s, plan);
  const tile: TileAxis = { name: `${loop!.axis}.tile`, extent: loop!.tiles };
  const slot: TileAxis = { name: `${loop!.axis}.slot`, extent: op('add', loop!.tiles, i32(1)) };
  const kept = visitedTile(rows, loop!, b);
  const free = freeVars(kept);
  const batch = s.batch.filter((a) => free.has(a.name));
  const base = `${s.name}.${number === 0 ? '' : `${number}.`}`;
  const blocks = rows.map((l): TileAxis => ({ name: `${l.axis}.tile`, extent: l.tiles }));
  const outside = [...batch, ...blocks];
  const tensor = (name: string, axes: readonly TileAxis[]): TileTensor => ({
    name: `ws.${base}${name}`,
    role: 'workspace',
    storage: 'i32',
    shape: [...outside, ...axes].map((a) => a.extent),
    axes: names([...outside, ...axes]),
  });
  const [before, list] = [tensor('before', [tile]), tensor('list', [slot])];
  const planned = (x: Stage): Stage => ({ ...x, plan: defaultPlan(x, limits, undefined) });
  const element = (n: Expr): Expr => at(list, new Map([[slot.name, n]]));
  const chosen = {
    count: element(i32(0)),
    tile: element(op('add', variable(slot.name), i32(1))),
    slot: slot.name,
  };
  return {
    stages: [
      planned(
        countingStage(`${base}before`, {
          batch,
          row: blocks,
          axis: tile,
          counted: cast(kept),
          before,
          all: { output: list.name, indices: [...names(outside), 0] },
        }),
      ),
      planned(
        placingStage(`${base}list`, outside, [tile], op('add', at(before), i32(1)), [
          {
            output: list.name,
            site: 'row',
            vectors: [],
            value: variable(tile.name),
            indices: [...names(outside), PLACE],
            where: kept,
          },
        ]),
      ),
    ],
    tensors: [before, list],
    bounds: { ...b, list: chosen },
    alone: { ...EVERY_TILE, list: chosen },
  };
}
