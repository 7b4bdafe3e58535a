/**
 * Law of `fix-sizes`: with any of its sizes fixed, a kernel means what it meant, and the fixed sizes are gone. Constants
 * are folded in f32, which rounding.ts allows for.
 */
import { describe, it } from 'vitest';
import { f32, freeVars } from '../../src/expr/expr.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { editFirst, meansTheSame, through, type Edit } from './ir-law.ts';
import { catches, demand, holds } from './law.ts';
import { allowance } from './rounding.ts';

const cases = specs({ work: 12_000 });

const law =
  (damage: Edit = (k) => k) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const chosen = Object.entries(p.sizes).filter((_, n) => ((c.seed >> n) & 1) === 1);
    const fixed = { ...p.required, ...Object.fromEntries(chosen) };
    const after = damage(through(['fix-sizes'], p, fixed));
    for (const d of after.defs)
      for (const v of freeVars(d.value)) demand(!(v in fixed), () => `${v} is left in ${d.name}`);
    meansTheSame(p, p.ir, after, c, (exact) => allowance(p, exact));
  };

describe('fix-sizes', () => {
  it('keeps the meaning', () => holds(cases, law(), 60));

  it('notices a constant that is a little off', () => {
    const damage = editFirst((e) =>
      e.kind === 'const' && e.type === 'f32' && Number.isFinite(e.value) && e.value !== 0
        ? f32(e.value * 1.01)
        : undefined,
    );
    return catches(cases, law(damage), 60);
  });
});
