/** Executing one launch on a target: the interpreter, which is the definition, or something that was compiled. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { IrKernel } from '../ir/ir.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { interpret } from './interpreted.ts';
import type { Features, Spec, Variant } from './pipeline.ts';

export { interpret };

export const TARGETS = ['interp', 'kernel-interp', 'wgsl', 'cuda-emu', 'cuda'] as const;
export type Target = (typeof TARGETS)[number];

/** Everything about one launch; names and numbers are already checked. */
export interface Launch {
  readonly spec: Spec;
  readonly variant: Variant;
  readonly features: Features;
  /** Semantic IR of the variant, with the storage that the tensors have. */
  readonly kernel: IrKernel;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  /** Sizes that the schedule is made for, where they are not left to the target. */
  readonly expected?: Readonly<Record<string, number>>;
}

export interface Output {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}
export interface Execution {
  readonly outputs: ReadonlyMap<string, Output>;
  /** What it ran on. */
  readonly device: string;
  /** About how it was compiled. */
  readonly warnings?: readonly Diagnostic[];
}

/**
 * Runs a launch.
 * @throws UserError E0730 when the target is not available here, E0733 when the execution reports an error.
 */
export async function execute(target: Target, launch: Launch): Promise<Execution> {
  switch (target) {
    case 'interp':
      return interpret(launch);
    case 'kernel-interp':
      return (await import('./execute/kernel-interp.ts')).executeKernelInterp(launch);
    case 'wgsl':
      return (await import('./execute/wgsl.ts')).executeWgsl(launch);
    case 'cuda-emu':
      return (await import('./execute/cuda.ts')).executeEmulated(launch);
    case 'cuda':
      return (await import('./execute/cuda.ts')).executeOnGpu(launch);
  }
}

/** Why a target cannot run here, or undefined when it can. */
export async function missingFor(target: Target): Promise<string | undefined> {
  switch (target) {
    case 'interp':
    case 'kernel-interp':
      return undefined;
    case 'wgsl':
      return (await import('./execute/wgsl.ts')).missingWebgpu();
    case 'cuda-emu':
      return (await import('./execute/cuda.ts')).missingEmulator();
    case 'cuda':
      return (await import('./execute/cuda.ts')).missingGpu();
  }
}

/** The compiled targets that run here, and a line for each that does not. */
export async function availableTargets(): Promise<{
  readonly available: readonly Target[];
  readonly missing: readonly string[];
}> {
  const available: Target[] = [];
  const missing: string[] = [];
  for (const target of TARGETS.slice(1)) {
    const reason = await missingFor(target);
    if (reason === undefined) available.push(target);
    else missing.push(reason);
  }
  return { available, missing };
}
