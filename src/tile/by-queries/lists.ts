/**
 * Lists of the queries that selected a block of keys, in increasing order, cut into groups of R. Groups of all blocks lie one
 * after the other, those of a block together; behind them are groups of no block, at
 * least one, and it is empty.
 *
 *   blocks[i, n]  = the n-th block of query i, or −1
 *   rank[i, n]    = how many queries before i selected its n-th block, of the part of queries in which i is
 *   count[c, p]   = how many queries of part p selected block c; before[c, p] of the parts before it; total[c] of all
 *   first[c]      = number of the first group of block c
 *   block[t]      = the block of group t, or −1
 *   place[i, n]   = where query i is in the lists, for its n-th block: rows of first + before + rank; in the last group where
 *                   there is none
 *   query[t, r]   = the query whose place that is: all are N before places are stored
 *
 * Nothing depends on the order in which lanes run: no two queries have the same place. Parts are counted at the same time, so
 * that no lane goes through all queries, and nothing has a number for each query and block.
 */
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import type { StagePlan } from '../plan.ts';
import { tileCount } from '../sides.ts';
import type { Stage, StepDef, TileAxis, TileTensor } from '../tile.ts';
import { countsBefore, partCounts, ranks } from './counts.ts';
import { at, cast, names, PLACE, placingStage, stepStage } from '../small-stages.ts';
import { summing, type Make } from './make.ts';
import type { Selected } from './selected.ts';

export interface QueryLists {
  readonly stages: readonly Stage[];
  readonly tensors: readonly TileTensor[];
  /** The axes of groups and of queries in one. */
  readonly group: TileAxis;
  readonly member: TileAxis;
  /** The blocks of a query. */
  readonly nth: TileAxis;
  /** Over a group; negative where there is none. */
  readonly block: Expr;
  /** Over a group and a member; the number of queries where there is none. */
  readonly query: Expr;
  /** Over a query and `nth`: group and member. */
  readonly place: readonly [Expr, Expr];
}

export interface ListChoice {
  /** Axes that what a query selects depends on. */
  readonly batch: readonly TileAxis[];
  /** Queries of a group. */
  readonly rows: number;
  /** The plan of a stage, and of one whose rows compare themselves with the same positions. */
  readonly planOf: (s: Stage) => StagePlan;
  readonly comparing: (s: Stage) => StagePlan;
  /** Queries of a part: in one they are compared with each other, and the parts of a block are added up one after the other. */
  readonly part: number;
}

export function queryLists(
  name: string,
  s: Selected,
  { batch, rows, planOf, comparing, part: length }: ListChoice,
): QueryLists {
  const { row, blocks } = s;
  const nth: TileAxis = { name: `${row.name}.nth`, extent: i32(s.most) };
  const slots = op('add', op('mul', row.extent, i32(s.most)), op('mul', blocks.extent, i32(rows - 1)));
  const some = op('min', row.extent, i32(1));
  const group: TileAxis = {
    name: `${row.name}.group`,
    extent: op('mul', op('add', tileCount(slots, rows), i32(1)), some),
  };
  const member: TileAxis = { name: `${row.name}.member`, extent: i32(rows) };
  const part: TileAxis = { name: `${row.name}.part`, extent: tileCount(row.extent, length) };
  const inside: TileAxis = { name: `${row.name}.inside`, extent: i32(length) };
  const tensor = (what: string, axes: readonly TileAxis[]): TileTensor => ({
    name: `ws.${name}.${what}`,
    role: 'workspace',
    storage: 'i32',
    shape: [...batch, ...axes].map((a) => a.extent),
    axes: names([...batch, ...axes]),
  });
  const t = {
    blocks: tensor('blocks', [row, nth]),
    rank: tensor('rank', [part, inside, nth]),
    // Neighbouring lanes have neighbouring blocks.
    count: tensor('count', [part, blocks]),
    before: tensor('before', [part, blocks]),
    total: tensor('total', [blocks]),
    first: tensor('first', [blocks]),
    block: tensor('block', [group]),
    place: tensor('place', [row, nth]),
    // Queries of a list are in increasing order, and those behind it are past all of them.
    query: { ...tensor('query', [group, member]), rising: member.name },
  };
  const make: Make = { name, s, batch, rows, nth, group, member, part, inside, t };
  const planned = (s: Stage): Stage => ({ ...s, plan: planOf(s) });
  const compared = (s: Stage): Stage => ({ ...s, plan: comparing(s) });
  const place = at(t.place);
  return {
    stages: [
      planned(blocksOfRows(make)),
      compared(ranks(make)),
      compared(partCounts(make)),
      planned(countsBefore(make)),
      planned(firsts(make)),
      planned(blocksOfGroups(make)),
      planned(places(make)),
    ],
    tensors: Object.values(t),
    group,
    member,
    nth,
    block: at(t.block),
    query: at(t.query),
    place: [op('quot', place, i32(rows)), op('rem', place, i32(rows))],
  };
}

