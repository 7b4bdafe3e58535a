/**
 * Law: for any predicate, no kept pair lies outside of the tiles that a pass visits, and every element of a full tile exists
 * and is kept. Predicates become kernels, go through every pass of the tiled IR, and are compared by brute force.
 */
import { describe, it } from 'vitest';
import { compileExpr } from '../../src/expr/evaluate.ts';
import { bool, i32, op } from '../../src/expr/expr.ts';
import type { Interval } from '../../src/expr/solve.ts';
import { withSummaries } from '../../src/tile/count-summaries.ts';
import { tileMap } from '../../src/tile/count.ts';
import type { Bounds, TileAxis, TileProgram } from '../../src/tile/tile.ts';
import {
  AXIS_NAMES,
  caseText,
  anyCases,
  maskCases,
  scheduledCase,
  tensorsOf,
  valuesOf,
  type MaskCase,
} from './bounds-case.ts';
import { catches, demand, holds } from './law.ts';

type Damage = (b: Bounds) => Bounds;

function law(c: MaskCase, damage: Damage = (b) => b): void {
  const scheduled = scheduledCase(c);
  const stage = scheduled.stages.at(-1)!;
  const pass = { ...stage.passes[0]!, bounds: damage(stage.passes[0]!.bounds!) };
  const program: TileProgram = {
    ...scheduled,
    stages: [...scheduled.stages.slice(0, -1), { ...stage, passes: [pass] }],
  };
  const values = valuesOf(c);
  const facts = withSummaries(program, { values, tensors: tensorsOf(c) });
  const [N, K, M, L] = c.extents;
  const extent = { i: N, k: K, j: M, l: L };
  const keeps = predicateOf(c);
  for (const batch of points(stage.batch, extent)) {
    const { states } = tileMap(program, stage, pass, facts, batch);
    const sides = [stage.row, stage.stream].map((axes) => tiles(axes, extent, c, axes === stage.stream));
    for (const [r, block] of sides[0]!.entries())
      for (const [t, tile] of sides[1]!.entries()) {
        const state = states[r]![t]!;
        demand(
          state !== 'full' || !tile.short,
          () => `a full tile has positions past the end: ${caseText(c)}`,
        );
        if (state === 'partial') continue;
        for (const x of block.points)
          for (const y of tile.points) {
            const here = { ...batch, ...x, ...y };
            const kept = keeps(here);
            demand(
              !kept || state === 'full',
              () => `a kept pair is not visited: ${JSON.stringify(here)}, ${caseText(c)}`,
            );
            demand(
              kept || state === 'skipped',
              () => `not kept in a full tile: ${JSON.stringify(here)}, ${caseText(c)}`,
            );
          }
      }
  }
}

/** The predicate itself, at a point. */
function predicateOf(c: MaskCase): (at: Readonly<Record<string, number>>) => boolean {
  const names = [...AXIS_NAMES, 'w', 'm', 'u', 'v'];
  const frame = new Float64Array(names.length);
  const holdsHere = compileExpr(c.predicate, { frame, slot: (name) => names.indexOf(name) });
  const value = (n: number): number => c.data[n % c.data.length]!;
  return (at) => {
    AXIS_NAMES.forEach((a, n) => (frame[n] = at[a]!));
    const data = [value(at['i']! * c.extents[1] + at['k']!), value(at['j']! * c.extents[3] + at['l']!)];
    frame.set([c.w, c.m, ...data], AXIS_NAMES.length);
    return holdsHere() !== 0;
  };
}

function points(
  axes: readonly TileAxis[],
  extent: Readonly<Record<string, number>>,
): Record<string, number>[] {
  return axes.reduce<Record<string, number>[]>(
    (all, a) =>
      all.flatMap((p) => Array.from({ length: extent[a.name]! }, (_, n) => ({ ...p, [a.name]: n }))),
    [{}],
  );
}

interface TilePoints {
  readonly points: readonly Readonly<Record<string, number>>[];
  /** Some positions of the tile do not exist. */
  readonly short: boolean;
}

/** The points of every tile of a side, in the order of tiles. */
function tiles(
  axes: readonly TileAxis[],
  extent: Readonly<Record<string, number>>,
  c: MaskCase,
  stream: boolean,
): TilePoints[] {
  const shape = axes.map((a) => c.block[AXIS_NAMES.indexOf(a.name as 'i')]!);
  const size = shape.reduce((a, b) => a * b, 1);
  const all = points(axes, extent);
  const number = (p: Readonly<Record<string, number>>, position: number): number =>
    c.boxed && axes.length > 1
      ? axes.reduce(
          (n, a, x) => n * Math.ceil(extent[a.name]! / shape[x]!) + Math.floor(p[a.name]! / shape[x]!),
          0,
        )
      : Math.floor(position / size);
  const found: Record<string, number>[][] = [];
  for (const [n, p] of all.entries()) (found[number(p, n)] ??= []).push(p);
  return found.map((ps) => ({ points: ps, short: stream && ps.length < size }));
}

const inRanges =
  (change: (r: Interval, n: number) => Interval | undefined): Damage =>
  (b) => ({
    ...b,
    loops: b.loops.map((l) => ({
      ...l,
      ranges: l.ranges.map(change).filter((r): r is Interval => r !== undefined),
    })),
  });

describe('loop bounds', () => {
  it('of masks visit what is kept, and are right about full tiles', () =>
    holds(maskCases, (c) => law(c), 1300));
  it('of any predicate do so too', () => holds(anyCases, (c) => law(c), 700));

  it.each<[string, Damage]>([
    ['ranges that begin one late', inRanges((r) => (r.lo ? { ...r, lo: op('add', r.lo, i32(1)) } : r))],
    ['ranges that end one early', inRanges((r) => (r.hi ? { ...r, hi: op('sub', r.hi, i32(1)) } : r))],
    ['a range that is dropped', inRanges((r, n) => (n === 1 ? undefined : r))],
    ['full taken for visited', (b) => ({ ...b, may: b.full })],
    ['visited taken for full', (b) => ({ ...b, full: b.may })],
    ['integers that never overflow', (b) => ({ ...b, fits: bool(true) })],
  ])('notices %s', (_, damage) => catches(maskCases, (c) => law(c, damage), 1500));
});
