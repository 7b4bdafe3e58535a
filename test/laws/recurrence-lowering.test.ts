/**
 * Law of the lowering of recurrences: run step by step, lane by lane, they compute what their definitions say, for steps
 * of any kind, however many columns a lane carries and whichever loops are written out.
 */
import { describe, it } from 'vitest';
import { checkText, semanticIr } from '../../src/compile.ts';
import { constant, i32, op, rewrite, substitute, type Expr } from '../../src/expr/expr.ts';
import { interpretKernel, type InterpretedOutput } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { kernelProgram } from '../../src/kernel/from-tile/program.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { flatMapStmts } from '../../src/kernel/walk.ts';
import { IR_PASSES, scheduleTile, type LoweringOptions } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { defaultPlan, NO_LIMITS, type PlanLimits, type StagePlan } from '../../src/tile/plan.ts';
import type { Recurrence, Stage, StepDef, TileProgram } from '../../src/tile/tile.ts';
import { verifyTile } from '../../src/tile/verify.ts';
import { stepsCases, type StepsCase } from '../support/steps-arbitrary.ts';
import { catches, demand, holds } from './law.ts';
import { afterPasses } from './lowering.ts';

interface Damage {
  readonly steps?: (r: Recurrence) => Recurrence;
  readonly kernel?: (p: Program) => Program;
}

function irOf(text: string): IrKernel {
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

function lowered(c: StepsCase, ir: IrKernel, { steps, kernel }: Damage): Program {
  const limits = LIMITS[c.seed % LIMITS.length]!;
  const names = c.seed % 2 === 0 ? Object.keys(c.sizes) : ['D', 'P', 'E'];
  const fixed = Object.fromEntries(names.map((n) => [n, c.sizes[n]!]));
  const options: LoweringOptions = { fixed, limits };
  const tile = tileProgram(normal(ir, options), fixed);
  verifyTile(tile);
  const ready = scheduleTile(tile, { ...options, plans: tile.stages.map(planFor(c.seed, limits)) });
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

const law =
  (damage: Damage = {}) =>
  (c: StepsCase): void => {
    const ir = irOf(c.text);
    const program = lowered(c, ir, damage);
    const values = Object.fromEntries(
      ir.tensors.map((t) => [t.name, Float64Array.from(c.inputs[t.name]!.data)]),
    );
    const { outputs, errors } = interpretProgram(program, values, c.sizes);
    demand(errors.length === 0, () => `${errors[0]!.kind}: ${errors[0]!.message}\n${c.text}`);
    const exact = interpretKernel(ir, c.inputs, c.sizes);
    for (const [name, o] of Object.entries(exact)) demandEqual(c, name, o, outputs[name]!);
  };

const inValues =
  (change: (e: Expr, r: Recurrence, d: StepDef) => Expr) =>
  (r: Recurrence): Recurrence => ({
    ...r,
    defs: r.defs.map((d) => ({ ...d, value: rewrite(d.value, (e) => change(e, r, d)) as typeof d.value })),
  });
const isState = (e: Expr, r: Recurrence): boolean =>
  e.kind === 'read' && r.states.some((s) => s.name === e.name);

const FAULTS: readonly (readonly [string, Damage])[] = [
  [
    'states that begin with nothing',
    { steps: (r) => ({ ...r, states: r.states.map((s) => ({ ...s, init: constant(s.type, 0) })) }) },
  ],
  ['steps in the other order', { steps: (r) => ({ ...r, reverse: !r.reverse }) }],
  [
    'a decay that is dropped',
    {
      steps: inValues((e, r) =>
        e.kind === 'op' && e.op === 'mul' && isState(e.args[1]!, r) ? e.args[1]! : e,
      ),
    },
  ],
  ['a state that is read after its step', { steps: late }],
  [
    'vectors that are not turned round',
    {
      steps: inValues((e, r, d) => {
        if (e.kind !== 'read' || !isState(e, r)) return e;
        const own = r.states.find((s) => s.name === e.name)!.indices;
        if (!own.every((a) => d.indices.includes(a))) return e;
        return { ...e, index: own.map((name) => ({ kind: 'var', type: 'i32', name })) };
      }),
    },
  ],
  [
    'a last step that is not taken',
    {
      kernel: (p) => ({
        ...p,
        kernels: p.kernels.map((k) => ({
          ...k,
          body: flatMapStmts(k.body, (s) =>
            s.kind === 'for' && /^(t|step)(_\d+)?$/.test(s.name)
              ? [{ ...s, to: op('sub', s.to, i32(1)) }]
              : [s],
          ),
        })),
      }),
    },
  ],
];

/** Values that a step computes after the new state read that one, in the place of the old. */
function late(r: Recurrence): Recurrence {
  const at = (name: string): number => r.defs.findIndex((d) => d.name === name);
  return {
    ...r,
    defs: r.defs.map((d, n) => ({
      ...d,
      value: rewrite(d.value, (e) => {
        const s = e.kind === 'read' ? r.states.find((x) => x.name === e.name) : undefined;
        if (!s || e.kind !== 'read' || at(s.next) >= n || r.states.some((x) => x.next === d.name)) return e;
        const next = r.defs[at(s.next)]!;
        const map = new Map(s.indices.map((a, k) => [a, e.index[k]!]));
        return {
          ...e,
          name: s.next,
          index: next.indices.map((a) => substitute({ kind: 'var', type: 'i32', name: a }, map)),
        };
      }) as typeof d.value,
    })),
  };
}

describe('lowering of recurrences', () => {
  it('keeps the meaning', () => holds(stepsCases, law(), 250), 120_000);

  it.each(FAULTS)('notices %s', (_, damage) => catches(stepsCases, law(damage), 60), 60_000);
});