/** Every query goes through all blocks and keeps those that it visits. */
function blocksOfRows({ name, s, batch, nth, t }: Make): Stage {
  const { row, blocks } = s;
  const own = names([...batch, row, blocks]);
  const all = [...own, nth.name];
  const value = (what: string, indices: readonly string[], type: Expr['type'] = 'i32'): Expr =>
    read(
      what,
      indices.map((a) => variable(a)),
      type,
    );
  const def = (what: string, indices: readonly string[], e: Expr): StepDef => ({
    name: what,
    type: e.type,
    indices,
    value: e,
  });
  const visits = value('visits', own, 'bool');
  const count = value('count', own);
  const here = op('and', visits, op('eq', count, variable(nth.name)));
  return stepStage(`${name}_blocks`, batch, [row], [{ name: nth.name, extent: s.most }], {
    axis: blocks,
    reverse: false,
    loops: [],
    states: [
      { name: 'count', type: 'i32', indices: own, init: i32(0), next: 'count.next' },
      { name: 'nth', type: 'i32', indices: all, init: i32(-1), next: 'nth.next' },
    ],
    defs: [
      def('visits', own, s.visits),
      def('nth.next', all, op('select', here, variable(blocks.name), value('nth', all))),
      def('count.next', own, op('add', count, cast(visits))),
    ],
    stores: [],
    finals: [{ output: t.blocks.name, name: 'nth', indices: names([...batch, row, nth]) }],
  });
}

/** Groups of a block. */
const groupsOf = ({ rows, t }: Make, block: Expr, axis: string): Expr =>
  op('quot', op('add', at(t.total, new Map([[axis, block]])), i32(rows - 1)), i32(rows));

function firsts(make: Make): Stage {
  const { name, s, batch, t } = make;
  const other: TileAxis = { name: `${s.blocks.name}.other`, extent: s.blocks.extent };
  return summing({
    name: `${name}_first`,
    batch,
    row: [s.blocks],
    stream: [other],
    where: op('lt', variable(other.name), variable(s.blocks.name)),
    value: groupsOf(make, variable(other.name), s.blocks.name),
    output: t.first,
  });
}

/** How many blocks end before a group, whose members have no query yet. */
function blocksOfGroups(make: Make): Stage {
  const { name, s, batch, group, member, t } = make;
  const c = s.blocks.name;
  const end = op('add', at(t.first), groupsOf(make, variable(c), c));
  const made = summing({
    name: `${name}_block`,
    batch,
    row: [group],
    stream: [s.blocks],
    value: cast(op('le', end, variable(group.name))),
    output: t.block,
    result: (sum) => op('select', op('lt', sum, s.blocks.extent), sum, i32(-1)),
  });
  const nobody = {
    output: t.query.name,
    site: 'row' as const,
    vectors: [member.name],
    value: s.row.extent,
    indices: names([...batch, group, member]),
  };
  return {
    ...made,
    vectors: [{ name: member.name, extent: make.rows }],
    stores: [...made.stores, nobody],
  };
}

/** A query stands at its place in the list of each of its blocks; where it has fewer, in the last group. */
function places(make: Make): Stage {
  const { name, s, batch, rows, nth, group, t } = make;
  const none = op('mul', op('sub', group.extent, i32(1)), i32(rows));
  const block = at(t.blocks);
  const query = variable(s.row.name);
  const of = (x: TileTensor): Expr =>
    at(
      x,
      new Map([
        [s.blocks.name, op('max', block, i32(0))],
        [make.part.name, op('quot', query, make.inside.extent)],
        [make.inside.name, op('rem', query, make.inside.extent)],
      ]),
    );
  const turn = op('add', of(t.before), of(t.rank));
  const visited = op('ge', block, i32(0));
  const own = op('select', visited, op('add', op('mul', of(t.first), i32(rows)), turn), none);
  return placingStage(`${name}_place`, batch, [s.row, nth], own, [
    {
      output: t.place.name,
      site: 'row',
      vectors: [],
      value: PLACE,
      indices: names([...batch, s.row, nth]),
    },
    {
      output: t.query.name,
      site: 'row',
      vectors: [],
      value: query,
      indices: [...names(batch), op('quot', PLACE, i32(rows)), op('rem', PLACE, i32(rows))],
      where: visited,
    },
  ]);
}
