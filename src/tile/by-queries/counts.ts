/** How many queries selected a block before each of them: `rank`, `count`, `before` and `total` of lists.ts. */
import { i32, op, read, substitute, variable, type Expr } from '../../expr/expr.ts';
import type { Stage, StepDef, TileAxis } from '../tile.ts';
import { stepStage } from '../small-stages.ts';
import { at, cast, names, summing, type Make } from './make.ts';

/** Numbers of a part's queries, from the place inside of the part. */
const queryOf = ({ part, inside }: Make, place: string = inside.name): Expr =>
  op('add', op('mul', variable(part.name), inside.extent), variable(place));

/** Every query of a part looks at those before it, for each of its blocks. */
export function ranks(make: Make): Stage {
  const { name, s, batch, part, inside, nth, t } = make;
  const [other, theirs] = [inside, nth].map((a): TileAxis => ({ ...a, name: `${a.name}.other` })) as [
    TileAxis,
    TileAxis,
  ];
  const block = (place: TileAxis, n: TileAxis): Expr =>
    at(
      t.blocks,
      new Map([
        [s.row.name, queryOf(make, place.name)],
        [nth.name, variable(n.name)],
      ]),
    );
  const [mine, same] = ['own', 'other'].map((x) => read(x, [], 'i32')) as [Expr, Expr];
  return summing({
    name: `${name}_rank`,
    batch: [...batch, part],
    row: [inside, nth],
    prologue: [{ name: 'own', site: 'row', vectors: [], type: 'i32', value: block(inside, nth) }],
    stream: [other, theirs],
    defs: [{ name: 'other', site: 'col', vectors: [], type: 'i32', value: block(other, theirs) }],
    where: op('lt', variable(other.name), variable(inside.name)),
    value: cast(op('eq', mine, same)),
    output: t.rank,
  });
}

/** Every block goes through the queries of a part. */
export function partCounts(make: Make): Stage {
  const { name, s, batch, part, inside, nth, t } = make;
  const query = queryOf(make);
  const block = substitute(at(t.blocks, new Map()), new Map([[s.row.name, query]]));
  return summing({
    name: `${name}_count`,
    batch: [...batch, part],
    row: [s.blocks],
    stream: [inside, nth],
    defs: [{ name: 'other', site: 'col', vectors: [], type: 'i32', value: block }],
    where: op('lt', query, s.row.extent),
    value: cast(op('eq', read('other', [], 'i32'), variable(s.blocks.name))),
    output: t.count,
  });
}

/** What the parts before a part counted. */
export function countsBefore({ name, s, batch, part, t }: Make): Stage {
  const own = names([...batch, s.blocks, part]);
  const sum = read(
    'sum',
    own.map((a) => variable(a)),
    'i32',
  );
  const def = (what: string, value: Expr): StepDef => ({ name: what, type: 'i32', indices: own, value });
  return stepStage(`${name}_before`, batch, [s.blocks], [], {
    axis: part,
    reverse: false,
    loops: [],
    states: [{ name: 'sum', type: 'i32', indices: own, init: i32(0), next: 'sum.next' }],
    defs: [def('before', sum), def('sum.next', op('add', sum, at(t.count, new Map())))],
    stores: [{ output: t.before.name, name: 'before', indices: t.before.axes.map((a) => a!) }],
    finals: [{ output: t.total.name, name: 'sum', indices: t.total.axes.map((a) => a!) }],
  });
}
