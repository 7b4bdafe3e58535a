/**
 * Schedules for matrices of subgroups, whose elements no lane can reach: operands lie in workgroup memory, products are saved there,
 * and lanes take from it what they own of a tile, as lanes of tiles of lanes do.
 */
import type { MatrixUnit } from '../expr/matrix-unit.ts';
import { columnContents, extentOf } from './contents.ts';
import { takesTiles, turnsOf, VECTOR } from './lane-tiles-plan.ts';
import { takesMatrix, matrixStorage } from './matrix-plan.ts';
import type { PlanLimits, StagePlan } from './plan.ts';
import { countOf } from './sides.ts';
import type { Operand, Stage } from './tile.ts';

/** How a subgroup multiplies: by which unit, and how many columns of a sum are in workgroup memory at a time. */
export interface UnitPlan {
  readonly unit: MatrixUnit;
  readonly sumColumns: number;
}

/** A multiple of the subgroups' sizes of all devices: a workgroup is made of whole subgroups. */
const LANES = 128;
const BYTES = { f16: 2, f32: 4 } as const;

/** Rows begin so many bytes after whole pieces: devices ask for multiples of 16, and banks for an odd number of these. */
const PAD_BYTES = 16;
export const padOf = (type: MatrixUnit['component']): number => PAD_BYTES / BYTES[type];

/** Columns of vectors and operands: whole matrices of the unit, and whole pieces of each lane that shares a row. */
export const unitPiece = ({ n, k }: MatrixUnit, rowLanes: number): number =>
  Math.max(n, k, VECTOR * rowLanes);
export const unitColumns = (extent: number, unit: MatrixUnit, rowLanes: number): number => {
  const piece = unitPiece(unit, rowLanes);
  return Math.ceil(extent / piece) * piece;
};

/** Columns of the array that products are saved to. */
export const savedColumns = ({ blockN }: StagePlan, u: UnitPlan): number => Math.max(blockN, u.sumColumns);

const up = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Bytes of workgroup memory. */
export function unitBytes(s: Stage, plan: StagePlan, u: UnitPlan): number {
  const { blockM, blockN, rowLanes = 1 } = plan;
  const { component, result } = u.unit;
  const row = (o: Operand): number =>
    BYTES[component] * (unitColumns(extentOf(s, o.vector), u.unit, rowLanes) + padOf(component));
  const rows = s.rowOperands.reduce((n, o) => n + up(blockM * row(o)), 0);
  const turns: number[] = [];
  for (const p of s.passes)
    for (const [o, n] of turnsOf(p).array) turns[n] = Math.max(turns[n] ?? 0, up(blockN * row(o)));
  const sums = s.passes.some((p) => p.steps.some((x) => x.kind === 'accumulate'));
  const folds = s.passes.flatMap((p) => p.steps.flatMap((x) => (x.kind === 'fold' ? [x] : [])));
  const kinds = new Set<string>(['f32', ...folds.map((x) => x.type)]);
  if (folds.some((x) => x.op === 'argmax' || x.op === 'argmin')) kinds.add('index');
  return (
    rows +
    turns.reduce((a, b) => a + (b ?? 0), 0) +
    columnContents(s).values * up(4 * blockN) +
    (sums ? BYTES[component] * blockM * (blockN + padOf(component)) : 0) +
    BYTES[result] * blockM * (savedColumns(plan, u) + padOf(result)) +
    kinds.size * up(4 * blockM * rowLanes) +
    (plan.exchange === 'subgroups' ? 32 : 0)
  );
}

/**
 * A unit multiplies what the definitions multiply: f32 as f32, and f16 as such only where all operands are stored so and weights
 * cannot leave its range. Sums are f32 in either case.
 */
export function takesUnit(s: Stage, { component, result }: MatrixUnit, limits: PlanLimits): boolean {
  const operands = [...s.rowOperands, ...s.passes.flatMap((p) => p.operands)];
  // Integers are multiplied by lanes.
  if (result !== 'f32' || !takesTiles(s) || operands.some((o) => o.value.type !== 'f32')) return false;
  return component === 'f32' || (limits.nativeF16 === true && takesMatrix(s) && matrixStorage(s) === 'f16');
}

/** Rows and columns of a tile, the best first: operands of a larger one serve more products. */
const TILES: readonly (readonly [rows: number, columns: number])[] = [
  [64, 32],
  [32, 32],
  [64, 16],
  [32, 16],
  [16, 32],
  [16, 16],
  [32, 8],
  [16, 8],
];
/** Numbers that a lane holds of sums, scores and weights. */
const HELD = 112;

/** A tile whose numbers and bytes fit, with as many columns of a sum at a time as there is room for. */
export function unitPlans(s: Stage, limits: PlanLimits): readonly StagePlan[] {
  const units = (limits.vectors ? (limits.matrixUnits ?? []) : []).filter((u) => takesUnit(s, u, limits));
  const halves = [...units].sort((a, b) => a.component.localeCompare(b.component));
  return TILES.flatMap(([rows, columns]) =>
    halves.flatMap((unit) => {
      const plan = unitPlan(s, unit, rows, columns, limits);
      return plan ? [plan] : [];
    }),
  );
}

function unitPlan(
  s: Stage,
  unit: MatrixUnit,
  blockM: number,
  blockN: number,
  limits: PlanLimits,
): StagePlan | undefined {
  const rowLanes = LANES / blockM;
  if (LANES > limits.maxLanes || blockM % unit.m !== 0 || blockN % unit.n !== 0 || blockN % unit.k !== 0)
    return undefined;
  const vectors = s.passes.flatMap((p) =>
    p.steps.flatMap((x) => (x.kind === 'accumulate' ? [x.vector] : [])),
  );
  const columns = vectors.map((v) => unitColumns(extentOf(s, v), unit, rowLanes));
  const held = columns.reduce((a, b) => a + b, 0) / rowLanes + (3 * blockN) / rowLanes;
  if (held > HELD) return undefined;
  const plan: StagePlan = {
    arrangement: 'subgroup-matrix',
    blockM,
    blockN,
    lanes: LANES,
    rowLanes,
    ...(limits.exchanges ? { exchange: 'subgroups' as const } : {}),
    operands: 'workgroup',
    fullTiles: 'together',
  };
  const most = Math.max(unit.n, ...columns);
  const widths = [1, 2, 4, 8].map(
    (n) => Math.ceil(most / n / unitPiece(unit, rowLanes)) * unitPiece(unit, rowLanes),
  );
  const sumColumns = widths.find((w) => unitBytes(s, plan, { unit, sumColumns: w }) <= limits.workgroupBytes);
  return sumColumns === undefined ? undefined : { ...plan, products: { unit, sumColumns } };
}

/** Of a unit's rows, the part that must be there: it is taken to be four times as fast as lanes, which multiply no padding. */
const WORTH = 1 / 4;

/**
 * The compiler's own choice, where the device has a unit for the stage and enough rows are expected.
 * @param expected sizes that the kernel will mostly run with
 */
export function ownUnitPlan(
  s: Stage,
  limits: PlanLimits,
  expected?: Readonly<Record<string, number>>,
): StagePlan | undefined {
  const rows = countOf(s.row, expected) ?? Infinity;
  const plans = unitPlans(s, limits).filter((p) => rows > WORTH * p.products!.unit.m);
  // No more rows in a block than there are, where a smaller block holds them all.
  return plans.find((p) => p.blockM < 2 * rows) ?? plans.at(-1);
}
