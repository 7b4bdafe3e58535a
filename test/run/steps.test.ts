/** Random recurrences as printed text: WGSL on the device of this machine, CUDA C++ under the emulator. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CUDA_LIMITS } from '../../backends/cuda/limits.ts';
import { wgslLimits } from '../../backends/wgsl/limits.ts';
import { missingFor } from '../../src/cli/targets.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { runOnCudaEmulator } from '../../src/runtime/cuda-emulator.ts';
import type { PlanLimits } from '../../src/tile/plan.ts';
import { tensorFrom, tensorValues } from '../../src/runtime/tensor.ts';
import { demandDefinition, irOf, loweredSteps } from '../laws/steps-case.ts';
import { stepsCases, type StepsCase } from '../support/steps-arbitrary.ts';
import { runValues, tryOpen } from '../unit/wgsl-device.ts';

type Outputs = Readonly<Record<string, Float64Array>>;
type Run = (program: Program, c: StepsCase) => Promise<Outputs>;

const sample = (count: number): readonly StepsCase[] =>
  fc.sample(
    stepsCases.filter((c) => c.sizes['N']! > 0),
    { numRuns: count, seed: 7 },
  );

async function agrees(c: StepsCase, device: PlanLimits, run: Run): Promise<void> {
  const ir = irOf(c.text);
  demandDefinition(c, ir, await run(loweredSteps(c, ir, {}, device), c));
}

const SOFTWARE: PlanLimits = wgslLimits({ device: 'cpu' });

const inputsOf = (c: StepsCase): Record<string, ArrayLike<number>> =>
  Object.fromEntries(Object.entries(c.inputs).map(([name, t]) => [name, t.data]));

async function emulated(program: Program, c: StepsCase): Promise<Outputs> {
  const bytes = Object.fromEntries(
    program.inputs.map((t) => {
      const { data } = c.inputs[t.name]!;
      return [t.name, tensorFrom(t.storage, [data.length], data).bytes];
    }),
  );
  const { outputs } = await runOnCudaEmulator(program, bytes, c.sizes);
  return Object.fromEntries(
    program.outputs.map((t) => {
      const data = outputs[t.name]!;
      const width = tensorFrom(t.storage, [1], [0]).bytes.length;
      return [t.name, tensorValues({ dtype: t.storage, shape: [data.length / width], bytes: data })];
    }),
  );
}

/** Launches with more inputs and outputs than WebGPU guarantees are refused by the back-end before a device sees them. */
const bindable = (c: StepsCase): boolean =>
  loweredSteps(c, irOf(c.text), {}, SOFTWARE).kernels.every((k) => k.buffers.length <= SOFTWARE.maxBuffers!);

const noDevice = await missingFor('wgsl');
const noEmulator = await missingFor('cuda-emu');

describe.skipIf(noDevice !== undefined)(`random steps in WGSL (${noDevice ?? 'a device is here'})`, () => {
  it('are what they are defined as', { timeout: 300_000 }, async () => {
    const gpu = (await tryOpen())!;
    const cases = sample(40).filter(bindable).slice(0, 24);
    expect(cases).toHaveLength(24);
    for (const c of cases)
      await agrees(c, SOFTWARE, (program) => runValues(gpu, program, inputsOf(c), c.sizes));
  });
});

describe.skipIf(noEmulator !== undefined)(`random steps in CUDA (${noEmulator ?? 'g++ is here'})`, () => {
  it('are what they are defined as', { timeout: 300_000 }, async () => {
    for (const c of sample(5)) await agrees(c, CUDA_LIMITS, emulated);
  });
});
