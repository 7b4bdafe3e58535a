/** Rewrites a program into what WGSL can spell. Runs last; contractions are already multiply-adds. */
import type { Kernel, Program } from '../../../src/kernel/kernel.ts';
import type { BackendOptions } from '../../backend.ts';
import { wgslLimits } from '../limits.ts';
import { foldConstants } from './fold.ts';
import { hoistLoopBounds } from './loops.ts';
import { widenShared } from './shared.ts';

export function legalizeWgsl(program: Program, options: BackendOptions = {}): Program {
  const limits = wgslLimits(options);
  const passes: readonly ((k: Kernel) => Kernel)[] = [
    (k) => widenShared(k, limits),
    foldConstants, // before loops: a bound that folds to a constant needs no variable
    hoistLoopBounds,
  ];
  return {
    ...program,
    kernels: program.kernels.map((k) => passes.reduce((kernel, pass) => pass(kernel), k)),
  };
}
