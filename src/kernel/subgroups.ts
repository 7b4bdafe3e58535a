/** What kernels ask of the subgroups of a device: lanes that run in step and exchange values without memory. */
import type { Kernel } from './kernel.ts';
import { kernelVars, someStmt } from './walk.ts';

/**
 * Lanes of a CPU's subgroups from which on they exchange what they read: with 8 a read of neighbouring elements brings twice the
 * elements that 4 bring, and on SwiftShader, which has 4, all lanes reading one element took 0.9 of the time.
 */
export const EXCHANGING_LANES = 8;

/** Lanes that a subgroup must have at least so that a kernel is right: 1 where its lanes exchange nothing. */
export const subgroupNeeded = (k: Kernel): number =>
  someStmt(k.body, (s) => s.kind === 'broadcast') ? k.lanes : 1;

/** Lanes exchange values, wherever subgroups are large enough or in any case. */
export const usesSubgroups = (k: Kernel): boolean => subgroupNeeded(k) > 1 || kernelVars(k).has('subgroup');
