/** How many queries selected a block before each of them: `rank`, `count`, `before` and `total` of lists.ts. */
import { op, read, substitute, variable, type Expr } from '../../expr/expr.ts';
import { at, cast, countingStage } from '../small-stages.ts';
import type { Stage, TileAxis } from '../tile.ts';
import { summing, type Make } from './make.ts';

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
  const block = substitute(at(t.blocks), new Map([[s.row.name, query]]));
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
export const countsBefore = ({ name, s, batch, part, t }: Make): Stage =>
  countingStage(`${name}_before`, {
    batch,
    row: [s.blocks],
    axis: part,
    counted: at(t.count),
    before: t.before,
    all: { output: t.total.name, indices: t.total.axes.map((a) => a!) },
  });
