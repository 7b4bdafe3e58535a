/** Opening a spec for a command: read, check, choose the kernel. */
import { UserError, userError, type Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Context } from './context.ts';
import { checkSpec, hasErrors, openSpec, type Spec } from './pipeline.ts';

/** The file has errors: they are shown instead of a result. */
export class SpecErrors extends UserError {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics.find((d) => d.severity === 'error')!);
  }
}

export interface OpenedSpec {
  readonly spec: Spec;
  readonly kernels: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

/** @throws SpecErrors when the file has errors, E0720 when it has no kernel. */
export function openChecked(context: Context, path: string): OpenedSpec {
  const spec = openSpec(context.sources, path);
  const { kernels, diagnostics } = checkSpec(spec);
  if (hasErrors(diagnostics)) throw new SpecErrors(diagnostics);
  if (kernels.length === 0) throw userError('E0720', `${path} declares no kernel`);
  return { spec, kernels, warnings: diagnostics };
}

/** @throws UserError E0720 when the name is unknown, or absent where it is needed. */
export function chooseKernel(path: string, kernels: readonly string[], wanted: string | undefined): string {
  if (wanted === undefined && kernels.length === 1) return kernels[0]!;
  if (wanted !== undefined && kernels.includes(wanted)) return wanted;
  throw userError(
    'E0720',
    wanted === undefined ? `${path} declares several kernels` : `${path} has no kernel ${wanted}`,
    {
      hint: `choose with --kernel: ${kernels.join(', ')}`,
    },
  );
}
