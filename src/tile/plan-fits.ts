/** Whether a stage can be run by a plan that did not come from the compiler. */
import { BLOCK_LANES } from './block/items.ts';
import { selectedBlocks } from './by-queries/selected.ts';
import { splitFits } from './occupancy.ts';
import { rowSlots, takesTiles, VECTOR } from './lane-tiles-plan.ts';
import { sameUnit } from '../expr/matrix-unit.ts';
import { matrixStorage, takesMatrix } from './matrix-plan.ts';
import { takesUnit, unitPiece } from './subgroup-matrix-plan.ts';
import { workgroupBytesOf, type PlanLimits, type StagePlan } from './plan.ts';
import { splittablePass } from './split.ts';
import type { Stage, TileAxis, TileTensor } from './tile.ts';
import { warpgroupMisfit } from './warpgroup-plan.ts';

export interface Misfit {
  /** Of the plan. */
  readonly field: keyof StagePlan;
  /** What is wrong with its value, as the rest of a sentence that begins with the field. */
  readonly message: string;
  readonly hint?: string;
}

/** Rows that a lane can own: each has its registers and its statements. */
export const MOST_ROWS = 32;
/** Statements of a tile that are written out, one for each row of a lane and column. */
export const MOST_ELEMENTS = 1024;
export const MOST_SHARES = 256;

const misfit = (field: keyof StagePlan, message: string, hint?: string): Misfit => ({
  field,
  message,
  ...(hint ? { hint } : {}),
});

/**
 * The first thing that is wrong with a plan for a stage, or undefined when nothing is.
 * @param tensors of the program; without them, operands are taken to be where warpgroups can copy them
 */
export function misfitOf(
  s: Stage,
  plan: StagePlan,
  limits: PlanLimits,
  tensors?: readonly TileTensor[],
): Misfit | undefined {
  return (
    lanesMisfit(plan, limits) ??
    (s.block
      ? blockMisfit(plan)
      : s.recurrence
        ? stepsMisfit(plan)
        : tilesMisfit(s, plan, limits, tensors)) ??
    shapeMisfit('rowShape', s.row, plan.rowShape, plan.blockM) ??
    shapeMisfit('streamShape', s.stream, plan.streamShape, plan.blockN)
  );
}

/** Tiles on their way beside the one in use: more wait for nothing. */
const DEEPEST = 4;

function lanesMisfit(
  { lanes, blockM, arrangement, feed }: StagePlan,
  limits: PlanLimits,
): Misfit | undefined {
  if (lanes > limits.maxLanes)
    return misfit('lanes', `is ${lanes}, and a workgroup has at most ${limits.maxLanes} lanes`);
  if (feed && /^lane-/.test(arrangement))
    return misfit('feed', 'is given, and lanes that multiply by themselves feed no matrix unit');
  if (feed && arrangement === 'subgroup-matrix')
    return misfit('feed', 'is given, and matrices of subgroups are loaded one tile at a time');
  if (feed && feed.depth > DEEPEST)
    return misfit('feed', `is ${feed.depth} deep, more than ${DEEPEST} tiles`);
  if (arrangement !== 'lane-rows') return undefined;
  if (blockM % lanes !== 0)
    return misfit(
      'blockM',
      `is ${blockM}, which ${lanes} lanes do not share evenly`,
      `take a multiple of ${lanes}`,
    );
  if (blockM / lanes > MOST_ROWS)
    return misfit('blockM', `gives each of ${lanes} lanes ${blockM / lanes} rows, more than ${MOST_ROWS}`);
  return undefined;
}

/** Lanes share everything: their number and the use of matrix units are all there is to say. */
function blockMisfit(plan: StagePlan): Misfit | undefined {
  if (plan.arrangement === 'warpgroup-matrix')
    return misfit(
      'arrangement',
      `is ${plan.arrangement}, and values of a block are computed by lanes or warps`,
    );
  if (plan.lanes !== BLOCK_LANES)
    return misfit('lanes', `is ${plan.lanes}, and a block is computed by ${BLOCK_LANES}`);
  if (plan.blockN !== 1) return misfit('blockN', `is ${plan.blockN}, and a block streams over nothing: 1`);
  if ((plan.split ?? 1) > 1) return misfit('split', `is ${plan.split}, and a block cannot be shared`);
  return undefined;
}

/** Steps are taken one by one, and nothing is loaded together. */
function stepsMisfit(plan: StagePlan): Misfit | undefined {
  if (plan.arrangement !== 'lane-rows')
    return misfit('arrangement', `is ${plan.arrangement}, and steps are taken in lane-rows`);
  if (plan.operands !== 'direct') return misfit('operands', `is ${plan.operands}, and steps read directly`);
  if (plan.blockN !== 1) return misfit('blockN', `is ${plan.blockN}, and steps are taken one by one: 1`);
  if ((plan.split ?? 1) > 1) return misfit('split', `is ${plan.split}, and steps cannot be shared`);
  return undefined;
}

