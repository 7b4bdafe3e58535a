/** Lowers a random case with faults planted between the levels, runs it lane by lane and compares with the definition. */
import { mapChildren, op, i32, type Expr } from '../../src/expr/expr.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Program, Stmt } from '../../src/kernel/kernel.ts';
import { kernelProgram } from '../../src/kernel/from-tile/program.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { flatMapStmts, mapExprs } from '../../src/kernel/walk.ts';
import { KERNEL_PASSES, normalizeIr, scheduleTile } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { NO_LIMITS, type PlanLimits, type StagePlan } from '../../src/tile/plan.ts';
import type { Pass, Stage, TileProgram } from '../../src/tile/tile.ts';
import { verifyTile } from '../../src/tile/verify.ts';
import type { SpecCase } from '../support/spec-arbitrary.ts';
import { interpreted, prepare, type Prepared } from './case.ts';
import { demand } from './law.ts';
import { allowance, disagreement, type NoiseOptions } from './rounding.ts';

export interface Damage {
  readonly tile?: (p: TileProgram) => TileProgram;
  /** After the passes on tiles. */
  readonly scheduled?: (p: TileProgram) => TileProgram;
  readonly kernel?: (p: Program) => Program;
}
export interface Target {
  readonly limits: PlanLimits;
  /** One plan per stage; by default the compiler's own. */
  readonly plan?: (s: Stage) => StagePlan;
  readonly fixed: Readonly<Record<string, number>>;
  /** Lanes of a subgroup where the kernels run. */
  readonly subgroup?: number;
}

/** The tiled program of a case. */
export function tiled(p: Prepared, fixed: Target['fixed'], limits: PlanLimits): TileProgram {
  return tileProgram(normalizeIr(p.ir, { fixed, limits }), fixed);
}

/** Kernels as `from-tile` makes them, before the passes on kernels. */
export function kernels(tile: TileProgram, target: Target, { scheduled }: Damage = {}): Program {
  verifyTile(tile);
  const { limits, plan } = target;
  const plans = plan ? { plans: tile.stages.map(plan) } : {};
  const ready = scheduleTile(tile, { limits, fixed: target.fixed, ...plans });
  const program = kernelProgram(scheduled ? scheduled(ready) : ready);
  verifyProgram(program);
  return program;
}

/** Runs the passes on kernels, or the first `count` of them. */
export function afterPasses(program: Program, count = KERNEL_PASSES.length): Program {
  const options = { fixed: program.fixed, limits: GPU };
  return KERNEL_PASSES.slice(0, count).reduce(
    (p, pass) => ({ ...p, kernels: p.kernels.map((k) => pass.run(k, options, { forms: [] })) }),
    program,
  );
}

/** Runs a program lane by lane; any problem that the interpreter reports breaks the law. */
export function executed(
  program: Program,
  p: Prepared,
  subgroup?: number,
): Readonly<Record<string, Float64Array>> {
  const values = { ...p.sizes, ...p.params };
  const { outputs, errors, errorCount } = interpretProgram(program, p.inputs, values, {
    ...(subgroup === undefined ? {} : { subgroup }),
  });
  demand(errorCount === 0, () => `${errorCount} problems, first ${errors[0]!.kind}: ${errors[0]!.message}`);
  return outputs;
}

/** The law of lowering: what the kernels compute is what the definitions say, as far as rounding allows. */
export function lowersRightly(
  c: SpecCase,
  target: (p: Prepared) => Target,
  damage: Damage = {},
  noise: NoiseOptions = {},
): void {
  const p = prepare(c);
  const to = target(p);
  const tile = tiled(p, to.fixed, to.limits);
  const program = kernels(damage.tile ? damage.tile(tile) : tile, to, damage);
  const found = executed(afterPasses(damage.kernel ? damage.kernel(program) : program), p, to.subgroup);
  const exact = interpreted(p.ir, p);
  const wrong = disagreement(exact, found, allowance(p, exact, noise));
  demand(wrong === undefined, () => `${JSON.stringify(wrong)}\n${c.text}${JSON.stringify(p.sizes)}`);
}

