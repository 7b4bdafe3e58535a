/** Runs a kernel in the page: on the GPU, or lane by lane in the kernel interpreter, and holds it against the definition. */
import { agreement } from '../../../src/cli/agreement.ts';
import { executeKernelInterp } from '../../../src/cli/execute/kernel-interp.ts';
import { interpret } from '../../../src/cli/interpreted.ts';
import { roundOutputs } from '../../../src/cli/round-outputs.ts';
import { summary } from '../../../src/cli/summary.ts';
import type { Execution, Launch } from '../../../src/cli/targets.ts';
import { explainedByRounding } from '../../../src/cli/verify/conditioning.ts';
import { USUAL_WORK, work } from '../../../src/cli/verify/draw-numbers.ts';
import { userError } from '../../../src/diagnostics/diagnostic.ts';
import type { Tensor } from '../../../src/runtime/tensor.ts';
import type { Asked, RunReport } from '../protocol.ts';
import { fixedOf, kernelOf, specOf, variantOf } from './compiled.ts';
import { adapterHere, runOnGpu, type GpuRun } from './gpu.ts';
import { inputsFor, sizesFrom, tensorsOf } from './tensors.ts';
import { checkedNumbers } from './views.ts';

/** Evaluated expression nodes: some ten seconds of the interpreter, and of the kernel interpreter. */
const MOST_CHECKED = 24 * USUAL_WORK;
const MOST_INTERPRETED = USUAL_WORK / 2;
const SEED = 1;

/** @throws UserError, KernelError */
export async function runKernel({ files, gpu, ...s }: Asked<'run'>): Promise<RunReport> {
  const kernel = kernelOf(s.text, s.kernel);
  const given = tensorsOf(kernel, files);
  const sizes = sizesFrom(kernel, given, s.sizes);
  const params = checkedNumbers(kernel, { sizes, params: s.params });
  const fixed = fixedOf({ ...s, sizes });
  const cost = work(kernel, sizes);
  const adapter = gpu ? await adapterHere() : undefined;
  if (!adapter && cost > MOST_INTERPRETED)
    throw userError('E0730', 'the kernel interpreter would take too long for these sizes', {
      hint: 'choose smaller sizes, or a browser with WebGPU',
    });
  const base = {
    spec: specOf(s.text),
    variant: variantOf(s.kernel, fixed),
    features: {},
    kernel,
    sizes,
    params,
  };
  const checked = cost <= MOST_CHECKED;
  let exact: Execution | undefined;
  const inputs = inputsFor(kernel, sizes, params, given, (all) => {
    // An index outside of a tensor shows when the definition is evaluated.
    if (checked) exact = interpret({ ...base, inputs: all });
  });
  const launch: Launch = { ...base, inputs };
  const ran: Partial<GpuRun> & Pick<GpuRun, 'device' | 'outputs'> = adapter
    ? await runOnGpu(adapter, kernel, inputs, { sizes, params, fixed })
    : await interpretLanes(launch);
  const { outputs, ...told } = ran;
  return {
    ...told,
    onGpu: adapter !== undefined,
    sizes,
    params,
    fromFiles: [...given.keys()],
    outputs: [...outputs].map(([name, t]) => ({ name, summary: summary(t) })),
    ...(exact
      ? heldAgainst(launch, outputs, exact)
      : { unchecked: 'the interpreter would take too long for these sizes' }),
  };
}

async function interpretLanes(launch: Launch): Promise<Pick<GpuRun, 'device' | 'outputs'>> {
  const execution = await executeKernelInterp(launch);
  return { device: execution.device, outputs: roundOutputs(launch.kernel, execution) };
}

function heldAgainst(
  launch: Launch,
  outputs: ReadonlyMap<string, Tensor>,
  exact: Execution,
): Pick<RunReport, 'agreement' | 'agrees' | 'explained'> {
  const all = agreement(launch, outputs, exact);
  const held = all.every((o) => o.agrees);
  const explained = !held && explainedByRounding(launch, SEED, all);
  return { agreement: all, agrees: held || explained, explained };
}