function tilesMisfit(
  s: Stage,
  plan: StagePlan,
  limits: PlanLimits,
  tensors: readonly TileTensor[] | undefined,
): Misfit | undefined {
  if (plan.steps) return misfit('steps', 'is given, and the launch takes no steps');
  const lists = listsMisfit(s, plan, tensors);
  if (lists) return lists;
  if (s.stream.length === 0 && plan.blockN !== 1)
    return misfit('blockN', `is ${plan.blockN}, and the launch streams over nothing: 1`);
  if (plan.operands === 'exchanged' && (plan.arrangement !== 'lane-rows' || !limits.exchanges))
    return misfit('operands', 'is exchanged, and lanes of this target and arrangement exchange nothing');
  if (plan.operands === 'exchanged' && plan.lanes > limits.subgroup)
    return misfit(
      'lanes',
      `is ${plan.lanes}, more than the ${limits.subgroup} of a subgroup that exchanges operands`,
    );
  if (s.stream.length === 0 && plan.operands !== 'direct' && plan.arrangement === 'lane-rows')
    return misfit('operands', `is ${plan.operands}, and the launch streams over nothing: direct`);
  const grouped = plan.arrangement === 'warpgroup-matrix';
  if (plan.stages !== undefined && !grouped)
    return misfit('stages', `is ${plan.stages}, and tiles are not copied ahead in ${plan.arrangement}`);
  const matrix = grouped
    ? groupsMisfit(s, plan, limits, tensors)
    : plan.arrangement === 'subgroup-matrix'
      ? unitMisfit(s, plan, limits)
      : matrixMisfit(s, plan, limits);
  if (plan.products && plan.arrangement !== 'subgroup-matrix')
    return misfit('products', `is given, and ${plan.arrangement} has no matrices of subgroups`);
  return (
    (plan.arrangement === 'lane-tiles' ? laneTilesMisfit(s, plan, limits) : undefined) ??
    (/^lane-/.test(plan.arrangement) ? undefined : matrix) ??
    memoryMisfit(s, plan, limits) ??
    writtenMisfit(plan) ??
    splitMisfit(s, plan, limits)
  );
}

/** Lanes that share rows are neighbours, and each has whole vectors of a tile's columns. */
function laneTilesMisfit(s: Stage, plan: StagePlan, limits: PlanLimits): Misfit | undefined {
  const { arrangement, blockM, blockN, lanes, operands, rowLanes = 1 } = plan;
  if (!limits.vectors)
    return misfit(
      'arrangement',
      `is ${arrangement}, and the target takes elements of workgroup memory one by one`,
    );
  if (!takesTiles(s))
    return misfit('arrangement', `is ${arrangement}, and this launch has no operands that lanes can share`);
  if (operands !== 'workgroup')
    return misfit('operands', `is ${operands}, and tiles lie in workgroup memory: workgroup`);
  if (rowLanes < 2 || Math.log2(rowLanes) % 1 !== 0 || lanes % rowLanes !== 0)
    return misfit('rowLanes', `is ${rowLanes}: a power of two from 2 on that divides ${lanes} lanes`);
  if (blockN % (VECTOR * rowLanes) !== 0)
    return misfit('blockN', `is ${blockN}, and ${rowLanes} lanes have ${VECTOR} columns each, or a multiple`);
  if (plan.halves && matrixStorage(s) !== 'f16')
    return misfit('halves', `is ${plan.halves}, and operands of this launch are not f16`);
  const rows = rowSlots(plan);
  if (rows % 1 !== 0 || rows > MOST_ROWS)
    return misfit(
      'blockM',
      `is ${blockM}: ${lanes / rowLanes} groups of lanes have whole rows, at most ${MOST_ROWS}`,
    );
  return undefined;
}

/** Whole matrices of the unit, shared by lanes as tiles of lanes are. */
function unitMisfit(s: Stage, plan: StagePlan, limits: PlanLimits): Misfit | undefined {
  const { arrangement, blockM, blockN, lanes, operands, products, rowLanes = 1 } = plan;
  if (!products) return misfit('products', `is absent, and ${arrangement} needs a unit that multiplies`);
  const { unit, sumColumns } = products;
  if (!limits.matrixUnits?.some((u) => sameUnit(u, unit)))
    return misfit(
      'products',
      'is by a unit that the device does not have',
      'say with --subgroup-matrix which units there are, or compile with --no-plan',
    );
  if (!takesUnit(s, unit, limits))
    return misfit(
      'products',
      'is by a unit that would round what this launch multiplies, or has no use for it',
    );
  if (operands !== 'workgroup')
    return misfit('operands', `is ${operands}, and matrices lie in workgroup memory: workgroup`);
  if (blockM % unit.m !== 0)
    return misfit('blockM', `is ${blockM}, and matrices have ${unit.m} rows: take a multiple`);
  if (blockN % unit.n !== 0 || blockN % unit.k !== 0 || blockN % rowLanes !== 0)
    return misfit('blockN', `is ${blockN}: whole matrices of ${unit.n} columns, shared by ${rowLanes} lanes`);
  if (Math.log2(rowLanes) % 1 !== 0 || lanes % rowLanes !== 0 || rowSlots(plan) % 1 !== 0)
    return misfit('rowLanes', `is ${rowLanes}: a power of two of which ${lanes} lanes make whole rows`);
  return sumColumns % unitPiece(unit, rowLanes) === 0
    ? undefined
    : misfit(
        'products',
        `has ${sumColumns} columns of a sum at a time, not a multiple of ${unitPiece(unit, rowLanes)}`,
      );
}

