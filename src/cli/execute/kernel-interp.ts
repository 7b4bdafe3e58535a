/** The lockstep interpreter as a target: the kernels themselves, lane by lane, before any back-end prints them. */
import { userError } from '../../diagnostics/diagnostic.ts';
import { interpretProgram } from '../../kernel/interpret/interpret.ts';
import { tensorValues } from '../../runtime/tensor.ts';
import { fixedFor } from '../../fixed-sizes.ts';
import { compileVariant } from '../pipeline.ts';
import type { Execution, Launch } from '../targets.ts';
import { outputsFromValues, warningsOf } from './outputs.ts';

/** @throws UserError E0733 when it finds an access outside a tensor, a race or a divergent barrier. */
export async function executeKernelInterp(launch: Launch): Promise<Execution> {
  const { kernel, inputs, sizes, params } = launch;
  const set = fixedFor(kernel, launch.variant.set, sizes);
  const compiled = await compileVariant(kernel, set, 'wgsl', launch.features, launch.expected);
  const { program } = compiled.lowered;
  const values = Object.fromEntries([...inputs].map(([name, tensor]) => [name, tensorValues(tensor)]));
  const { outputs, errors, errorCount } = interpretProgram(program, values, { ...sizes, ...params });
  if (errors[0] !== undefined)
    throw userError(
      'E0733',
      `the kernel interpreter found ${errorCount} problems, first ${errors[0].kind}: ${errors[0].message}`,
    );
  return {
    outputs: outputsFromValues(kernel, sizes, outputs),
    device: 'kernel interpreter (f32, lockstep)',
    ...warningsOf(compiled),
  };
}
