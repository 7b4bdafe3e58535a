/**
 * Laws of `pack-shared`: a kernel in which an axis was split into groups and members means what it meant, tensors being
 * seen in another shape, and its kernels compute it.
 */
import { describe, it } from 'vitest';
import { i32, op, rewrite, type Expr } from '../../src/expr/expr.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { packShared } from '../../src/ir/passes/pack.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { normalizeIr } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { attentionSpecs, type SpecCase } from '../support/spec-arbitrary.ts';
import { interpreted, prepare, type Prepared } from './case.ts';
import { meansTheSame } from './ir-law.ts';
import { catches, demand, holds } from './law.ts';
import { afterPasses, executed, GPU, kernels } from './lowering.ts';
import { allowance, disagreement } from './rounding.ts';

const normal = (p: Prepared): IrKernel => normalizeIr(p.ir, { fixed: p.sizes, limits: GPU, pack: false });
const packed = (p: Prepared): IrKernel => packShared(normal(p), { pack: true });
const grouped = attentionSpecs({ work: 12_000 }).filter(
  (c) => c.text.includes('g: G') && c.sizes.H! > c.sizes.G!,
);
const cases = grouped.filter((c) => {
  const p = prepare(c);
  return packed(p).axes.length > normal(p).axes.length;
});

const law =
  (damage: (k: IrKernel) => IrKernel = (k) => k) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const after = damage(packed(p));
    verifyIr(after, 'pack-shared');
    meansTheSame(p, normal(p), after, c);
  };

const inDefs = (change: (e: Expr) => Expr) => (k: IrKernel) => ({
  ...k,
  defs: k.defs.map((d) => ({ ...d, value: rewrite(d.value, change) })),
});
const isMember = (e: Expr): boolean => e.kind === 'var' && e.name.endsWith('.member');

describe('packing members of a group', () => {
  it('keeps the meaning', () => holds(cases, law(), 40));

  it('keeps the meaning of kernels', () =>
    holds(
      cases,
      (c) => {
        const p = prepare(c);
        const to = { limits: GPU, fixed: p.sizes };
        const found = executed(afterPasses(kernels(tileProgram(packed(p), p.sizes), to)), p);
        const exact = interpreted(p.ir, p);
        const wrong = disagreement(exact, found, allowance(p, exact));
        demand(wrong === undefined, () => `${JSON.stringify(wrong)}\n${c.text}${JSON.stringify(p.sizes)}`);
      },
      25,
    ));

  it.each([
    ['members that read their first', inDefs((e) => (isMember(e) ? i32(0) : e))],
    [
      'members that are numbered from one',
      inDefs((e) => (isMember(e) ? op('mod', op('add', e, i32(1)), i32(2)) : e)),
    ],
  ])('notices %s', (_, damage) => catches(cases, law(damage), 40));
});
