/** Law of `guard-rows`: what is not reduced is nowhere read, so that all outputs are what they were. */
import { describe, it } from 'vitest';
import { bool, op, rewrite } from '../../src/expr/expr.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { meansTheSame, through, type Edit } from './ir-law.ts';
import { catches, holds } from './law.ts';

const cases = specs({ work: 12_000 });

const law =
  (damage: (before: IrKernel) => Edit = () => (k) => k) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    meansTheSame(p, p.ir, damage(p.ir)(through(['guard-rows'], p)), c);
  };

/** Where the pass has added a condition, nothing is kept: as if it held nowhere. */
const nowhere =
  (before: IrKernel): Edit =>
  (k) => ({
    ...k,
    defs: k.defs.map((d) => {
      const changed = before.defs.find((x) => x.name === d.name)?.value !== d.value;
      if (!changed) return d;
      const value = rewrite(d.value, (e) =>
        e.kind === 'reduce' && e.where ? { ...e, where: op('and', bool(false), e.where) } : e,
      );
      return { ...d, value };
    }),
  });

describe('guard-rows', () => {
  it('keeps the meaning', () => holds(cases, law(), 120));
  it('notices rows that are left out although they are read', () => catches(cases, law(nowhere), 400));
});
