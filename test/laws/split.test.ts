/**
 * Law: a stage whose stream is shared by several workgroups, with a stage that merges their states, computes what the
 * definitions say. Compared within the rounding that rounding.ts measures.
 */
import { describe, it } from 'vitest';
import { f32, i32, op, type Expr } from '../../src/expr/expr.ts';
import { defaultPlan, type PlanLimits, type StagePlan } from '../../src/tile/plan.ts';
import { splitProgram } from '../../src/tile/split.ts';
import type { Pass, Stage, TileProgram } from '../../src/tile/tile.ts';
import { attentionSpecs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare, type Prepared } from './case.ts';
import { catches, holds } from './law.ts';
import { GPU, lowersRightly, tiled, type Damage, type Target } from './lowering.ts';

const BLOCKS = [1, 4, 8] as const;

/** Two to five shares, in rows per lane of both kinds, by the seed of the case. */
function target(c: SpecCase): (p: Prepared) => Target {
  const lanes = c.seed % 2 === 0 ? 8 : 32;
  const direct = c.seed % 3 === 0;
  const limits = direct ? { ...GPU, subgroup: 8, software: true } : GPU;
  return (p) => ({
    limits,
    fixed: (c.seed >> 4) % 2 === 0 ? p.required : p.sizes,
    plan: (s): StagePlan => ({
      arrangement: 'lane-rows',
      blockM: lanes,
      blockN: s.stream.length === 0 ? 1 : BLOCKS[(c.seed >> 5) % BLOCKS.length]!,
      lanes,
      operands: direct || s.stream.length === 0 ? 'direct' : 'workgroup',
      fullTiles: c.seed % 7 < 4 ? 'apart' : 'together',
      split: 2 + (c.seed % 4),
    }),
  });
}

/** Cases in which some stage can be split. */
const cases = attentionSpecs({ storages: ['f32', 'f16'], work: 12_000 }).filter((c) => {
  const p = prepare(c);
  return split(tiled(p, p.required, GPU)) !== undefined;
});

function split(p: TileProgram): TileProgram | undefined {
  const plan = { blockM: 8, blockN: 4, lanes: 8, arrangement: 'lane-rows', operands: 'direct' } as const;
  const planned = p.stages.map((s) => ({
    ...s,
    plan: { ...plan, fullTiles: 'together', split: 2 } as const,
  }));
  const after = splitProgram({ ...p, stages: planned }, () => ({ ...plan, fullTiles: 'together' }));
  return after.stages.length > p.stages.length ? after : undefined;
}

const law =
  (damage?: Damage) =>
  (c: SpecCase): void =>
    lowersRightly(c, target(c), damage);

// ---- faults in the stages that merge

const inMerges =
  (change: (p: Pass, s: Stage) => Pass) =>
  (p: TileProgram): TileProgram => ({
    ...p,
    stages: p.stages.map((s) =>
      /_merge(_\d+)?$/.test(s.name) ? { ...s, passes: s.passes.map((x) => change(x, s)) } : s,
    ),
  });

/** States of shares are added as if all had the same reference. */
const withoutScale: Damage = {
  scheduled: inMerges((p) => ({
    ...p,
    steps: p.steps.map((s) => {
      const plain = (e: Expr): Expr => (e.kind === 'op' && e.op === 'mul' ? e.args[0]! : e);
      if (s.kind === 'fold' && s.scaledBy !== undefined) return { ...s, value: plain(s.value) };
      return s.kind === 'accumulate' ? { ...s, weight: f32(1) } : s;
    }),
  })),
};

const withoutLastShare: Damage = {
  scheduled: (p) => ({
    ...p,
    stages: p.stages.map((s) =>
      /_merge(_\d+)?$/.test(s.name)
        ? { ...s, stream: s.stream.map((a) => ({ ...a, extent: op('sub', a.extent, i32(1)) })) }
        : s,
    ),
  }),
};

/** Shares are scaled the wrong way round: by exp(R − r). */
const withSwappedReference: Damage = {
  scheduled: inMerges((p) => {
    const references = new Set(p.steps.flatMap((s) => (s.kind === 'reference' ? [s.name] : [])));
    const swap = (e: Expr): Expr => {
      if (e.kind !== 'op') return e;
      const [a, b] = e.args;
      if (e.op === 'sub' && b?.kind === 'read' && references.has(b.name)) return { ...e, args: [b, a!] };
      return { ...e, args: e.args.map(swap) };
    };
    return {
      ...p,
      steps: p.steps.map((s) => {
        if (s.kind === 'reference') return s;
        return s.kind === 'fold' ? { ...s, value: swap(s.value) } : { ...s, weight: swap(s.weight) };
      }),
    };
  }),
};

/** Every workgroup runs the whole stream: what shares have in common is counted more than once. */
const withWholeStreams: Damage = {
  scheduled: (p) => ({ ...p, stages: p.stages.map(({ part: _, ...s }) => s) }),
};

const MATRIX: PlanLimits = { ...GPU, workgroupBytes: 49152, mma: true };
/** Cases with a stage for matrix units. Differences of two sums magnify what 16 bits lose. */
const onMatrixUnits = attentionSpecs({ storages: ['f16'], work: 12_000 }).filter((c) => {
  if (c.text.includes('log_softmax')) return false;
  const p = prepare(c);
  return tiled(p, p.required, MATRIX).stages.some(
    (s) => defaultPlan(s, MATRIX).arrangement === 'warp-matrix' && s.passes.length === 1,
  );
});

describe('splitting the stream of a stage', () => {
  it('keeps the meaning', () => holds(cases, law(), 60));

  it('keeps the meaning on matrix units', () =>
    holds(
      onMatrixUnits,
      (c) => {
        const plan = (p: Prepared) => (s: Stage) => ({
          ...defaultPlan(s, MATRIX, p.sizes),
          split: 2 + (c.seed % 3),
        });
        const to = (p: Prepared): Target => ({ limits: MATRIX, fixed: p.required, plan: plan(p) });
        lowersRightly(c, to, {}, { operands: 'f16' });
      },
      15,
    ));

  it.each([
    ['shares that are not rescaled', withoutScale],
    ['a share that is lost', withoutLastShare],
    ['shares that are scaled the wrong way round', withSwappedReference],
    ['shares that overlap', withWholeStreams],
  ])('notices %s', (_, damage) => catches(cases, law(damage), 60));
});
