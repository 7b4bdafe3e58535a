/** The shape of tiles along several axes: boxes where predicates restrict more than the outermost axis. */
import { freeVars, type Expr } from '../expr/expr.ts';
import { evalConst } from '../expr/evaluate.ts';
import { domains } from './domain.ts';
import type { Stage, TileAxis } from './tile.ts';

export interface Shapes {
  readonly rowShape?: readonly number[];
  readonly streamShape?: readonly number[];
}

/**
 * @param blockM rows of a tile, a power of two
 * @param blockN positions of a tile, a power of two
 * @param sizes what is known of the sizes; an axis gets no more than it needs
 */
export function tileShapes(
  s: Stage,
  blockM: number,
  blockN: number,
  sizes: ReadonlyMap<string, number>,
): Shapes {
  const restricted = new Set<string>();
  for (const p of s.passes)
    for (const e of domains(s, p)) if (e) for (const v of freeVars(e)) restricted.add(v);
  const rowShape = shapeOf(s.row, blockM, restricted, sizes);
  const streamShape = shapeOf(s.stream, blockN, restricted, sizes);
  return { ...(rowShape ? { rowShape } : {}), ...(streamShape ? { streamShape } : {}) };
}

/** Undefined: a flattened side bounds its outermost axis, which is all that is asked. */
function shapeOf(
  axes: readonly TileAxis[],
  block: number,
  restricted: ReadonlySet<string>,
  sizes: ReadonlyMap<string, number>,
): readonly number[] | undefined {
  if (!axes.slice(1).some((a) => restricted.has(a.name))) return undefined;
  if (!Number.isInteger(Math.log2(block))) return undefined;
  const shape = axes.map(() => 1);
  const room = axes.map((a) => Math.max(1, known(a.extent, sizes) ?? Infinity));
  let left = block;
  // The innermost axis first: neighbours in memory stay together. An axis without room passes its turn on.
  for (let n = axes.length - 1, idle = 0; left > 1; n = (n + axes.length - 1) % axes.length) {
    const wanted = restricted.has(axes[n]!.name) && shape[n]! < room[n]!;
    if (wanted || idle > axes.length) {
      shape[n]! *= 2;
      left /= 2;
      idle = 0;
    } else idle++;
  }
  return shape;
}

function known(e: Expr, sizes: ReadonlyMap<string, number>): number | undefined {
  return [...freeVars(e)].every((v) => sizes.has(v)) ? evalConst(e, sizes) : undefined;
}
