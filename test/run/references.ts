/** Runs the examples that have a reference: compiled once for each executor, then for all lengths and kinds of inputs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { compare } from '../../src/cli/compare.ts';
import { outputsFromBytes, outputsFromValues } from '../../src/cli/execute/outputs.ts';
import { fixedFor } from '../../src/fixed-sizes.ts';
import { compileVariant, irOf, openSpec, type Features } from '../../src/cli/pipeline.ts';
import { Sources } from '../../src/cli/sources.ts';
import { interpret, type Output, type Target } from '../../src/cli/targets.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { runOnCudaEmulator } from '../../src/runtime/cuda-emulator.ts';
import { tensorFrom, tensorValues, type Tensor } from '../../src/runtime/tensor.ts';
import { featuresOfDevice, openWebgpu, type Webgpu } from '../../src/runtime/webgpu-device.ts';
import { runOnWebgpu } from '../../src/runtime/webgpu.ts';
import type { Tensor as Values } from '../references/arrays.ts';
import type { Hazard, ReferenceCase, ReferenceLaunch } from '../references/case.ts';

type Numbers = Readonly<Record<string, number>>;
type Outputs = ReadonlyMap<string, Output>;
type Run = (
  inputs: ReadonlyMap<string, Tensor>,
  sizes: Numbers,
  params: Numbers,
) => Promise<Outputs> | Outputs;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** All cases of a folder of references, in the order of file names; ATTNC_RUN_ONLY, a regular expression over titles, leaves the others out. */
export async function referenceCases(
  of: 'linear' | 'softmax' | 'sparse' = 'linear',
): Promise<readonly ReferenceCase[]> {
  const folder = join(root, 'test/references', of);
  const only = new RegExp(process.env['ATTNC_RUN_ONLY'] ?? '');
  const all: ReferenceCase[] = [];
  for (const file of readdirSync(folder).sort()) {
    const { cases = [] } = (await import(join(folder, file))) as { cases?: readonly ReferenceCase[] };
    all.push(...cases);
  }
  return all.filter(({ title }) => only.test(title));
}

/** Whether the example is written with states, so that forms of recurrences tell on it. */
export const hasStates = ({ example }: ReferenceCase): boolean =>
  /^ *recurrence over /m.test(readFileSync(join(root, 'examples', `${example}.attn`), 'utf8'));

const bytesOf = (inputs: ReadonlyMap<string, Tensor>): Record<string, Uint8Array> =>
  Object.fromEntries([...inputs].map(([name, t]) => [name, t.bytes]));

let device: Promise<Webgpu> | undefined;

/** What runs a kernel compiled with some sizes fixed. */
async function compiled(
  target: Target,
  kernel: IrKernel,
  set: Numbers,
  features: Features,
  expected: Numbers,
): Promise<Run> {
  switch (target) {
    case 'interp':
      return (inputs, sizes, params) => interpret({ kernel, inputs, sizes, params }).outputs;
    case 'kernel-interp': {
      const { lowered } = await compileVariant(kernel, set, 'wgsl', features, expected);
      return (inputs, sizes, params) => {
        const values = Object.fromEntries([...inputs].map(([name, t]) => [name, tensorValues(t)]));
        const { outputs, errors } = interpretProgram(lowered.program, values, { ...sizes, ...params });
        expect(errors).toEqual([]);
        return outputsFromValues(kernel, sizes, outputs);
      };
    }
    case 'wgsl': {
      const gpu = await (device ??= openWebgpu());
      const own = { ...featuresOfDevice(gpu), ...features };
      const { files, manifest } = await compileVariant(kernel, set, 'wgsl', own, expected);
      const source = files.find((file) => file.path === manifest.source)!.text;
      return async (inputs, sizes, params) => {
        const values = { ...sizes, ...params };
        const { outputs } = await runOnWebgpu(gpu, { source, manifest }, bytesOf(inputs), values);
        return outputsFromBytes(kernel, sizes, outputs);
      };
    }
    case 'cuda-emu': {
      const { program } = await compileVariant(kernel, set, 'cuda', features, expected);
      return async (inputs, sizes, params) => {
        const values = { ...sizes, ...params };
        const { outputs } = await runOnCudaEmulator(program, bytesOf(inputs), values);
        return outputsFromBytes(kernel, sizes, outputs);
      };
    }
    case 'cuda':
      throw new Error('runs with references do not use a GPU');
  }
}

