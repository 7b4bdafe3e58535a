/**
 * Whether a disagreement can be rounding alone: the definition itself, on inputs moved by a rounding of
 * their storage, moves by as much. A quotient of sums that cancel, or a maximum between equal scores, is such a case. The
 * executor's result is then exact for inputs that nobody could tell from the given ones (backward stability), and weights
 * rounded to the operands' format are such a movement of the values.
 */
import { STORAGE } from '../../expr/types.ts';
import { interpretKernel, type InterpretedTensor } from '../../ir/interpret.ts';
import { randomFrom } from '../../runtime/random.ts';
import { tensorValues } from '../../runtime/tensor.ts';
import type { OutputAgreement } from '../agreement.ts';
import { compare, UNIT } from '../compare.ts';
import { interpret, type Launch } from '../targets.ts';

const TRIES = 3;

/** So near the end of f32 that a product on the way may be infinite. */
const leavesRange = (x: number): boolean => Number.isFinite(x) && Math.abs(x) > 2 ** 120;

/** True when every output that disagrees leaves the range of f32 or also moves past its tolerance under such a perturbation of the inputs. */
export function explainedByRounding(launch: Launch, seed: number, all: readonly OutputAgreement[]): boolean {
  const still = interpret(launch).outputs;
  const left = new Set(all.filter((o) => !o.agrees).map((o) => o.output));
  for (const name of left) if (still.get(name)!.values.some(leavesRange)) left.delete(name);
  for (let n = 0; n < TRIES && left.size > 0; n++) {
    const moved = interpretKernel(launch.kernel, perturbed(launch, seed + n), launch.sizes, launch.params);
    for (const o of all)
      if (compare(moved[o.output]!.data, still.get(o.output)!.values).worst > o.tolerance)
        left.delete(o.output);
  }
  return left.size === 0;
}

function perturbed(launch: Launch, seed: number): Record<string, InterpretedTensor> {
  const random = randomFrom(seed);
  const out: Record<string, InterpretedTensor> = {};
  for (const [name, tensor] of launch.inputs) {
    const declared = launch.kernel.tensors.find((t) => t.name === name);
    const isFloat = declared !== undefined && STORAGE[declared.storage].value === 'f32';
    const values = tensorValues(tensor);
    const unit = UNIT[declared?.storage ?? 'f32'] ?? 0;
    const data = isFloat ? Array.from(values, (x) => x * (1 + unit * (2 * random.next() - 1))) : values;
    out[name] = { shape: tensor.shape, data };
  }
  return out;
}
