/**
 * Law: where references lag behind what they follow, kernels compute what the definitions say, and no weight is ever more
 * than 2^8 times what it is against the running value: weights of 16 bits stay inside their format.
 */
import { describe, it } from 'vitest';
import { constant, op, rewrite, f32, type Expr } from '../../src/expr/expr.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { mapExprs } from '../../src/kernel/walk.ts';
import { defaultPlan, type StagePlan } from '../../src/tile/plan.ts';
import type { Stage } from '../../src/tile/tile.ts';
import { attentionSpecs, type SpecCase } from '../support/spec-arbitrary.ts';
import { catches, holds } from './law.ts';
import { GPU, lowersRightly, type Damage } from './lowering.ts';

const LAG = 8;

/** Powers of two are taken for weights alone here, and rescaling only ever makes smaller. */
const cases = attentionSpecs({ work: 10_000 }).filter((c) => !c.text.includes('exp2'));

const lagging = (s: Stage): StagePlan => ({ ...defaultPlan(s, GPU), references: 'lagging' });

const inKernels =
  (change: (e: Expr) => Expr) =>
  (p: Program): Program => ({
    ...p,
    kernels: p.kernels.map((k) => ({ ...k, body: mapExprs(k.body, (e) => rewrite(e, change)) })),
  });

/** Powers above 2^LAG are taken for no number, as far as rounding allows to tell. */
const bounded = inKernels((e) => {
  if (e.kind !== 'op' || e.op !== 'exp2') return e;
  const [x] = e.args as [Expr];
  const nothing = op('sub', f32(Infinity), f32(Infinity));
  return op('exp2', op('select', op('gt', x, f32(LAG * 1.001)), nothing, x));
});

const law =
  (damage: (p: Program) => Program = (p) => p) =>
  (c: SpecCase): void => {
    const both: Damage = { kernel: (p) => bounded(damage(p)) };
    lowersRightly(c, (p) => ({ limits: GPU, plan: lagging, fixed: p.required }), both);
  };

/** References that may lag by another amount. */
const lagOf = (lag: number): ((p: Program) => Program) =>
  inKernels((e) => (e.kind === 'const' && e.type === 'f32' && e.value === LAG ? constant('f32', lag) : e));

/** References that are never set to what they follow. */
const neverMoved = inKernels((e) =>
  e.kind === 'var' && /_moves(_\d+)?$/.test(e.name) ? constant('bool', 0) : e,
);

describe('references that lag', () => {
  it('keep the meaning and bound the weights', () => holds(cases, law(), 60));
  it('are told from others: that lag further', () => catches(cases, law(lagOf(40)), 200));
  it('are told from others: that never move', () => catches(cases, law(neverMoved), 200));
});
