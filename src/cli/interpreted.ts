/** The definition of a launch: what its outputs are, by the float64 interpreter. */
import { interpretKernel, type InterpretedTensor } from '../ir/interpret.ts';
import { tensorValues } from '../runtime/tensor.ts';
import type { Execution, Launch, Output } from './targets.ts';

/** float64, in the terms of the spec: neither tiles nor storage of results. */
export function interpret(launch: Pick<Launch, 'kernel' | 'inputs' | 'sizes' | 'params'>): Execution {
  const inputs: Record<string, InterpretedTensor> = {};
  for (const [name, tensor] of launch.inputs)
    inputs[name] = { shape: tensor.shape, data: tensorValues(tensor) };
  const results = interpretKernel(launch.kernel, inputs, launch.sizes, launch.params);
  const outputs = new Map(
    Object.entries(results).map(([name, { shape, data }]): [string, Output] => [
      name,
      { shape, values: data },
    ]),
  );
  return { outputs, device: 'interpreter (float64)' };
}
