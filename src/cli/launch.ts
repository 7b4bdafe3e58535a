/** From a spec and tensors to a launch: the variant that the tensors ask for, sizes and params. */
import type { Tensor } from '../runtime/tensor.ts';
import { bindNumbers, convertInputs, readInputs, storageFromFiles } from './bind.ts';
import { irOf, type Features, type Spec, type Variant } from './pipeline.ts';
import type { Launch } from './targets.ts';
import type { TensorPath } from './usage.ts';

export interface LaunchRequest {
  readonly spec: Spec;
  readonly variant: Variant;
  readonly features: Features;
  readonly inputs: readonly TensorPath[];
  readonly params: ReadonlyMap<string, number>;
}

/**
 * Reads the inputs. Optional inputs without a tensor are absent, and float storage follows the files unless it was chosen.
 * @returns the launch, and what was decided because of the files, in words
 * @throws UserError E05xx, E07xx.
 */
export function prepareLaunch(request: LaunchRequest): {
  readonly launch: Launch;
  readonly notes: readonly string[];
} {
  const { spec, variant, features } = request;
  const declared = irOf(spec, variant);
  const files = readInputs(declared, request.inputs);
  const absent = declared.tensors.filter((t) => t.optional && !files.has(t.name)).map((t) => t.name);
  const { storage, notes } = storageFromFiles(declared, files);
  const settled: Variant = {
    ...variant,
    absent: new Set([...variant.absent, ...absent]),
    storage: { ...storage, ...variant.storage },
  };
  const kernel = irOf(spec, settled);
  const inputs: ReadonlyMap<string, Tensor> = convertInputs(kernel, files);
  const numbers = bindNumbers(kernel, inputs, new Map(Object.entries(variant.set)), request.params);
  return { launch: { spec, variant: settled, features, kernel, inputs, ...numbers }, notes };
}
