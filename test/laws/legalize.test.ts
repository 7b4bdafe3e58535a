/**
 * Law of the back-ends' legalisation: kernels compute the same bit for bit afterwards. Shared arrays of 16-bit floats,
 * which WGSL widens, occur only with matrix units, which it has not.
 */
import { describe, it } from 'vitest';
import { cudaBackend } from '../../backends/cuda/index.ts';
import { wgslBackend } from '../../backends/wgsl/index.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare } from './case.ts';
import { sameBits } from './bits.ts';
import { catches, holds } from './law.ts';
import { afterPasses, executed, GPU, kernels, tiled, withShortLoops, withSwappedChoice } from './lowering.ts';
import type { Damage } from './lowering.ts';

const cases = specs({ work: 8_000 });

const law =
  (backend: typeof wgslBackend, damage: Damage = {}) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const target = { limits: GPU, fixed: c.seed % 2 === 0 ? p.required : p.sizes };
    const before = afterPasses(kernels(tiled(p, target.fixed, GPU), target));
    const legal = backend.legalize(before, {});
    verifyProgram(legal);
    sameBits(executed(before, p), executed(damage.kernel ? damage.kernel(legal) : legal, p), c);
  };

describe.each([
  ['WGSL', wgslBackend],
  ['CUDA', cudaBackend],
])('legalisation for %s', (_, backend) => {
  it('keeps every bit', () => holds(cases, law(backend), 30));
  it('notices loops that end early', () => catches(cases, law(backend, withShortLoops), 30));
  it('notices a choice that goes the other way', () => catches(cases, law(backend, withSwappedChoice), 30));
});