function paramsOf(kernel: IrKernel, given: Numbers, sizes: Numbers): Numbers {
  const known = new Map(Object.entries({ ...sizes, ...given }));
  for (const p of kernel.params) if (!known.has(p.name)) known.set(p.name, evalConst(p.default!, known));
  return Object.fromEntries(kernel.params.map((p) => [p.name, known.get(p.name)!]));
}

/** What differs between executors in how much is run. */
export interface ReferenceRun {
  readonly features?: Features;
  /** Whether a launch is run; all are unless told. */
  readonly takes?: (length: number, hazard: Hazard) => boolean;
  /** What is run in the place of the kernel as it was written. */
  readonly alter?: (kernel: IrKernel) => IrKernel;
  /** Sizes that plans are made for, in the place of those of the longest launch. */
  readonly expected?: Numbers;
  /** In the place of the case's own tolerance. */
  readonly tolerance?: number;
}

/** Runs all launches of a case on a target and holds every output against the reference. */
export async function expectReference(
  target: Target,
  c: ReferenceCase,
  run: ReferenceRun = {},
): Promise<void> {
  const spec = openSpec(new Sources(), join(root, 'examples', `${c.example}.attn`));
  const variant = {
    kernel: c.kernel,
    set: c.fixed,
    consts: c.consts,
    absent: new Set(c.absent),
    storage: {},
  };
  const written = irOf(spec, variant);
  const kernel = run.alter?.(written) ?? written;
  const runs = new Map<string, Promise<Run>>();
  const wrong: string[] = [];
  // Plans are made for the longest launch: small tiles, which drivers compile quickly, and chunks.
  const expected = { ...c.launch(Math.max(...c.lengths), c.hazards[0]!).sizes, ...run.expected };
  for (const length of c.lengths)
    for (const hazard of c.hazards) {
      if (run.takes?.(length, hazard) === false) continue;
      const launch = c.launch(length, hazard);
      const set = target === 'interp' ? c.fixed : fixedFor(kernel, c.fixed, launch.sizes);
      const key = JSON.stringify(set);
      if (!runs.has(key)) runs.set(key, compiled(target, kernel, set, run.features ?? {}, expected));
      const execute = await runs.get(key)!;
      const params = paramsOf(kernel, c.params, launch.sizes);
      const inputs = inputsOf(kernel, launch);
      const outputs = await execute(inputs, launch.sizes, params);
      for (const line of differences(
        outputs,
        launch.expected(asStored(inputs)),
        run.tolerance ?? c.tolerance,
      ))
        wrong.push(`length ${length}, ${hazard}: ${line}`);
    }
  expect(wrong).toEqual([]);
}

const inputsOf = (kernel: IrKernel, { inputs }: ReferenceLaunch): ReadonlyMap<string, Tensor> =>
  new Map(
    Object.entries(inputs).map(([name, { shape, data }]) => {
      const declared = kernel.tensors.find((t) => t.name === name);
      if (declared === undefined) throw new Error(`${kernel.name} has no input ${name}`);
      return [name, tensorFrom(declared.storage, shape, data, name)];
    }),
  );

/** Inputs as executors read them: storage may have rounded them. */
const asStored = (inputs: ReadonlyMap<string, Tensor>): Readonly<Record<string, Values>> =>
  Object.fromEntries(
    [...inputs].map(([name, t]) => [name, { shape: t.shape, data: Float64Array.from(tensorValues(t)) }]),
  );

function differences(
  actual: Outputs,
  expected: Readonly<Record<string, Values>>,
  tolerance: number,
): readonly string[] {
  expect([...actual.keys()].sort(), 'outputs').toEqual(Object.keys(expected).sort());
  return Object.entries(expected).flatMap(([name, { shape, data }]) => {
    const output = actual.get(name)!;
    // Rows that keep nothing have an lse of minus infinity; compare passes over NaN.
    expect(data.some(Number.isNaN), `${name} of the reference has NaN`).toBe(false);
    expect(output.shape, `the shape of ${name}`).toEqual(shape);
    const { worst, at, expected: want, actual: got } = compare(output.values, data);
    if (process.env['ATTNC_TELL_ERRORS'] !== undefined) console.log(name, worst);
    return worst <= tolerance
      ? []
      : [`${name}[${at}] is ${got} where ${want} is right: error ${worst.toExponential(2)}`];
  });
}
