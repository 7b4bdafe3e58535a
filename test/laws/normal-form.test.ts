/**
 * Law of `normal-form`: a kernel means what it meant, every reduction is the root of a definition, and every definition
 * is read at its own indices.
 */
import { describe, it } from 'vitest';
import { children, i32, op, type Expr } from '../../src/expr/expr.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { editFirst, meansTheSame, through, type Edit } from './ir-law.ts';
import { catches, demand, holds } from './law.ts';

const cases = specs({ work: 12_000 });

const law =
  (damage: Edit = (k) => k) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const before = through(['expand-reductions'], p);
    const after = damage(through(['expand-reductions', 'normal-form'], p));
    const indices = new Map(after.defs.map((d) => [d.name, d.indices]));
    for (const d of after.defs) {
      const below = (e: Expr): void => {
        demand(e.kind !== 'reduce', () => `a reduction lies inside of ${d.name}`);
        const own = e.kind === 'read' ? indices.get(e.name) : undefined;
        if (own && e.kind === 'read')
          demand(
            e.index.every((x, n) => x.kind === 'var' && x.name === own[n]),
            () => `${e.name} is read at other indices in ${d.name}`,
          );
        children(e).forEach(below);
      };
      if (d.value.kind === 'reduce') children(d.value).forEach(below);
      else below(d.value);
    }
    meansTheSame(p, before, after, c);
  };

describe('normal-form', () => {
  it('keeps the meaning and gives the form', () => holds(cases, law(), 160));

  it('notices two reductions taken for one', () => {
    const damage: Edit = (k) => {
      const kind = (o: string): number =>
        k.defs.findIndex((d) => d.value.kind === 'reduce' && d.value.op === o);
      const [min, max] = [kind('min'), kind('max')];
      if (min < 0 && max < 0) return k;
      const defs = k.defs.map((d, n) =>
        (n === min || n === max) && d.value.kind === 'reduce'
          ? { ...d, value: { ...d.value, op: 'sum' as const } }
          : d,
      );
      return { ...k, defs };
    };
    return catches(cases, law(damage), 80);
  });
  it('notices a tensor that is read one element off', () => {
    const damage = editFirst((e) =>
      e.kind === 'read' && e.name === 'k'
        ? { ...e, index: e.index.map((x, n) => (n === e.index.length - 2 ? op('mul', x, i32(0)) : x)) }
        : undefined,
    );
    return catches(cases, law(damage), 80);
  });
});
