/** Whether a target's results agree with the interpreter's. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { tensorValues, type Tensor } from '../runtime/tensor.ts';
import { compare, tolerance, type Difference } from './compare.ts';
import { roundOutputs } from './round-outputs.ts';
import { interpret } from './interpreted.ts';
import type { Execution, Launch } from './targets.ts';

export interface OutputAgreement extends Difference {
  readonly output: string;
  readonly tolerance: number;
  readonly agrees: boolean;
}

/**
 * Compares all outputs with a run of the interpreter; both are rounded to the storage of the outputs.
 * @param exact that run, where there was one already
 */
export function agreement(
  launch: Launch,
  actual: ReadonlyMap<string, Tensor>,
  exact: Execution = interpret(launch),
): OutputAgreement[] {
  const expected = roundOutputs(launch.kernel, exact);
  const storages = launch.kernel.tensors.filter((t) => launch.inputs.has(t.name)).map((t) => t.storage);
  return launch.kernel.outputs.map(({ name, storage }) => {
    const limit = tolerance(storage, storages);
    const difference = compare(tensorValues(actual.get(name)!), tensorValues(expected.get(name)!), limit);
    return { output: name, ...difference, tolerance: limit, agrees: difference.worst <= limit };
  });
}

/** One line per output. */
export function agreementLines(all: readonly OutputAgreement[]): string[] {
  return all.map(
    (d) => `  ${d.output}: worst error ${d.worst.toExponential(2)} (limit ${d.tolerance.toExponential(1)})`,
  );
}

/** One error per output that disagrees. */
export function disagreements(all: readonly OutputAgreement[]): Diagnostic[] {
  return all
    .filter((d) => !d.agrees)
    .map((d) => ({
      code: 'E0731',
      severity: 'error',
      message: `output ${d.output} is ${d.actual} at element ${d.at} where the interpreter gives ${d.expected}`,
    }));
}
