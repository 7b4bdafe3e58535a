/** What a launch costs, as its loops and operands say: operations of contractions, bytes that workgroups load. */
import { children, freeVars, key, visit, type Expr } from '../expr/expr.ts';
import { STORAGE } from '../expr/types.ts';
import type { StagePlan } from '../tile/plan.ts';
import type { TileCount } from '../tile/count.ts';
import type { Pass, Recurrence, Stage, TileAxis, TileProgram } from '../tile/tile.ts';
import { figure, product, type Values } from './formula.ts';

/** A multiplication and an addition per element of a vector that a pass contracts, for one pair of row and column. */
export function operationsPerPair(s: Stage, p: Pass): number {
  const vector = (name: string): number => s.vectors.find((v) => v.name === name)!.extent;
  const contracted = p.contractions.map((c) => vector(c.vector));
  const accumulated = p.steps.map((x) => (x.kind === 'accumulate' ? vector(x.vector) : 0));
  return 2 * [...contracted, ...accumulated].reduce((a, b) => a + b, 0);
}

/**
 * A multiplication and an addition for each element of a state that a row carries, and for each element of a vector that it
 * sums over, in one step: terms of a sum, each a product.
 */
export function operationsPerStep(s: Stage, r: Recurrence): readonly (readonly (number | Expr)[])[] {
  const elements = (axes: readonly string[]): readonly (number | Expr)[] => [
    2 * s.vectors.filter((v) => axes.includes(v.name)).reduce((n, v) => n * v.extent, 1),
    ...r.loops.filter((a) => axes.includes(a.name)).map((a) => a.extent),
  ];
  const sums = r.defs.flatMap(({ indices, value }) =>
    value.kind === 'reduce' ? [elements([...indices, ...value.axes])] : [],
  );
  return [...r.states.map((x) => elements(x.indices)), ...sums];
}

/** Bytes that a workgroup loads once, and in each step. */
export function loadedBySteps(
  p: TileProgram,
  s: Stage,
  r: Recurrence,
  plan: StagePlan,
  known: Values,
): { readonly once: number; readonly step: number } {
  const { streamShape: _, ...rows } = plan;
  const count = bytesOf(p, { ...s, stream: [r.axis] }, { ...rows, blockN: 1 }, known);
  const values = [...r.states.map((x) => x.init), ...r.defs.map((d) => d.value)];
  const { block, tile } = count(values, new Set());
  return { once: block, step: tile };
}

/** Tiles with the tests inside or without, which load different tensors. */
export interface LoadedPer {
  /** Bytes per block of rows, whatever is visited. */
  readonly block: number;
  /** Bytes per visited tile. */
  readonly tile: number;
  /** Bytes per tile whose predicates are evaluated, beside those of every tile. */
  readonly test: number;
}

/** Bytes of tensor elements that a workgroup loads if it loads each once per tile, and nothing is left from others. */
export function loadedBytes(p: TileProgram, s: Stage, plan: StagePlan, pass: Pass, known: Values): LoadedPer {
  const bytes = bytesOf(p, s, plan, known);
  const always = [
    ...pass.defs.map((d) => d.value),
    ...pass.operands.map((o) => o.value),
    ...pass.steps.map((x) => (x.kind === 'accumulate' ? x.weight : x.value)),
    ...pass.stores.map((x) => x.value),
  ];
  const tests = pass.keeps.flatMap((k) => (k.where ? [k.where] : []));
  const seen = new Set<string>();
  const all = bytes(always, seen);
  const test = bytes(tests, seen);
  const rows = bytes(
    pass.finish.map((d) => d.value),
    new Set(),
  );
  return {
    block: all.block + test.block + rows.block + rows.tile,
    tile: all.tile,
    test: test.tile,
  };
}

/** Bytes per block of rows outside of the passes. */
export function loadedByRows(p: TileProgram, s: Stage, plan: StagePlan, known: Values): number {
  const values = [...s.prologue, ...s.rowOperands, ...s.stores].map((x) => x.value);
  const { block, tile } = bytesOf(p, s, plan, known)(values, new Set());
  return block + tile;
}

type Count = (
  values: readonly Expr[],
  seen: Set<string>,
) => { readonly block: number; readonly tile: number };

function bytesOf(p: TileProgram, s: Stage, plan: StagePlan, known: Values): Count {
  const tensors = new Map(p.tensors.filter((t) => t.role !== 'out').map((t) => [t.name, t]));
  const extent = (a: TileAxis): number => {
    const x = figure(product(a.extent), known);
    return typeof x === 'number' ? x : Infinity;
  };
  /** Different coordinates of some axes in a tile. */
  const within = (
    axes: readonly TileAxis[],
    shape: readonly number[] | undefined,
    block: number,
    free: ReadonlySet<string>,
  ): number => {
    const moving = axes.filter((a) => free.has(a.name));
    if (moving.length === 0) return 1;
    if (shape) return moving.reduce((n, a) => n * Math.min(shape[axes.indexOf(a)]!, extent(a)), 1);
    // In a flattened block the axes inside of those that count run through first.
    const inner = axes.slice(axes.indexOf(moving.at(-1)!) + 1).reduce((n, a) => n * extent(a), 1);
    return Math.min(
      Math.ceil(block / inner),
      moving.reduce((n, a) => n * extent(a), 1),
    );
  };
  return (values, seen) => {
    let [perBlock, perTile] = [0, 0];
    const look = (e: Expr): void =>
      visit(e, (x) => {
        const tensor = x.kind === 'read' ? tensors.get(x.name) : undefined;
        if (!tensor || seen.has(key(x))) return;
        seen.add(key(x));
        const free = new Set<string>();
        for (const c of children(x)) freeVars(c, free);
        const vectors = s.vectors.filter((v) => free.has(v.name)).reduce((n, v) => n * v.extent, 1);
        const bytes =
          STORAGE[tensor.storage].bytes * vectors * within(s.row, plan.rowShape, plan.blockM, free);
        const columns = within(s.stream, plan.streamShape, plan.blockN, free);
        if (s.stream.some((a) => free.has(a.name))) perTile += bytes * columns;
        else perBlock += bytes;
      });
    values.forEach(look);
    return { block: perBlock, tile: perTile };
  };
}

/** Tiles in which predicates are evaluated. */
export const tested = (plan: StagePlan, tiles: TileCount): number =>
  plan.fullTiles === 'apart' ? tiles.partial : tiles.visited;
