/** The model of what plans cost: what it says of tiles, and that the compiler's own are its choice. */
import { describe, expect, it } from 'vitest';
import { wgslLimits } from '../../backends/wgsl/limits.ts';
import { CUDA_LIMITS } from '../../backends/cuda/limits.ts';
import { checkText, semanticIr } from '../../src/compile.ts';
import { explain } from '../../src/index.ts';
import { normalizeIr } from '../../src/pipeline.ts';
import { planSeconds, ranked } from '../../src/tile/cost.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { laneTilesPlans } from '../../src/tile/lane-tiles-plan.ts';
import { defaultPlan, type PlanLimits, type StagePlan, workgroupBytesOf } from '../../src/tile/plan.ts';
import type { Stage } from '../../src/tile/tile.ts';

const ATTENTION = `kernel attention {
  axes h: H, i: N, j: M, d: D
  in q: f32[h, i, d]
  in k: f32[h, j, d]
  in v: f32[h, j, d]
  score s = sum[d](q * k)
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * v)
  out y: f32[h, i, d]
}`;
const CPU = wgslLimits({ device: 'cpu' });
const GPU = wgslLimits();

function stage(limits: PlanLimits): Stage {
  const fixed = { D: 64 };
  const [s] = tileProgram(normalizeIr(semanticIr(checkText(ATTENTION)), { fixed, limits }), fixed).stages;
  return s!;
}
const sizes = (n: number) => ({ H: 8, N: n, M: n, D: 64 });
const tile = (rows: number, blockN: number): StagePlan => ({
  arrangement: 'lane-rows',
  blockM: 8 * rows,
  blockN,
  lanes: 8,
  operands: 'direct',
  fullTiles: 'together',
});
const cost = (plan: StagePlan, n: number): number => planSeconds(stage(CPU), plan, CPU, sizes(n));

describe('the model', () => {
  it('grows with the pairs', () => {
    const quarter = cost(tile(8, 16), 1024) / cost(tile(8, 16), 2048);
    expect(quarter).toBeGreaterThan(0.24);
    expect(quarter).toBeLessThan(0.28);
  });

  it('orders tiles on a CPU as they were measured (docs/tuning.md)', () => {
    const tiles = [tile(1, 4), tile(2, 4), tile(8, 4), tile(4, 8), tile(8, 16)];
    const costs = tiles.map((t) => cost(t, 512));
    expect([...costs].sort((a, b) => b - a)).toEqual(costs);
    expect(cost(tile(8, 32), 512)).toBeGreaterThan(cost(tile(8, 16), 512));
    expect(cost(tile(16, 16), 512)).toBeGreaterThan(cost(tile(8, 16), 512));
  });

  it('counts cores that have nothing to do', () => {
    const one = { H: 1, N: 64, M: 65536, D: 64 };
    const [whole, halves] = [tile(8, 16), tile(4, 16)].map((t) => planSeconds(stage(CPU), t, CPU, one));
    expect(whole).toBeGreaterThan(halves!);
  });

  it('counts that a block of more rows loads a column for all of them', () => {
    const matrix = (blockM: number): StagePlan => ({
      ...tile(1, 64),
      arrangement: 'warp-matrix',
      operands: 'workgroup',
      blockM,
      lanes: 2 * blockM,
    });
    const seconds = [32, 64, 128].map((m) =>
      planSeconds(stage(CUDA_LIMITS), matrix(m), CUDA_LIMITS, sizes(16384)),
    );
    expect([...seconds].sort((a, b) => b - a)).toEqual(seconds);
  });

  it('ranks from the cheapest on', () => {
    const plans = [tile(1, 4), tile(8, 16), tile(2, 4)];
    const found = ranked(stage(CPU), plans, CPU, sizes(512));
    expect(found.map((x) => x.plan)).toEqual([plans[1], plans[2], plans[0]]);
    expect(found.map((x) => x.seconds)).toEqual(found.map((x) => x.seconds).sort((a, b) => a - b));
  });
});

describe("the compiler's own tiles", () => {
  it.each([256, 512, 1024, 2048, 8192])('are those measured to be fastest on a CPU at N = %i', (n) => {
    expect(defaultPlan(stage(CPU), CPU, sizes(n))).toMatchObject({ blockM: 64, blockN: 16, lanes: 8 });
  });

  it('are the same where sizes are not known', () => {
    expect(defaultPlan(stage(CPU), CPU)).toMatchObject({ blockM: 64, blockN: 16, operands: 'direct' });
  });

  it('are small where compiling takes longer than running', () => {
    const { blockM, lanes, blockN } = defaultPlan(stage(CPU), CPU, sizes(16));
    expect((blockM / lanes) * blockN).toBeLessThanOrEqual(8);
  });

  it('are no wider on a GPU than the stream', () => {
    const alone = { ...GPU, vectors: false };
    expect(defaultPlan(stage(alone), alone, sizes(1024))).toMatchObject({ blockM: 64, blockN: 32 });
    expect(defaultPlan(stage(alone), alone, { ...sizes(1024), M: 16 })).toMatchObject({ blockN: 16 });
    expect(defaultPlan(stage(CUDA_LIMITS), CUDA_LIMITS, sizes(16384)).blockN).toBe(32);
  });
});

describe('tiles of lanes that share rows', () => {
  const plans = (workgroupBytes: number): readonly StagePlan[] => {
    const limits = wgslLimits({ workgroupBytes });
    return laneTilesPlans(stage(limits), limits);
  };

  it('are chosen on a GPU, and fit what every device has', () => {
    const plan = defaultPlan(stage(GPU), GPU, sizes(1024));
    expect(plan.arrangement).toBe('lane-tiles');
    expect(workgroupBytesOf(stage(GPU), plan)).toBeLessThanOrEqual(16384);
  });

  it('become more where there is more workgroup memory', () => {
    expect(plans(16384).length).toBeGreaterThan(0);
    expect(plans(32768).length).toBeGreaterThan(plans(16384).length);
  });

  it('are not for devices that run lanes on a CPU', () => {
    expect(defaultPlan(stage(CPU), CPU, sizes(1024)).arrangement).toBe('lane-rows');
  });
});

describe('the limit', () => {
  const limitAt = (values: Readonly<Record<string, number>>, features: { device: 'cpu' | 'gpu' }) =>
    explain(ATTENTION, { target: 'wgsl', set: { D: 64 }, features, values }).value!.limit;

  it('is the time of the operations, or of the bytes', () => {
    const cpu = limitAt(sizes(1024), { device: 'cpu' })!;
    // 8 heads, 1024 x 1024 pairs of 128 multiply-adds, at 40 billion a second.
    expect(cpu.ms).toBeCloseTo((8 * 1024 * 1024 * 128) / 40e6, 6);
    expect(cpu.by).toBe('operations');
    const few = limitAt({ H: 8, N: 1, M: 65536, D: 64 }, { device: 'gpu' })!;
    expect(few.by).toBe('bytes');
  });

  it('is not said where sizes are not known', () => {
    expect(limitAt({ H: 8 }, { device: 'cpu' })).toBeUndefined();
  });
});
