/** The plans that a stage can be run by: every one is valid, and the compiler's own is the first. */
import { misfitOf } from './plan-fits.ts';
import { laneTilesPlans, TUNED } from './lane-tiles-plan.ts';
import { takesMatrix } from './matrix-plan.ts';
import { unitPlans } from './subgroup-matrix-plan.ts';
import type { MatrixFeed, PlanLimits, StagePlan } from './plan.ts';
import { tileShapes } from './shapes.ts';
import type { Stage } from './tile.ts';

type Sizes = Readonly<Record<string, number>>;
type Steps = NonNullable<StagePlan['steps']>;

/** All combinations of a value for each key. */
function combinations<T extends object>(choices: { readonly [K in keyof T]: readonly T[K][] }): T[] {
  let all: Partial<T>[] = [{}];
  for (const key of Object.keys(choices) as (keyof T)[])
    all = all.flatMap((x) => choices[key].map((value) => ({ ...x, [key]: value })));
  return all as T[];
}

const unique = (xs: readonly number[]): number[] => [...new Set(xs)];

interface Rows {
  readonly lanes: number;
  /** Rows of a lane. */
  readonly rows: number;
  readonly blockN: number;
}

/** Elements of a tile that a lane of a CPU has statements for: compiling more of them takes minutes. */
const SOFTWARE_ELEMENTS = 256;

function laneRows(s: Stage, limits: PlanLimits, own: StagePlan): StagePlan[] {
  const { subgroup, software } = limits;
  // A CPU pays for barriers with all that lanes hold, and its driver takes minutes to compile such loops: never worth a try.
  const together = s.stream.length > 0 && !software;
  const kinds: readonly StagePlan['operands'][] = [
    'direct',
    ...(together ? (['workgroup'] as const) : []),
    ...(limits.exchanges && s.stream.length > 0 ? (['exchanged'] as const) : []),
  ];
  return kinds.flatMap((operands) => {
    const found = combinations<Rows>({
      lanes:
        operands === 'exchanged'
          ? [subgroup]
          : operands === 'direct'
            ? unique(software ? [subgroup, 2 * subgroup, 4 * subgroup] : [subgroup, 64, 128])
            : [32, 64, 128, 256],
      rows: operands !== 'workgroup' ? [1, 2, 4, 8, 16] : [1, 2, 4],
      blockN: s.stream.length === 0 ? [1] : operands !== 'workgroup' ? [4, 8, 16, 32] : [8, 16, 32, 64],
    });
    const few = found.filter((x) => !software || x.rows * x.blockN <= SOFTWARE_ELEMENTS);
    return few.map(({ lanes, rows, blockN }) => ({
      ...(own.arrangement === 'lane-rows' ? own : plain(own)),
      arrangement: 'lane-rows' as const,
      blockM: lanes * rows,
      blockN,
      lanes,
      operands,
    }));
  });
}

/** What plans of every arrangement say. */
function plain({
  fullTiles,
  dataRanges,
  lists,
  split,
}: StagePlan): Pick<StagePlan, 'fullTiles' | 'dataRanges' | 'lists' | 'split'> {
  return {
    fullTiles,
    ...(dataRanges ? { dataRanges } : {}),
    ...(lists ? { lists } : {}),
    ...(split ? { split } : {}),
  };
}

function matrices(s: Stage, limits: PlanLimits, own: StagePlan): StagePlan[] {
  if (!limits.mma || !takesMatrix(s)) return [];
  const blocks = combinations<Pick<StagePlan, 'blockM' | 'blockN'>>({
    blockM: [32, 64, 128],
    blockN: [16, 32, 64, 128],
  });
  const feeds = combinations<MatrixFeed>({
    depth: [2, 3],
    layout: ['swizzled'],
    rows: ['registers', 'workgroup'],
    rowsPerWarp: [16, 32],
  });
  return blocks.flatMap((b) =>
    feeds.map((feed) => ({
      ...(own.arrangement === 'warp-matrix' ? own : plain(own)),
      arrangement: 'warp-matrix' as const,
      ...b,
      lanes: (32 * b.blockM) / feed.rowsPerWarp,
      operands: 'workgroup' as const,
      feed,
      references: 'lagging' as const,
    })),
  );
}

