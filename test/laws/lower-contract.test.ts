/**
 * Law of `lower-contract`: kernels compute the same bit for bit when contractions became multiply-adds, because both add
 * the products in the same order and round once per addition.
 */
import { describe, it } from 'vitest';
import type { Program } from '../../src/kernel/kernel.ts';
import { flatMapStmts, someStmt } from '../../src/kernel/walk.ts';
import { attentionSpecs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { sameBits } from './bits.ts';
import { catches, demand, holds } from './law.ts';
import { afterPasses, executed, GPU, kernels, tiled } from './lowering.ts';

const cases = attentionSpecs({ work: 8_000 });

/** The program without the last product of each contraction. */
const withoutLastProduct = (p: Program): Program => ({
  ...p,
  kernels: p.kernels.map((k) => ({
    ...k,
    body: flatMapStmts(k.body, (s) => [s.kind === 'contract' ? { ...s, depth: s.depth - 1 } : s]),
  })),
});

const law =
  (damage: (p: Program) => Program = (p) => p) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const target = {
      limits: GPU,
      fixed: p.required,
      plan: () => ({
        arrangement: 'lane-rows' as const,
        blockM: 8 * (1 + (c.seed % 3)),
        blockN: 1 + (c.seed % 11),
        lanes: 8,
        operands: 'workgroup' as const,
        fullTiles: 'apart' as const,
      }),
    };
    const before = kernels(tiled(p, target.fixed, target.limits), target);
    const after = afterPasses(damage(before), 1);
    for (const k of after.kernels)
      demand(!someStmt(k.body, (s) => s.kind === 'contract'), () => `${k.name} still contracts`);
    sameBits(executed(before, p), executed(after, p), c);
  };

describe('lower-contract', () => {
  it('keeps every bit', () => holds(cases, law(), 40));
  it('notices a missing product', () => catches(cases, law(withoutLastProduct), 40));
});