/** Tiles that are copied as boxes have neighbouring rows; others have rows from anywhere, of stages that select a known number of blocks. */
function listsMisfit(
  s: Stage,
  plan: StagePlan,
  tensors: readonly TileTensor[] | undefined,
): Misfit | undefined {
  if (plan.lists !== 'queries') return undefined;
  if (plan.arrangement === 'warpgroup-matrix')
    return misfit('lists', 'is queries, and tiles in warpgroup-matrix have neighbouring rows');
  if ((plan.split ?? 1) > 1)
    return misfit('split', `is ${plan.split}, and blocks of a row are apart already`);
  return tensors && !selectedBlocks(s, tensors)
    ? misfit('lists', 'is queries, and rows of the launch select no known number of blocks', 'leave it out')
    : undefined;
}

function groupsMisfit(
  s: Stage,
  plan: StagePlan,
  limits: PlanLimits,
  tensors: readonly TileTensor[] | undefined,
): Misfit | undefined {
  const wrong = warpgroupMisfit(s, plan, tensors, limits);
  return wrong ? misfit(...wrong) : operandsMisfit(s, plan);
}

function operandsMisfit(s: Stage, { arrangement, operands }: StagePlan): Misfit | undefined {
  if (!takesMatrix(s))
    return misfit(
      'arrangement',
      `is ${arrangement}, and the operands of this launch are not 16-bit matrices`,
    );
  return operands === 'workgroup'
    ? undefined
    : misfit('operands', `is ${operands}, and matrices lie in workgroup memory: workgroup`);
}

/** A warp of 32 lanes owns 16 rows, and pieces of 16 columns. */
function matrixMisfit(s: Stage, plan: StagePlan, limits: PlanLimits): Misfit | undefined {
  const { arrangement, blockM, blockN, lanes } = plan;
  if (!limits.mma) return misfit('arrangement', `is ${arrangement}, and the target has no matrix unit`);
  const operands = operandsMisfit(s, plan);
  if (operands) return operands;
  const perWarp = plan.feed?.rowsPerWarp ?? 16;
  if (blockM % perWarp !== 0)
    return misfit('blockM', `is ${blockM}, and a warp has ${perWarp} rows: take a multiple of ${perWarp}`);
  if (blockN % 16 !== 0)
    return misfit('blockN', `is ${blockN}, and matrices have 16 columns: take a multiple of 16`);
  const warps = blockM / perWarp;
  return lanes === 32 * warps
    ? undefined
    : misfit('lanes', `is ${lanes}, and ${warps} warps of ${perWarp} rows are ${32 * warps} lanes`);
}

function memoryMisfit(s: Stage, plan: StagePlan, limits: PlanLimits): Misfit | undefined {
  const bytes = workgroupBytesOf(s, plan);
  if (bytes <= limits.workgroupBytes) return undefined;
  return misfit(
    'blockN',
    `is ${plan.blockN}: tiles need ${bytes} bytes of workgroup memory, and there are ${limits.workgroupBytes}`,
    'take fewer columns or rows, or read operands directly',
  );
}

function writtenMisfit(plan: StagePlan): Misfit | undefined {
  const elements = (plan.blockM / plan.lanes) * plan.blockN;
  return plan.arrangement === 'lane-rows' && elements > MOST_ELEMENTS
    ? misfit(
        'blockN',
        `is ${plan.blockN}: a lane has ${elements} elements of a tile, more than ${MOST_ELEMENTS}`,
      )
    : undefined;
}

function splitMisfit(s: Stage, { split = 1 }: StagePlan, limits: PlanLimits): Misfit | undefined {
  if (split === 1) return undefined;
  if (split > MOST_SHARES) return misfit('split', `is ${split}, and there are at most ${MOST_SHARES} shares`);
  if (!splittablePass(s))
    return misfit('split', `is ${split}, and the stream of this launch cannot be shared`);
  return splitFits(s, limits)
    ? undefined
    : misfit('split', `is ${split}: shares bind more buffers than ${limits.maxBuffers}`);
}

function shapeMisfit(
  field: 'rowShape' | 'streamShape',
  axes: readonly TileAxis[],
  shape: readonly number[] | undefined,
  block: number,
): Misfit | undefined {
  if (!shape) return undefined;
  if (shape.length !== axes.length)
    return misfit(field, `has ${shape.length} numbers for ${axes.length} axes`);
  const product = shape.reduce((a, b) => a * b, 1);
  return product === block ? undefined : misfit(field, `is ${shape.join(' × ')} = ${product}, not ${block}`);
}
