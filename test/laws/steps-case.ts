/** Random recurrences lowered without what else is done to recurrences, and results held to the definition. */
import { checkText, semanticIr } from '../../src/compile.ts';
import { interpretKernel, type InterpretedOutput } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { kernelProgram } from '../../src/kernel/from-tile/program.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { IR_PASSES, scheduleTile, type LoweringOptions } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { defaultPlan, NO_LIMITS, type PlanLimits, type StagePlan } from '../../src/tile/plan.ts';
import type { Recurrence, Stage, TileProgram } from '../../src/tile/tile.ts';
import { verifyTile } from '../../src/tile/verify.ts';
import type { StepsCase } from '../support/steps-arbitrary.ts';
import { demand } from './law.ts';
import { afterPasses } from './lowering.ts';

export interface Damage {
  readonly steps?: (r: Recurrence) => Recurrence;
  readonly kernel?: (p: Program) => Program;
}

export function irOf(text: string): IrKernel {
  const checked = checkText(text);
  const error = checked.diagnostics.find((d) => d.severity === 'error');
  if (error) throw new Error(`${error.code} ${error.message}\n${text}`);
  return semanticIr(checked);
}

const LIMITS: readonly PlanLimits[] = [
  NO_LIMITS,
  { ...NO_LIMITS, subgroup: 4, software: true },
  { ...NO_LIMITS, maxBuffers: 5 },
];

/** The compiler's own plan, or one with other lanes, columns and loops, by the seed of the case. */
function planFor(seed: number, limits: PlanLimits): (s: Stage) => StagePlan {
  return (s) => {
    const own = defaultPlan(s, limits);
    if (!s.recurrence || seed % 4 === 0) return own;
    const [lanes, columns] = [[1, 2, 4, 8][seed % 4]!, 1 + (seed % 3)];
    const loops = (['plain', 'unrolled', 'opaque'] as const)[seed % 3]!;
    return {
      ...own,
      lanes,
      blockM: lanes * columns,
      steps: { writtenOut: [0, 2, 16][seed % 3]!, loops, block: 1 + (seed % 4) },
    };
  };
}

/** What else is done to recurrences has laws of its own. */
const OTHERS = ['rewrite-linear', 'forms'];
const normal = (ir: IrKernel, options: LoweringOptions): IrKernel =>
  IR_PASSES.filter((p) => !OTHERS.includes(p.name)).reduce((k, p) => p.run(k, options, { forms: [] }), ir);

/**
 * @param device the compiler's own plans for it; without one plans of all kinds for some device, by the seed of the case
 * @param plan the plan of each stage instead
 */
export function loweredSteps(
  c: StepsCase,
  ir: IrKernel,
  { steps, kernel }: Damage = {},
  device?: PlanLimits,
  plan?: (s: Stage) => StagePlan,
): Program {
  const limits = device ?? LIMITS[c.seed % LIMITS.length]!;
  const names = c.seed % 2 === 0 ? Object.keys(c.sizes) : ['D', 'P', 'E'];
  const fixed = Object.fromEntries(names.map((n) => [n, c.sizes[n]!]));
  const options: LoweringOptions = { fixed, limits };
  const tile = tileProgram(normal(ir, options), fixed);
  verifyTile(tile);
  const planOf = plan ?? (device ? undefined : planFor(c.seed, limits));
  const plans = planOf ? { plans: tile.stages.map(planOf) } : {};
  const ready = scheduleTile(tile, { ...options, ...plans });
  const damaged: TileProgram = steps
    ? {
        ...ready,
        stages: ready.stages.map((s) => (s.recurrence ? { ...s, recurrence: steps(s.recurrence) } : s)),
      }
    : ready;
  const program = kernelProgram(damaged);
  verifyProgram(program);
  return afterPasses(kernel ? kernel(program) : program);
}

/** Values are of the order of 1; what a step rounds is carried on by a factor of at most about 1. */
const ALLOWED = 2e-5;

function demandEqual(c: StepsCase, name: string, exact: InterpretedOutput, found: Float64Array): void {
  const size = Math.max(1, ...exact.data.map(Math.abs));
  exact.data.forEach((x, n) => {
    const near = Object.is(x, found[n]) || Math.abs(x - found[n]!) <= ALLOWED * size;
    demand(
      near,
      () => `${name}[${n}] is ${found[n]}, not ${x}\n${c.text}\n${JSON.stringify(c.sizes)} seed ${c.seed}`,
    );
  });
}

/** Every output is what the definition says, as far as rounding allows. */
export function demandDefinition(
  c: StepsCase,
  ir: IrKernel,
  found: Readonly<Record<string, Float64Array>>,
): void {
  for (const [name, o] of Object.entries(interpretKernel(ir, c.inputs, c.sizes)))
    demandEqual(c, name, o, found[name]!);
}
