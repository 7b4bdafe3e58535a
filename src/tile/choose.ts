/**
 * Chooses, for one output definition, the axes of its stage: which reductions are streamed over, which axes become rows
 * of a tile, which are coordinates of a workgroup and which are vectors held by a lane.
 */
import { key, type Expr } from '../expr/expr.ts';
import { Graph, sameSet } from './graph.ts';

export interface StageShape {
  readonly batch: readonly string[];
  readonly row: readonly string[];
  readonly stream: readonly string[];
}

interface Candidate {
  readonly axes: readonly string[];
  readonly depth: number;
}

/** Reductions in the cone with their least distance from the root, nearest first. */
function reductionsByDepth(g: Graph, root: string): Candidate[] {
  const found = new Map<string, number>();
  const queue: { name: string; depth: number }[] = [{ name: root, depth: 0 }];
  for (let at = 0; at < queue.length; at++) {
    const { name, depth } = queue[at]!;
    if (found.has(name)) continue;
    found.set(name, depth);
    const reduce = g.reduction(name);
    for (const r of g.reads(g.def(name).value)) queue.push({ name: r, depth: depth + (reduce ? 1 : 0) });
  }
  return [...found]
    .flatMap(([name, depth]) => {
      const r = g.reduction(name);
      return r ? [{ axes: r.axes, depth }] : [];
    })
    .sort((a, b) => a.depth - b.depth);
}

function chooseStream(g: Graph, root: string): readonly string[] {
  const all = reductionsByDepth(g, root);
  const among = all.filter((c) => !c.axes.some((a) => g.isFeature(a)));
  // Rows and columns of matrices are elements of vectors elsewhere: what is none anywhere comes first.
  const positions = among.find((c) => !c.axes.some((a) => g.isElement(a))) ?? among[0];
  if (positions) return positions.axes;
  // Only features are reduced: stream over one whose extent is open, else hold it in a lane.
  const open = all.find((c) => c.axes.some((a) => g.fixedExtent(a) === undefined));
  return open?.axes ?? productColumns(g, root);
}

/** Shorter sides of a product fill no tile. */
const LEAST_SIDE = 8;

/**
 * Where each element of the result is a product of two vectors, one of which all elements of a row read and the other all of
 * a column: the axis of the columns, so that elements of a tile share both.
 */
function productColumns(g: Graph, root: string): readonly string[] {
  const { indices } = g.def(root);
  const long = indices.filter((a) => (g.fixedExtent(a) ?? Infinity) >= LEAST_SIDE);
  for (const d of g.cone(root)) {
    const r = g.reduction(d);
    if (r?.op !== 'sum' || r.where || r.body.kind !== 'op' || r.body.op !== 'mul') continue;
    const sides = r.body.args.map((x) => (x.kind === 'read' ? g.axes(x) : undefined));
    const [a, b] = sides;
    if (!a || !b || !r.axes.every((x) => a.has(x) && b.has(x))) continue;
    const only = (these: ReadonlySet<string>, others: ReadonlySet<string>): string | undefined =>
      long.findLast((x) => these.has(x) && !others.has(x));
    const [left, right] = [only(a, b), only(b, a)];
    if (left === undefined || right === undefined) continue;
    return [indices.indexOf(left) > indices.indexOf(right) ? left : right];
  }
  return [];
}

/** Distinct tensor reads under a definition that move with the stream. */
function streamReads(g: Graph, root: string, stream: readonly string[]): Expr[] {
  const out = new Map<string, Expr>();
  for (const d of g.cone(root))
    for (const r of g.tensorReads(g.def(d).value))
      if (stream.some((a) => g.axes(r).has(a))) out.set(key(r), r);
  return [...out.values()];
}

/**
 * Rows are the axes that the streamed tensors depend on least, so that a tile of them is shared by all rows; where no
 * streamed vector depends on them, several axes are rows together. Vectors count before scalars: a contraction needs one operand without rows.
 */
