/** Formulas for PyTorch are executed and held against the float64 interpreter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/cli/compare.ts';
import { interpret, type Launch } from '../../src/cli/targets.ts';
import { explainedByRounding } from '../../src/cli/verify/conditioning.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import { STORAGE } from '../../src/expr/types.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { tensorValues } from '../../src/runtime/tensor.ts';
import { eagerFormula, moduleHead } from '../../src/torch/eager.ts';
import { interpreted, prepare, type Prepared } from '../laws/case.ts';
import { everyNth, examples, launchOf, type SetName } from '../run/examples.ts';
import { kernelOf } from '../support/kernels.ts';
import { selections } from '../support/selection-arbitrary.ts';
import { scannedSpecs, separableSpecs } from '../support/separable-arbitrary.ts';
import { specs } from '../support/spec-arbitrary.ts';
import { findPython, runFormulas, type Job } from '../support/torch/python.ts';

const python = findPython();

/** Both sum in float64, in different orders. */
const TOLERANCE = 1e-9;

/** Beside some of all examples: what only few of them have. */
const CONSTRUCTS = /^(gla|gdn|gated_window|moba|nsa|dropout_attention|hip|t5_bias|paged|mamba2)\.attn/;

type Inputs = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;

function jobOf(
  title: string,
  kernel: IrKernel,
  inputs: Inputs,
  sizes: Readonly<Record<string, number>>,
  params: Readonly<Record<string, number>>,
): Job {
  const formula = eagerFormula(kernel);
  return {
    name: title,
    text: moduleHead(formula.text) + formula.text,
    function: formula.name,
    inputs: kernel.tensors.map((t) => ({ ...inputs[t.name]!, type: STORAGE[t.storage].value })),
    numbers: Object.fromEntries([
      ...formula.sizes.given.map((s) => [formula.names('size', s), sizes[s]!]),
      ...kernel.params.map((p) => {
        const value = params[p.name]!;
        return [formula.names('param', p.name), p.type === 'bool' ? value !== 0 : value];
      }),
    ]),
  };
}

function jobOfLaunch(title: string, { kernel, inputs, sizes, params }: Launch): Job {
  const given = [...inputs].map(
    ([name, t]) => [name, { shape: t.shape, data: Float64Array.from(tensorValues(t)) }] as const,
  );
  return jobOf(title, kernel, Object.fromEntries(given), sizes, params);
}

function typedInputs({ ir, inputs, sizes }: Prepared): Inputs {
  const known = new Map(Object.entries(sizes));
  return Object.fromEntries(
    ir.tensors.map((t) => [
      t.name,
      { shape: t.dims.map((d) => evalConst(d.extent, known)), data: inputs[t.name]! },
    ]),
  );
}

const isNear = (found: number, wanted: number): boolean =>
  Object.is(found, wanted) ||
  found === wanted ||
  Math.abs(found - wanted) <= TOLERANCE * (1 + Math.abs(wanted));

describe('formulas for PyTorch', () => {
  const every = examples();
  const some = new Set([...everyNth(every, 11), ...every.filter((e) => CONSTRUCTS.test(e.title))]);
  const sets: readonly SetName[] = ['primes', 'masked rows'];

  it('say what the interpreter says', { timeout: 120_000 }, (context) => {
    context.skip(python === undefined, 'no Python with PyTorch or NumPy on this machine');
    const launches = [...some].map((e, n) => ({ title: e.title, launch: launchOf(e, 'f32', sets[n % 2]!) }));
    expect(launches.length).toBeGreaterThan(30);
    const answers = runFormulas(
      python!,
      launches.map(({ title, launch }) => jobOfLaunch(title, launch)),
    );
    const wrong: string[] = [];
    answers.forEach((answer, n) => {
      const { title, launch } = launches[n]!;
      if ('error' in answer) return void wrong.push(`${title}: ${answer.error}`);
      const { outputs } = interpret(launch);
      const all = launch.kernel.outputs.map(({ name }, k) => {
        const [found, wanted] = [answer.outputs[k]!, outputs.get(name)!];
        expect({ title, shape: found.shape }).toEqual({ title, shape: wanted.shape });
        const difference = compare(found.data, wanted.values, TOLERANCE);
        const agrees = difference.worst <= TOLERANCE;
        return { output: name, ...difference, tolerance: TOLERANCE, agrees };
      });
      if (!all.every((o) => o.agrees) && !explainedByRounding(launch, 1, all))
        wrong.push(`${title}: ${JSON.stringify(all.find((o) => !o.agrees))}`);
    });
    expect(wrong).toEqual([]);
  });

  it('say it of random specs', { timeout: 120_000 }, (context) => {
    context.skip(python === undefined, 'no Python with PyTorch or NumPy on this machine');
    const kinds = [specs({ work: 12_000 }), selections, separableSpecs(), scannedSpecs()];
    const cases = kinds.flatMap((kind) => fc.sample(kind, { numRuns: 25, seed: 5 }));
    const prepared = cases.map((c) => prepare(c));
    const answers = runFormulas(
      python!,
      prepared.map((p, n) => jobOf(`case ${n}`, p.ir, typedInputs(p), p.sizes, p.params)),
    );
    const wrong = answers.flatMap((answer, n) => {
      const { text } = cases[n]!;
      const { ir } = prepared[n]!;
      if ('error' in answer) return [`${text}\n${answer.error}`];
      const exact = interpreted(ir, prepared[n]!);
      return ir.outputs.flatMap(({ name }, k) => {
        const [found, wanted] = [answer.outputs[k]!.data, exact[name]!];
        const at = wanted.findIndex((x, i) => !isNear(found[i]!, x));
        return at < 0 && found.length === wanted.length
          ? []
          : [`${text}\n${name}[${at}] is ${found[at]} where ${wanted[at]} is right`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('notice a mask that is wrong by one', (context) => {
    context.skip(python === undefined, 'no Python with PyTorch or NumPy on this machine');
    const launch = launchOf(
      every.find((e) => e.title.startsWith('causal.attn'))!,
      'f32',
      'primes',
    );
    const job = jobOfLaunch('causal', launch);
    const broken = { ...job, text: job.text.replace('j <= i[', 'j < i[') };
    expect(broken.text).not.toBe(job.text);
    const [right, wrong] = runFormulas(python!, [job, broken]);
    expect(right).not.toEqual(wrong);
  });

  it('say why there is none', () => {
    const table = kernelOf('kernel k {\n axes i: N\n out y: f32[i] = f32(i)\n}');
    expect(() => eagerFormula(table)).toThrow(
      expect.objectContaining({ diagnostic: expect.objectContaining({ code: 'E0661' }) }),
    );
  });
});
