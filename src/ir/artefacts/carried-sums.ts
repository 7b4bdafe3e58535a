/** The kernel whose artefacts are made: sums over earlier positions are states by then, wherever they can be. */
import type { IrKernel } from '../ir.ts';
import { expandReductions } from '../passes/expand-reductions.ts';
import { rewriteLinear } from '../passes/rewrite-linear.ts';

/** Whether the sequence kernel would be rewritten is a question of cost; a step has to be, and what is written stays. */
export function carriedSums(k: IrKernel): IrKernel {
  if (k.states.length > 0) return k;
  return rewriteLinear(expandReductions(k), { rewrite: true }).kernel;
}
