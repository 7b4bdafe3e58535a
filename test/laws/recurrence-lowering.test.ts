/**
 * Law of the lowering of recurrences: run step by step, lane by lane, they compute what their definitions say, for steps
 * of any kind, however many columns a lane carries and whichever loops are written out.
 */
import { describe, it } from 'vitest';
import { constant, i32, op, rewrite, substitute, type Expr } from '../../src/expr/expr.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { flatMapStmts } from '../../src/kernel/walk.ts';
import type { Recurrence, StepDef } from '../../src/tile/tile.ts';
import { stepsCases, type StepsCase } from '../support/steps-arbitrary.ts';
import { catches, demand, holds } from './law.ts';
import { demandDefinition, irOf, loweredSteps, type Damage } from './steps-case.ts';

const law =
  (damage: Damage = {}) =>
  (c: StepsCase): void => {
    const ir = irOf(c.text);
    const program = loweredSteps(c, ir, damage);
    const values = Object.fromEntries(
      ir.tensors.map((t) => [t.name, Float64Array.from(c.inputs[t.name]!.data)]),
    );
    const { outputs, errors } = interpretProgram(program, values, c.sizes);
    demand(errors.length === 0, () => `${errors[0]!.kind}: ${errors[0]!.message}\n${c.text}`);
    demandDefinition(c, ir, outputs);
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

  it.each(FAULTS)('notices %s', (_, damage) => catches(stepsCases, law(damage), 60), 180_000);
});
