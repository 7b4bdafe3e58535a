/** How many queries selected a block, up to each of them: `upto`, `before` and `total` of lists.ts. */
import { i32, op, read, substitute, variable, type Expr } from '../../expr/expr.ts';
import type { Stage, StepDef, TileAxis, TileTensor } from '../tile.ts';
import { at, cast, names, steps, type Make } from './make.ts';

/** Queries that one lane goes through. */
export const PART = 64;

/** A lane counts the queries along an axis that visit its block. */
function counting(make: Make, x: Count): Stage {
  const { name, s, t } = make;
  const own = names([...x.batch, s.blocks, x.axis]);
  const count = read(
    'count',
    own.map((a) => variable(a)),
    'i32',
  );
  return steps(`${name}_upto`, x.batch, [s.blocks], [], {
    axis: x.axis,
    reverse: false,
    loops: [],
    states: [{ name: 'count', type: 'i32', indices: own, init: i32(0), next: 'upto' }],
    defs: [{ name: 'upto', type: 'i32', indices: own, value: op('add', count, cast(x.visits)) }],
    stores: [{ output: t.upto.name, name: 'upto', indices: axesOf(t.upto) }],
    finals: [{ output: x.total.name, name: 'count', indices: axesOf(x.total) }],
  });
}

interface Count {
  readonly batch: readonly TileAxis[];
  readonly axis: TileAxis;
  readonly visits: Expr;
  readonly total: TileTensor;
}

const axesOf = (t: TileTensor): readonly string[] => t.axes.map((a) => a!);

/** Every block goes through all queries. */
export const counts = (make: Make): Stage =>
  counting(make, { batch: make.batch, axis: make.s.row, visits: make.s.visits, total: make.t.total });

/** Every block goes through the queries of a part. */
export function partCounts(make: Make, total: TileTensor): Stage {
  const { s, batch, part, inside } = make;
  const query = op('add', op('mul', variable(part.name), i32(PART)), variable(inside.name));
  const exists = op('lt', query, s.row.extent);
  const visits = op('and', exists, substitute(s.visits, new Map([[s.row.name, query]])));
  return counting(make, { batch: [...batch, part], axis: inside, visits, total });
}

/** What the parts before a part counted. */
export function countsBefore(
  { name, s, batch, part, t }: Make,
  count: TileTensor,
  before: TileTensor,
): Stage {
  const own = names([...batch, s.blocks, part]);
  const sum = read(
    'sum',
    own.map((a) => variable(a)),
    'i32',
  );
  const def = (what: string, value: Expr): StepDef => ({ name: what, type: 'i32', indices: own, value });
  return steps(`${name}_before`, batch, [s.blocks], [], {
    axis: part,
    reverse: false,
    loops: [],
    states: [{ name: 'sum', type: 'i32', indices: own, init: i32(0), next: 'sum.next' }],
    defs: [def('before', sum), def('sum.next', op('add', sum, at(count, new Map())))],
    stores: [{ output: before.name, name: 'before', indices: axesOf(before) }],
    finals: [{ output: t.total.name, name: 'sum', indices: axesOf(t.total) }],
  });
}

/** How many queries up to one selected a block. */
export function upTo({ s, part, inside, t }: Make, block: Expr, query: Expr): Expr {
  const index = new Map([
    [s.blocks.name, block],
    [s.row.name, query],
    [part.name, op('quot', query, i32(PART))],
    [inside.name, op('rem', query, i32(PART))],
  ]);
  const here = at(t.upto, index);
  return t.before ? op('add', at(t.before, index), here) : here;
}
