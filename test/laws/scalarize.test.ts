/** Law of `scalarize`: kernels compute the same bit for bit when arrays with constant indices became scalars. */
import { describe, it } from 'vitest';
import { constant } from '../../src/expr/expr.ts';
import type { Program, Stmt } from '../../src/kernel/kernel.ts';
import { flatMapStmts, visitStmts } from '../../src/kernel/walk.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { sameBits } from './bits.ts';
import { catches, holds } from './law.ts';
import { afterPasses, executed, GPU, kernels, tiled } from './lowering.ts';

const cases = specs({ work: 8_000 });

/** Local arrays by name. */
function arraysOf(p: Program): ReadonlySet<string> {
  const out = new Set<string>();
  for (const k of p.kernels)
    visitStmts(k.body, (s) => {
      if (s.kind === 'array') out.add(s.name);
    });
  return out;
}

/** The program in which the first element of every array that became scalars starts at one. */
function withWrongStart(before: Program, after: Program): Program {
  const left = arraysOf(after);
  const gone = new Set([...arraysOf(before)].filter((a) => !left.has(a)).map((a) => `${a}_0`));
  const change = (s: Stmt): Stmt[] =>
    s.kind === 'var' && gone.has(s.name) ? [{ ...s, value: constant(s.value.type, 1) }] : [s];
  return {
    ...after,
    kernels: after.kernels.map((k) => ({ ...k, body: flatMapStmts(k.body, change) })),
  };
}

const law =
  (damage: (before: Program, after: Program) => Program = (_, after) => after) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const limits = { ...GPU, subgroup: 4, software: c.seed % 3 !== 0 };
    const target = { limits, fixed: p.required };
    const before = afterPasses(kernels(tiled(p, target.fixed, limits), target), 1);
    const after = damage(before, afterPasses(before));
    sameBits(executed(before, p), executed(after, p), c);
  };

describe('scalarize', () => {
  it('keeps every bit', () => holds(cases, law(), 30));
  it('notices a scalar that does not start at zero', () => catches(cases, law(withWrongStart), 30));
});