function subgroupMatrices(s: Stage, limits: PlanLimits, own: StagePlan): StagePlan[] {
  return unitPlans(s, limits).map((p) => ({ ...plain(own), ...p, fullTiles: own.fullTiles }));
}

function laneTiles(s: Stage, limits: PlanLimits, own: StagePlan): StagePlan[] {
  if (limits.software) return [];
  return laneTilesPlans(s, limits, TUNED).map((p) => ({ ...plain(own), ...p, fullTiles: own.fullTiles }));
}

function steps(limits: PlanLimits, own: StagePlan): StagePlan[] {
  const { subgroup, software } = limits;
  const loops: readonly Steps['loops'][] = software ? ['opaque', 'plain'] : ['unrolled', 'plain'];
  const found = combinations<Rows & { readonly steps: Steps }>({
    lanes: unique([subgroup / 2, subgroup, 2 * subgroup]),
    rows: [1, 2, 4, 8],
    blockN: [1],
    steps: combinations<Steps>({ writtenOut: [4, 8, 16], loops, block: [1, 4, 8] }),
  });
  return found.map((x) => ({ ...own, blockM: x.lanes * x.rows, lanes: x.lanes, steps: x.steps }));
}

/** Shares of a stream beside the compiler's own number of them. */
function shared(plans: readonly StagePlan[], { split = 1 }: StagePlan): StagePlan[] {
  const numbers = unique(split === 1 ? [1] : [split, 1, Math.max(2, split >> 1), 2 * split]);
  return plans.flatMap((p) =>
    numbers.map((n): StagePlan => {
      const { split: _, ...rest } = p;
      return n === 1 ? rest : { ...rest, split: n };
    }),
  );
}

/** Boxes follow their blocks. */
function shaped(s: Stage, p: StagePlan, sizes: Sizes): StagePlan {
  const { rowShape: _r, streamShape: _s, ...flat } = p;
  return { ...flat, ...tileShapes(s, p.blockM, p.blockN, new Map(Object.entries(sizes))) };
}

/** Code for full tiles saves tests, and is code to compile. */
function tested(s: Stage, plans: readonly StagePlan[]): StagePlan[] {
  if (!s.passes.some((p) => p.keeps.some((k) => k.where))) return [...plans];
  return plans.flatMap((p) => [p, { ...p, fullTiles: p.fullTiles === 'apart' ? 'together' : 'apart' }]);
}

/**
 * @param own the compiler's own plan, whose further fields all others of its arrangement share
 * @param sizes what is known of the sizes
 */
export function planSpace(s: Stage, limits: PlanLimits, own: StagePlan, sizes: Sizes): readonly StagePlan[] {
  const all: readonly StagePlan[] = s.block
    ? [own, { ...own, arrangement: 'lane-rows' as const }]
    : s.recurrence
      ? steps(limits, own)
      : tested(
          s,
          shared(
            [
              ...matrices(s, limits, own),
              ...subgroupMatrices(s, limits, own),
              ...laneTiles(s, limits, own),
              ...laneRows(s, limits, own),
            ],
            own,
          ),
        ).map((p) => shaped(s, p, sizes));
  const seen = new Set<string>();
  return [own, ...all].filter((p) => {
    const id = planKey(p);
    if (seen.has(id) || misfitOf(s, p, limits) !== undefined) return false;
    seen.add(id);
    return true;
  });
}

/** Equal for plans that say the same. */
export const planKey = (p: StagePlan): string =>
  JSON.stringify(Object.entries(p).sort(([a], [b]) => (a < b ? -1 : 1)));
