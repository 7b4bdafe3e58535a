/** The tiles that are visited are those that hold a kept pair, and full ones those in which all are, for masks people use. */
import { describe, expect, it } from 'vitest';
import { normalizeIr, scheduleTile } from '../../src/pipeline.ts';
import { withSummaries } from '../../src/tile/count-summaries.ts';
import { countTiles, tileMap, type TileState } from '../../src/tile/count.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import type { StagePlan } from '../../src/tile/plan.ts';
import type { Stage, TileProgram } from '../../src/tile/tile.ts';
import { GPU } from '../laws/lowering.ts';
import { kernelOf } from '../support/kernels.ts';
import { CATALOGUE, type CatalogueMask, type Numbers, type Setting } from '../support/mask-catalogue.ts';

interface TileShape {
  readonly row: readonly number[];
  readonly stream: readonly number[];
}
const LINES: readonly TileShape[] = [
  { row: [16], stream: [8] },
  { row: [8], stream: [16] },
];
const BOXES: readonly TileShape[] = [
  { row: [4, 4], stream: [4, 2] },
  { row: [2, 8], stream: [4, 4] },
];
const FIXED = { D: 4, E: 4 };

function scheduled(mask: CatalogueMask, shape: TileShape): { program: TileProgram; stage: Stage } {
  const options = { fixed: FIXED, limits: GPU };
  const plain = tileProgram(
    normalizeIr(kernelOf(mask.source, { consts: mask.consts ?? {} }), options),
    FIXED,
  );
  expect(plain.stages.length).toBe(1);
  const size = (xs: readonly number[]): number => xs.reduce((a, b) => a * b, 1);
  const boxes = shape.row.length > 1 ? { rowShape: shape.row, streamShape: shape.stream } : {};
  const plan: StagePlan = {
    arrangement: 'lane-rows',
    blockM: size(shape.row),
    blockN: size(shape.stream),
    lanes: size(shape.row),
    operands: 'direct',
    fullTiles: 'apart',
    ...boxes,
  };
  const program = scheduleTile(plain, { ...options, plans: [plan] });
  return { program, stage: program.stages.at(-1)! };
}

const tilesAlong = (extent: number, block: number): number[][] =>
  Array.from({ length: Math.ceil(extent / block) }, (_, t) =>
    Array.from({ length: Math.min(block, extent - t * block) }, (_, n) => t * block + n),
  );

/** Coordinates of the points of each tile along some axes, row-major. */
function tilesOf(axes: readonly string[], extents: readonly number[], shape: readonly number[]): Numbers[][] {
  return axes.reduce<Numbers[][]>(
    (tiles, axis, n) =>
      tiles.flatMap((points) =>
        tilesAlong(extents[n]!, shape[n]!).map((xs) =>
          points.flatMap((p) => xs.map((x) => ({ ...p, [axis]: x }))),
        ),
      ),
    [[{}]],
  );
}

/** What must be found, from the mask itself. */
function exactStates(
  mask: CatalogueMask,
  s: Setting,
  shape: TileShape,
  stage: Stage,
  b: number,
): TileState[][] {
  const image = stage.row.length > 1;
  const { N, M, Y, X } = s.values as Record<'N' | 'M' | 'Y' | 'X', number>;
  const rows = tilesOf(image ? ['iy', 'ix'] : ['i'], image ? [Y, X] : [N], shape.row);
  const columns = tilesOf(image ? ['jy', 'jx'] : ['j'], image ? [Y, X] : [M], shape.stream);
  const whole = shape.stream.reduce((a, c) => a * c, 1);
  return rows.map((block) =>
    columns.map((tile) => {
      let kept = 0;
      for (const r of block) for (const c of tile) if (mask.keeps({ b, ...r, ...c }, s)) kept++;
      if (kept === 0) return 'skipped';
      return kept === block.length * tile.length && tile.length === whole ? 'full' : 'partial';
    }),
  );
}

/** The state to expect: the exact one, or the one found where the mask says that more is not seen. */
function allowed(mask: CatalogueMask, exact: TileState, found: TileState): TileState {
  if (mask.fullUnseen && exact === 'full' && found === 'partial') return found;
  if (mask.visitedUnseen && exact === 'skipped' && found === 'partial') return found;
  return exact;
}

const picture = (states: readonly (readonly TileState[])[]): string[] =>
  states.map((row) => row.map((x) => ({ skipped: '.', partial: 'o', full: '#' })[x]).join(''));

describe.each(CATALOGUE.map((m) => [m.name, m] as const))('%s', (_, mask) => {
  const image = 'Y' in mask.settings[0]!.values;
  it.each(image ? BOXES : LINES)('in tiles of $row × $stream', (shape) => {
    const { program, stage } = scheduled(mask, shape);
    const pass = stage.passes[0]!;
    for (const s of mask.settings) {
      const facts = withSummaries(program, { ...s, values: { ...FIXED, ...s.values } });
      const totals = { visited: 0, full: 0 };
      for (let b = 0; b < s.values['B']!; b++) {
        const wanted = exactStates(mask, s, shape, stage, b);
        const found = tileMap(program, stage, pass, facts, { b }).states;
        const seen = wanted.map((row, r) => row.map((x, c) => allowed(mask, x, found[r]![c]!)));
        expect(picture(found), JSON.stringify(s.values)).toEqual(picture(seen));
        totals.visited += seen.flat().filter((x) => x !== 'skipped').length;
        totals.full += seen.flat().filter((x) => x === 'full').length;
      }
      const heads = s.values['H']!;
      expect(countTiles(program, stage, pass, facts)).toMatchObject({
        visited: heads * totals.visited,
        full: heads * totals.full,
        exact: true,
      });
    }
  });
});
