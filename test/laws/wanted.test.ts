/** Law of what is wanted: whatever stands in the place of elements that nobody is said to read, outputs are the same. */
import { describe, it } from 'vitest';
import { constant, isTrue, op, type Expr } from '../../src/expr/expr.ts';
import { simplify } from '../../src/expr/simplify.ts';
import type { IrDef, IrKernel } from '../../src/ir/ir.ts';
import { Wanted } from '../../src/ir/wanted.ts';
import { selections } from '../support/selection-arbitrary.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { meansTheSame, through } from './ir-law.ts';
import { catches, demand, holds } from './law.ts';

/** No value of a spec is near it, and it changes whatever reads it. */
const poison = (d: IrDef): Expr => constant(d.type, d.type === 'bool' ? 1 : 12_345);

function poisoned(k: IrKernel, damage: (test: Expr) => Expr): { kernel: IrKernel; tests: number } {
  const wanted = new Wanted(k);
  let tests = 0;
  const defs = k.defs.map((d) => {
    const test = wanted.of(d.name);
    if (!test || isTrue(simplify(test))) return d;
    tests++;
    return { ...d, value: op('select', damage(test), d.value, poison(d)) };
  });
  return { kernel: { ...k, defs }, tests };
}

let seen = 0;
const law =
  (damage: (test: Expr) => Expr = (e) => e) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const before = through(['expand-reductions', 'normal-form'], p);
    const { kernel, tests } = poisoned(before, damage);
    seen += tests;
    meansTheSame(p, before, kernel, c);
  };

describe('what is wanted', () => {
  it('leaves out nothing that is read', async () => {
    await holds(specs({ work: 12_000 }), law(), 160);
    await holds(selections, law(), 120);
    demand(seen > 50, () => `only ${seen} tests were found`);
  });
  it('notices elements that are read and left out', () =>
    catches(
      specs({ work: 12_000 }),
      law((test) => op('not', test)),
      120,
    ));
});
