/**
 * Lists of the queries that selected a block of keys, in increasing order, cut into groups of R. Groups of all blocks lie one
 * after the other, those of a block together; behind them are groups of no block, at
 * least one, and it is empty.
 *
 *   blocks[i, n]  = the n-th block of query i, or −1
 *   upto[c, i]    = how many queries up to i selected block c, of the part of PART queries in which i is
 *   before[c, p]  = how many of the parts before part p did; total[c] all of them
 *   first[c]      = number of the first group of block c
 *   block[t]      = the block of group t, or −1
 *   query[t, r]   = the r-th query of group t: how many have before + upto <= its place in the list; N where there is none
 *   place[i, n]   = where query i is in the lists of its n-th block; in the last group where there is none
 *
 * Nothing depends on the order in which lanes run. Parts are counted at the same time, so that no lane goes through all queries.
 */
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { foldingStage } from '../folding-stage.ts';
import type { StagePlan } from '../plan.ts';
import { tileCount } from '../sides.ts';
import type { Stage, StepDef, TileAxis, TileTensor } from '../tile.ts';
import { counts, countsBefore, PART, partCounts, upTo } from './counts.ts';
import { at, cast, names, steps, type Make } from './make.ts';
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
  /** The plan of a stage. */
  readonly planOf: (s: Stage) => StagePlan;
  /** Each lane counts some of the queries of a block; else a lane counts all of them, where few lanes run at a time. */
  readonly inParts: boolean;
}

export function queryLists(
  name: string,
  s: Selected,
  { batch, rows, planOf, inParts }: ListChoice,
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
  const part: TileAxis = { name: `${row.name}.part`, extent: tileCount(row.extent, PART) };
  const inside: TileAxis = { name: `${row.name}.inside`, extent: i32(PART) };
  const tensor = (what: string, axes: readonly TileAxis[]): TileTensor => ({
    name: `ws.${name}.${what}`,
    role: 'workspace',
    storage: 'i32',
    shape: [...batch, ...axes].map((a) => a.extent),
    axes: names([...batch, ...axes]),
  });
  const t = {
    blocks: tensor('blocks', [row, nth]),
    // Neighbouring lanes have neighbouring blocks.
    upto: inParts ? tensor('upto', [part, inside, blocks]) : tensor('upto', [blocks, row]),
    ...(inParts ? { count: tensor('count', [part, blocks]), before: tensor('before', [part, blocks]) } : {}),
    total: tensor('total', [blocks]),
    first: tensor('first', [blocks]),
    block: tensor('block', [group]),
    query: tensor('query', [group, member]),
    place: tensor('place', [row, nth]),
  };
  const make: Make = { name, s, batch, rows, nth, group, member, part, inside, t };
  const stages = [
    blocksOfRows(make),
    ...(t.count && t.before
      ? [partCounts(make, t.count), countsBefore(make, t.count, t.before)]
      : [counts(make)]),
    firsts(make),
    blocksOfGroups(make),
    queries(make),
    places(make),
  ];
  const place = at(t.place, new Map());
  return {
    stages: stages.map((x) => ({ ...x, plan: planFor(x, planOf(x), rows) })),
    tensors: Object.values(t),
    group,
    member,
    nth,
    block: at(t.block, new Map()),
    query: at(t.query, new Map()),
    place: [op('quot', place, i32(rows)), op('rem', place, i32(rows))],
  };
}