function chooseRow(
  g: Graph,
  root: string,
  free: readonly string[],
  stream: readonly string[],
): readonly string[] {
  if (free.length === 0) return [];
  if (stream.length === 0) return innermost(g, free);
  const reads = streamReads(g, root, stream);
  const vectors = reads.filter((r) => [...g.axes(r)].some((a) => g.isFeature(a)));
  const least = (
    axes: readonly string[],
    among: readonly Expr[],
  ): { axes: readonly string[]; uses: number } => {
    const count = (a: string): number => among.filter((r) => g.axes(r).has(a)).length;
    const uses = Math.min(...axes.map(count));
    return { axes: axes.filter((a) => count(a) === uses), uses };
  };
  const apart = least(free, vectors);
  const rows = least(apart.axes, reads);
  // A scalar that every element reads for itself does not care how rows lie; a vector does.
  return apart.uses === 0 ? rows.axes : rows.axes.slice(-1);
}

/** Rows of one block, where each row is computed by itself. */
const ENOUGH_ROWS = 64;

/**
 * The innermost axes that make enough rows for a workgroup: the others are coordinates of workgroups, which lanes need not
 * divide out of a number. All axes where the innermost are too short; where they are open, the two innermost.
 */
function innermost(g: Graph, free: readonly string[]): readonly string[] {
  let rows = 1;
  for (let n = free.length - 1; n >= 0; n--) {
    const extent = g.fixedExtent(free[n]!);
    // A number is divided once to find two coordinates, and dividing is slow.
    if (extent === undefined) return free.slice(n === free.length - 1 ? Math.max(0, n - 1) : n);
    rows *= extent;
    if (rows >= ENOUGH_ROWS) return rows % ENOUGH_ROWS === 0 ? free.slice(n) : free;
  }
  return free;
}

export function chooseShape(g: Graph, root: string, asRows: ReadonlySet<string>): StageShape {
  const indices = g.def(root).indices;
  const stream = chooseStream(g, root);
  const held = (a: string): boolean => g.isFeature(a) && !asRows.has(a) && vectorPossible(g, root, a, stream);
  const free = indices.filter((a) => !stream.includes(a) && !held(a));
  const forced = free.filter((a) => asRows.has(a));
  const chosen = chooseRow(
    g,
    root,
    free.filter((a) => !asRows.has(a)),
    stream,
  );
  const row = free.filter((a) => chosen.includes(a) || forced.includes(a));
  return { batch: free.filter((a) => !row.includes(a)), row, stream };
}

/** The same stage with a workgroup for each row. */
export const rowAlone = (s: StageShape): StageShape => ({ ...s, batch: [...s.batch, ...s.row], row: [] });

/** A lane can hold a vector only when its extent is fixed; without a reduction there is nothing to hold it for. */
function vectorPossible(g: Graph, root: string, axis: string, stream: readonly string[]): boolean {
  const reduces = [...g.cone(root)].some((d) => g.reduction(d));
  return reduces && (g.fixedExtent(axis) !== undefined || stream.length > 0);
}

export const shapeKey = (s: StageShape): string =>
  `${s.batch.join(',')}|${s.row.join(',')}|${s.stream.join(',')}`;

/** How a stage treats a reduction: over its stream, over axes held by a lane, or not here. */
export function reductionKind(g: Graph, shape: StageShape, name: string): 'stream' | 'vector' | 'elsewhere' {
  const r = g.reduction(name)!;
  const indices = g.def(name).indices;
  if (sameSet(r.axes, shape.stream))
    return indices.some((a) => shape.stream.includes(a)) ? 'elsewhere' : 'stream';
  const taken = [...shape.batch, ...shape.row, ...shape.stream];
  const held = (a: string): boolean => !taken.includes(a) && (g.isFeature(a) || g.isShort(a));
  return r.axes.every(held) ? 'vector' : 'elsewhere';
}
