/** Law of `expand-reductions`: a kernel means what it meant, without mean, logsumexp and all. */
import { describe, it } from 'vitest';
import { children, visit } from '../../src/expr/expr.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { editFirst, meansTheSame, through, type Edit } from './ir-law.ts';
import { catches, demand, holds } from './law.ts';

const cases = specs({ work: 12_000 });

const law =
  (damage: Edit = (k) => k) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const after = damage(through(['expand-reductions'], p));
    for (const d of after.defs)
      visit(d.value, (e) =>
        demand(
          e.kind !== 'reduce' || !['mean', 'logsumexp', 'all'].includes(e.op),
          () => `${d.name} still holds a compound reduction`,
        ),
      );
    meansTheSame(p, p.ir, after, c);
  };

describe('expand-reductions', () => {
  it('keeps the meaning', () => holds(cases, law(), 60));

  it('notices a mean that forgets rows without elements', () => {
    const damage = editFirst((e) => {
      if (e.kind !== 'op' || e.op !== 'select') return undefined;
      const [condition, value] = e.args;
      return condition!.kind === 'op' && children(condition!)[0]!.kind === 'reduce' ? value : undefined;
    });
    return catches(cases, law(damage), 240);
  });
  it('notices a domain that is gone', () => {
    const damage = editFirst((e) => {
      if (e.kind !== 'reduce' || !e.where) return undefined;
      const { where: _, ...rest } = e;
      return rest;
    });
    return catches(cases, law(damage), 240);
  });
});
