/**
 * Whether a disagreement can be rounding alone: the definition itself moves by as much, on inputs moved by a rounding of
 * their storage or when each of its operations errs by one of f32. A quotient of sums that cancel, or a maximum between equal scores, is such a case. The
 * executor's result is then exact for inputs that nobody could tell from the given ones (backward stability), and weights
 * rounded to the operands' format are such a movement of the values. Operations count by themselves where no rounding of
 * inputs parts terms that cancel, as the entropy of a single weight is the difference of two equal numbers, and where inputs
 * are integers, which are not rounded, though the scores that they scale to are.
 */
import { STORAGE } from '../../expr/types.ts';
import { interpretKernel, type InterpretedTensor } from '../../ir/interpret.ts';
import { randomFrom } from '../../runtime/random.ts';
import { tensorValues } from '../../runtime/tensor.ts';
import type { OutputAgreement } from '../agreement.ts';
import { compare, UNIT } from '../compare.ts';
import { interpret } from '../interpreted.ts';
import type { Launch } from '../targets.ts';
import { withNoise } from './noise.ts';

const TRIES = 3;

/** An executor rounds often, a movement once: so many times the movement may be missed. Indices and truth values have no size. */
const ROUNDINGS = 64;

/** So near the end of f32 that a product on the way may be infinite. */
const leavesRange = (x: number): boolean => Number.isFinite(x) && Math.abs(x) > 2 ** 120;

/**
 * True when every output that disagrees leaves the range of f32 or also moves past its tolerance under such a perturbation of
 * the inputs or of the operations.
 */
export function explainedByRounding(launch: Launch, seed: number, all: readonly OutputAgreement[]): boolean {
  const still = interpret(launch).outputs;
  const left = new Set(all.filter((o) => !o.agrees).map((o) => o.output));
  for (const name of left) if (still.get(name)!.values.some(leavesRange)) left.delete(name);
  const strike = (valuesOf: (output: string) => ArrayLike<number>): void => {
    for (const o of all) {
      const { worst } = compare(valuesOf(o.output), still.get(o.output)!.values);
      if (worst > o.tolerance && (o.tolerance === 0 || o.worst <= ROUNDINGS * worst)) left.delete(o.output);
    }
  };
  for (let n = 0; n < TRIES && left.size > 0; n++) {
    const moved = interpretKernel(launch.kernel, perturbed(launch, seed + n), launch.sizes, launch.params);
    strike((output) => moved[output]!.data);
  }
  if (left.size > 0) {
    const kernel = withNoise(launch.kernel, 1, { units: 1 });
    const moved = interpret({ ...launch, kernel }).outputs;
    strike((output) => moved.get(output)!.values);
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