/** Where every workgroup has few steps to take, it is for all rows of a group. */
function planFor(s: Stage, plan: StagePlan, rows: number): StagePlan {
  const [row] = s.row;
  if (!s.recurrence || row?.extent.kind !== 'const' || row.extent.value !== rows) return plan;
  const columns = Math.max(1, Math.min(MOST_COLUMNS, Math.ceil(rows / plan.lanes)));
  return { ...plan, blockM: plan.lanes * columns };
}
const MOST_COLUMNS = 8;

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
  return steps(`${name}_blocks`, batch, [row], [{ name: nth.name, extent: s.most }], {
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
  return summing(make, {
    name: `${name}_first`,
    batch,
    row: s.blocks,
    stream: other,
    where: op('lt', variable(other.name), variable(s.blocks.name)),
    value: groupsOf(make, variable(other.name), s.blocks.name),
    output: t.first.name,
    result: (sum) => sum,
  });
}

/** How many blocks end before a group. */
function blocksOfGroups(make: Make): Stage {
  const { name, s, batch, group, t } = make;
  const c = s.blocks.name;
  const end = op('add', at(t.first, new Map()), groupsOf(make, variable(c), c));
  return summing(make, {
    name: `${name}_block`,
    batch,
    row: group,
    stream: s.blocks,
    value: cast(op('le', end, variable(group.name))),
    output: t.block.name,
    result: (sum) => op('select', op('lt', sum, s.blocks.extent), sum, i32(-1)),
  });
}

function summing(
  { batch }: Make,
  x: {
    readonly name: string;
    readonly batch: readonly TileAxis[];
    readonly row: TileAxis;
    readonly stream: TileAxis;
    readonly where?: Expr;
    readonly value: Expr;
    readonly output: string;
    readonly result: (sum: Expr) => Expr;
  },
): Stage {
  const { plan: _, ...made } = foldingStage({
    name: x.name,
    batch,
    row: [x.row],
    stream: [x.stream],
    ...(x.where ? { where: x.where } : {}),
    steps: [{ kind: 'fold', name: 'sum', op: 'sum', type: 'i32', value: x.value, keep: 'keep' }],
    stores: [
      {
        output: x.output,
        site: 'row',
        vectors: [],
        value: x.result(read('sum', [], 'i32')),
        indices: names([...batch, x.row]),
      },
    ],
    plan: NO_PLAN,
  });
  return made;
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

/** The first query of which more have come than the place says, found by halving what is left. */
function queries(make: Make): Stage {
  const { name, s, batch, rows, group, member, t } = make;
  const axis: TileAxis = { name: `${s.row.name}.halving`, extent: halvings(s.row.extent) };
  const all = names([...batch, group, member, axis]);
  const value = (what: string): Expr =>
    read(
      what,
      all.map((a) => variable(a)),
      'i32',
    );
  const [low, high, middle] = ['low', 'high', 'middle'].map(value) as [Expr, Expr, Expr];
  const block = at(t.block, new Map());
  const of = (x: TileTensor): Expr => at(x, new Map([[s.blocks.name, block]]));
  const turn = op('mul', op('sub', variable(group.name), of(t.first)), i32(rows));
  const place = op('add', turn, variable(member.name));
  const clamped = op('min', middle, op('sub', s.row.extent, i32(1)));
  const upto = upTo(make, block, clamped);
  const open = op('lt', low, high);
  const above = op('le', upto, place);
  const def = (what: string, e: Expr): StepDef => ({ name: what, type: 'i32', indices: all, value: e });
  return steps(`${name}_query`, [...batch, group], [member], [], {
    axis,
    reverse: false,
    loops: [],
    states: [
      {
        name: 'low',
        type: 'i32',
        indices: all,
        init: op('select', op('lt', place, of(t.total)), i32(0), s.row.extent),
        next: 'low.next',
      },
      { name: 'high', type: 'i32', indices: all, init: s.row.extent, next: 'high.next' },
    ],
    defs: [
      def('middle', op('quot', op('add', low, high), i32(2))),
      def('low.next', op('select', op('and', open, above), op('add', middle, i32(1)), low)),
      def('high.next', op('select', op('and', open, op('not', above)), middle, high)),
    ],
    stores: [],
    finals: [{ output: t.query.name, name: 'low', indices: names([...batch, group, member]) }],
  });
}

/** Halvings after which one of n + 1 places is left; one more does no harm, so that the logarithm may be rounded. */
function halvings(n: Expr): Expr {
  if (n.kind === 'const') return i32(Math.ceil(Math.log2(n.value + 1)));
  return op('add', cast(op('log2', cast(op('max', n, i32(1)), 'f32'))), i32(2));
}

function places(make: Make): Stage {
  const { name, s, batch, rows, nth, group, t } = make;
  const none = op('mul', op('sub', group.extent, i32(1)), i32(rows));
  const block = at(t.blocks, new Map());
  const of = (x: TileTensor): Expr => at(x, new Map([[s.blocks.name, op('max', block, i32(0))]]));
  const turn = op('sub', upTo(make, op('max', block, i32(0)), variable(s.row.name)), i32(1));
  const found = op('add', op('mul', of(t.first), i32(rows)), turn);
  return {
    name: `${name}_place`.replaceAll('.', '_'),
    batch,
    row: [s.row, nth],
    stream: [],
    vectors: [],
    prologue: [],
    rowOperands: [],
    passes: [],
    stores: [
      {
        output: t.place.name,
        site: 'row',
        vectors: [],
        value: op('select', op('ge', block, i32(0)), found, none),
        indices: names([...batch, s.row, nth]),
      },
    ],
  };
}
