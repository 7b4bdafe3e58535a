/** Tensors for a case. Where states are carried, what multiplies them is made smaller until the results stay in range. */
import type { IrKernel } from '../../ir/ir.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { interpret } from '../interpreted.ts';
import { drawInputs } from './draw-inputs.ts';
import type { Numbers } from './draw-numbers.ts';
import type { IntegerUse } from './integer-uses.ts';
import { stateFactors, tempered } from './state-factors.ts';

/** Results larger than this are drawn anew: over many steps a state that grows leaves the range of f32. */
const LARGE = 2 ** 24;
const CALM_TRIES = 6;

/** Minus infinity is the result of a maximum over nothing. */
const isLarge = (x: number): boolean => !(Math.abs(x) < LARGE || x === -Infinity);

/**
 * @param shrink halves the range of integers that index indirectly, once per unit
 * @throws UserError when an index falls outside of its tensor
 */
export function inputsInRange(
  c: Numbers & { readonly kernel: IrKernel; readonly seed: number },
  uses: ReadonlyMap<string, IntegerUse>,
  shrink: number,
): Map<string, Tensor> {
  const { kernel, sizes, params, seed } = c;
  const factors = stateFactors(kernel);
  if (factors.size === 0) return drawInputs(kernel, uses, sizes, seed, shrink);
  for (let calm = 0; ; calm++) {
    const temper = (name: string, x: number): number => {
      const factor = factors.get(name);
      return factor ? tempered(factor, x, calm) : x;
    };
    const inputs = drawInputs(kernel, uses, sizes, seed, shrink, temper);
    if (calm === CALM_TRIES) return inputs;
    const { outputs } = interpret({ kernel, inputs, sizes, params });
    if (![...outputs.values()].some((o) => o.values.some(isLarge))) return inputs;
  }
}
