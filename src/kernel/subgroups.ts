/** What kernels ask of the subgroups of a device: lanes that run in step and exchange values without memory. */
import type { Kernel } from './kernel.ts';
import { someStmt } from './walk.ts';

/** Lanes that a subgroup must have at least so that a kernel is right: 1 where its lanes exchange nothing. */
export const subgroupNeeded = (k: Kernel): number =>
  someStmt(k.body, (s) => s.kind === 'broadcast') ? k.lanes : 1;
