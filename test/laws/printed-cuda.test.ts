/**
 * Law: CUDA C++ as printed, compiled and run on the emulator, computes what the kernel interpreter computes, and the
 * emulator finds nothing wrong with it. Elementary functions of the C library differ from ours in the last bits, which
 * rounding.ts allows for.
 */
import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';
import { cudaBackend } from '../../backends/cuda/index.ts';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { runOnCudaEmulator } from '../../src/runtime/cuda-emulator.ts';
import { tensorFrom, tensorOf, tensorValues } from '../../src/runtime/tensor.ts';
import { attentionSpecs, type SpecCase } from '../support/spec-arbitrary.ts';
import { interpreted, prepare, type Prepared } from './case.ts';
import { catches, demand, holds, LawBroken } from './law.ts';
import { afterPasses, executed, kernels, tiled, withSwappedChoice, type Damage } from './lowering.ts';
import { allowance, disagreement } from './rounding.ts';

const compiler = spawnSync('g++', ['--version']).status === 0;
const cases = attentionSpecs({ work: 6_000 });

async function emulated(program: Program, p: Prepared): Promise<Record<string, Float64Array>> {
  const bytes = Object.fromEntries(
    program.inputs.map((t) => {
      const values = p.inputs[t.name]!;
      return [t.name, tensorFrom(t.storage, [values.length], values).bytes];
    }),
  );
  try {
    const { outputs } = await runOnCudaEmulator(program, bytes, { ...p.sizes, ...p.params });
    return Object.fromEntries(
      program.outputs.map((t) => {
        const width = tensorFrom(t.storage, [1], [0]).bytes.length;
        return [
          t.name,
          tensorValues(tensorOf(t.storage, [outputs[t.name]!.length / width], outputs[t.name]!)),
        ];
      }),
    );
  } catch (error) {
    if (error instanceof UserError) throw new LawBroken(error.message);
    throw error;
  }
}

const law =
  (damage: Damage = {}) =>
  async (c: SpecCase): Promise<void> => {
    const p = prepare(c);
    const limits = cudaBackend.limits({});
    const target = { limits, fixed: p.required };
    const program = afterPasses(kernels(tiled(p, target.fixed, limits), target));
    const found = await emulated(
      cudaBackend.legalize(damage.kernel ? damage.kernel(program) : program, {}),
      p,
    );
    const wanted = executed(program, p);
    const wrong = disagreement(wanted, found, allowance(p, interpreted(p.ir, p)));
    demand(wrong === undefined, () => `${JSON.stringify(wrong)}\n${c.text}${JSON.stringify(p.sizes)}`);
  };

describe.skipIf(!compiler)('printed CUDA on the emulator (needs g++)', { timeout: 240_000 }, () => {
  it('computes what the kernels compute', () => holds(cases, law(), 6));
  it('notices a choice that goes the other way', () => catches(cases, law(withSwappedChoice), 6));
});
