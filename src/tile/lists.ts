/**
 * Lists of tiles: where selections decide which tiles a block of rows keeps, earlier launches write the numbers of those
 * tiles in increasing order, and the loop runs through them alone. A list takes as many numbers as there are tiles.
 *
 *   upto[rows, t]     = how many tiles up to t are kept
 *   list[rows, 0]     = how many are kept
 *   list[rows, n + 1] = how many tiles have upto <= n: the number of the n-th kept tile, from 0
 */
import { freeVars, i32, op, read, substitute, variable, type Expr } from '../expr/expr.ts';
import { foldingStage } from './folding-stage.ts';
import type { StagePlan } from './plan.ts';
import { rowLoops, streamLoops } from './sides.ts';
import { visitedTile, type StoredTiles } from './stored-ranges.ts';
import type { Bounds, Stage, Step, TileAxis, TileTensor } from './tile.ts';
import { EVERY_TILE } from './walk.ts';

/** @param b bounds of a pass over a stream with one loop over tiles, whose `may` reads what selections take */
export function storeList(s: Stage, plan: StagePlan, b: Bounds, own: StagePlan, number: number): StoredTiles {
  const rows = rowLoops(s, plan);
  const [loop] = streamLoops(s, plan);
  const tile = `${loop!.axis}.tile`;
  const [other, slot] = [`${loop!.axis}.until`, `${loop!.axis}.slot`];
  const kept = visitedTile(rows, loop!, b);
  const free = freeVars(kept);
  const batch = s.batch.filter((a) => free.has(a.name));
  const base = `${s.name}.${number === 0 ? '' : `${number}.`}`;
  const blocks = rows.map((l): TileAxis => ({ name: `${l.axis}.tile`, extent: l.tiles }));
  const outside = [...batch, ...blocks];
  const tensor = (name: string, axis: string, extent: Expr): TileTensor => ({
    name: `ws.${base}${name}`,
    role: 'workspace',
    storage: 'i32',
    shape: [...outside.map((a) => a.extent), extent],
    axes: [...outside.map((a) => a.name), axis],
  });
  const upTo = tensor('upto', tile, loop!.tiles);
  const list = tensor('list', slot, op('add', loop!.tiles, i32(1)));
  const at = (t: TileTensor, index: Expr): Expr =>
    read(t.name, [...outside.map((a) => variable(a.name)), index], 'i32');
  const counting: Step = fold('count', 'sum', i32(1));
  const seen = substitute(kept, new Map([[tile, variable(other)]]));
  const found = at(upTo, variable(tile));
  const before = op('lt', found, variable(slot));
  const stage = (
    name: string,
    row: TileAxis,
    stream: TileAxis,
    where: Expr | undefined,
    steps: readonly Step[],
    value: Expr,
    output: string,
  ): Stage =>
    foldingStage({
      name: `${base}${name}`,
      batch: outside,
      row: [row],
      stream: [stream],
      ...(where ? { where } : {}),
      steps,
      stores: [{ output, site: 'row', vectors: [], value, indices: [...outside, row].map((a) => a.name) }],
      plan: own,
    });
  const tiles = { name: tile, extent: loop!.tiles };
  const places = { name: slot, extent: op('add', loop!.tiles, i32(1)) };
  const chosen = {
    count: at(list, i32(0)),
    tile: at(list, op('add', variable(slot), i32(1))),
    slot,
  };
  return {
    stages: [
      stage(
        'upto',
        tiles,
        { name: other, extent: loop!.tiles },
        op('and', op('le', variable(other), variable(tile)), seen),
        [counting],
        read('count', [], 'i32'),
        upTo.name,
      ),
      stage(
        'list',
        places,
        tiles,
        undefined,
        [
          fold('all', 'max', found),
          fold('number', 'sum', { kind: 'op', type: 'i32', op: 'cast', args: [before] }),
        ],
        op('select', op('eq', variable(slot), i32(0)), read('all', [], 'i32'), read('number', [], 'i32')),
        list.name,
      ),
    ],
    tensors: [upTo, list],
    bounds: { ...b, list: chosen },
    alone: { ...EVERY_TILE, list: chosen },
  };
}

const fold = (name: string, how: 'sum' | 'max', value: Expr): Step => ({
  kind: 'fold',
  name,
  op: how,
  type: 'i32',
  value,
  keep: 'keep',
});
