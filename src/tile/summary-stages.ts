/** The stages that compute summaries: one row per block of rows, tile of the stream, or pair of them. */
import { children, i32, op, read, substitute, variable, type Expr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import type { ScalarType } from '../expr/types.ts';
import { foldingStage } from './folding-stage.ts';
import type { StagePlan } from './plan.ts';
import { decode, extents, type TileLoop } from './sides.ts';
import type { Stage, Step, TileAxis } from './tile.ts';

export interface SummaryEntry {
  readonly variable: string;
  readonly value: Expr;
}
export interface SummaryGroup {
  readonly side: 'rows' | 'stream' | 'pairs';
  readonly type: 'i32' | 'u32';
  readonly tensor: string;
  readonly entries: SummaryEntry[];
}
/** Along which the summaries of a group lie. */
export interface SummaryLoops {
  readonly rows: readonly TileLoop[];
  readonly stream: readonly TileLoop[];
}

/** A loop whose positions are asked at every `step`-th only. */
interface Asked {
  readonly loop: TileLoop;
  readonly step: number;
}
interface Positions {
  readonly where: Expr;
  readonly coordinates: ReadonlyMap<string, Expr>;
}

export function summaryStage(
  stage: Stage,
  g: SummaryGroup,
  loops: SummaryLoops,
  batch: readonly TileAxis[],
  plan: StagePlan,
): Stage {
  const sides = [
    { axes: stage.row, asked: askedOf(g, loops.rows, stage.row) },
    { axes: stage.stream, asked: askedOf(g, loops.stream, stage.stream) },
  ].filter((s) => s.asked.length > 0);
  const found = sides.map((s) => positions(s.axes, s.asked));
  const where = found.map((f) => f.where).reduce((a, b) => simplify(op('and', a, b)));
  const coordinates = new Map(found.flatMap((f) => [...f.coordinates]));
  const asked = sides.flatMap((s) => s.asked);
  const indices = [...batch.map((a) => a.name), ...asked.map(({ loop }) => `${loop.axis}.tile`)];
  const { steps, stores } = folds(g, coordinates, indices);
  return foldingStage({
    name: g.tensor.slice('ws.'.length),
    batch,
    row: asked.map(({ loop: l }) => ({ name: `${l.axis}.tile`, extent: l.tiles })),
    stream: asked.map(({ loop: l, step }) => ({ name: `${l.axis}.at`, extent: i32(l.block / step) })),
    where,
    steps,
    stores,
    plan,
  });
}

function folds(
  g: SummaryGroup,
  coordinates: ReadonlyMap<string, Expr>,
  indices: readonly string[],
): { readonly steps: readonly Step[]; readonly stores: Stage['stores'] } {
  const steps: Step[] = [];
  const stores: Stage['stores'][number][] = [];
  for (const [n, x] of g.entries.entries()) {
    const inner = substitute(x.value, coordinates);
    const value: Expr =
      x.value.type === 'bool' ? { kind: 'op', type: 'i32', op: 'cast', args: [inner] } : inner;
    for (const [at, fold] of (['min', 'max'] as const).entries()) {
      const name = `${fold}${n}`;
      steps.push({ kind: 'fold', name, op: fold, type: g.type, value, keep: 'keep' });
      stores.push({
        output: g.tensor,
        site: 'row',
        vectors: [],
        value: read(name, [], g.type as ScalarType),
        indices: [2 * n + at, ...indices],
      });
    }
  }
  return { steps, stores };
}

/** Where a side is one axis that enters through `axis / size` only, one position of each such block answers for it. */
function askedOf(g: SummaryGroup, loops: readonly TileLoop[], axes: readonly TileAxis[]): readonly Asked[] {
  const [only] = axes;
  if (g.side !== 'pairs' || axes.length !== 1 || !only) return loops.map((loop) => ({ loop, step: 1 }));
  return loops.map((loop) => ({
    loop,
    step: g.entries.map((x) => blockSize(x.value, only.name, loop.block)).reduce(divisor, loop.block),
  }));
}

/** The greatest step that meets every value of the quotients by which the axis enters; 1 if it enters otherwise. */
export function blockSize(e: Expr, axis: string, most: number): number {
  let step = most;
  const walk = (x: Expr): void => {
    const [a, b] = x.kind === 'op' && (x.op === 'quot' || x.op === 'idiv') ? x.args : [];
    if (a?.kind === 'var' && a.name === axis && b?.kind === 'const' && b.value > 0)
      step = divisor(step, b.value);
    else if (x.kind === 'var' && x.name === axis) step = 1;
    else children(x).forEach(walk);
  };
  walk(e);
  return step;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Coordinates of the positions of a block, and whether they exist. */
function positions(axes: readonly TileAxis[], asked: readonly Asked[]): Positions {
  const at = ({ loop: l, step }: Asked): Expr =>
    op(
      'add',
      op('mul', variable(`${l.axis}.tile`), i32(l.block)),
      simplify(op('mul', variable(`${l.axis}.at`), i32(step))),
    );
  const coordinates = new Map<string, Expr>();
  const [only] = asked;
  if (asked.length === 1 && only) {
    decode(axes, at(only), (a, e) => coordinates.set(a, e));
    return { where: op('lt', at(only), extents(axes)), coordinates };
  }
  for (const a of asked) coordinates.set(a.loop.axis, at(a));
  const inside = asked.map((a): Expr => op('lt', at(a), a.loop.extent));
  return { where: inside.reduce((a, b) => simplify(op('and', a, b))), coordinates };
}