export const GPU: PlanLimits = NO_LIMITS;

// ---- faults

const inPasses =
  (change: (p: Pass) => Pass) =>
  (p: TileProgram): TileProgram => ({
    ...p,
    stages: p.stages.map((s) => ({ ...s, passes: s.passes.map(change) })),
  });
const inBodies =
  (change: (body: readonly Stmt[]) => readonly Stmt[]) =>
  (p: Program): Program => ({ ...p, kernels: p.kernels.map((k) => ({ ...k, body: change(k.body) })) });

/** Running sums are no longer corrected when their reference moves. */
export const withoutRescaling: Damage = {
  tile: inPasses((p) => ({
    ...p,
    steps: p.steps.map((s) => {
      if (s.kind === 'reference') return s;
      const { scaledBy: _, ...rest } = s;
      return rest;
    }),
  })),
};

/** Masked elements take part. */
export const withoutMasks: Damage = {
  tile: inPasses((p) => ({ ...p, keeps: p.keeps.map(({ name }) => ({ name })) })),
};

/** Rows without a kept element keep what their carriers hold. */
export const withoutEmptyRows: Damage = {
  tile: inPasses((p) => ({
    ...p,
    finish: p.finish.map((d) => ({
      ...d,
      value: d.value.kind === 'op' && d.value.op === 'select' ? d.value.args[1]! : d.value,
    })),
  })),
};

/** Lanes no longer wait for each other. */
export const withoutBarriers: Damage = {
  kernel: inBodies((body) => flatMapStmts(body, (s) => (s.kind === 'barrier' ? [] : [s]))),
};

/** Lanes use what they copied without waiting for it. */
export const withoutWaits: Damage = {
  kernel: inBodies((body) => flatMapStmts(body, (s) => (s.kind === 'await' ? [] : [s]))),
};

/** Lanes leave one group more in flight than they may. */
export const withEarlyWaits: Damage = {
  kernel: inBodies((body) =>
    flatMapStmts(body, (s) => (s.kind === 'await' ? [{ ...s, pending: s.pending + 1 }] : [s])),
  ),
};

/** Copies are started, and no wait is for them. */
export const withoutCommits: Damage = {
  kernel: inBodies((body) => flatMapStmts(body, (s) => (s.kind === 'commit' ? [] : [s]))),
};

/** Loops over the tiles of a stream end one tile early. */
export const withShortLoops: Damage = {
  kernel: inBodies((body) =>
    flatMapStmts(body, (s) =>
      s.kind === 'for' && /_tile(_\d+)?$/.test(s.name) ? [{ ...s, to: op('sub', s.to, i32(1)) }] : [s],
    ),
  ),
};

/** Matrices of subgroups are multiplied along all of their depth but the last matrices. */
export const withShortProducts: Damage = {
  kernel: inBodies((body) =>
    flatMapStmts(body, (s) =>
      s.kind === 'for' && s.body.some((x) => x.kind === 'matrix' && x.op.op === 'multiply')
        ? [{ ...s, to: op('sub', s.to, s.step) }]
        : [s],
    ),
  ),
};

/** What is passed on is always that of the first lane. */
export const withOneLender: Damage = {
  kernel: inBodies((body) =>
    flatMapStmts(body, (s) => (s.kind === 'broadcast' ? [{ ...s, lane: i32(0) }] : [s])),
  ),
};

/** A choice goes the other way. */
export const withSwappedChoice: Damage = {
  kernel: inBodies((body) => {
    let left = 1;
    const swap = (e: Expr): Expr => {
      const x = mapChildren(e, swap);
      if (x.kind !== 'op' || x.op !== 'select' || x.type !== 'f32' || left-- <= 0) return x;
      return { ...x, args: [x.args[0]!, x.args[2]!, x.args[1]!] };
    };
    return mapExprs(body, swap);
  }),
};
