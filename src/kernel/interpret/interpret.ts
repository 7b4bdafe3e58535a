/**
 * The lockstep interpreter: runs programs as a machine would, lane by lane at machine precision, and reports what no
 * machine reports: accesses out of bounds or of nothing, races, and lanes that part before a barrier.
 */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { STORAGE } from '../../expr/types.ts';
import type { Program, ProgramTensor } from '../kernel.ts';
import { boundNames, launchesOf } from '../launches.ts';
import { STORE_ROUND } from '../rounding.ts';
import { evaluateScalar, runKernel, type Scalars } from './kernel.ts';
import type { TensorMemory } from './memory.ts';
import type { Trace } from './places.ts';
import { Report, type Problem } from './report.ts';

export interface InterpretOptions {
  /** How many problems are described; the rest are counted. */
  readonly maxErrors?: number;
  /** Report NaN stored to outputs. */
  readonly refuseNan?: boolean;
  /** Lanes of a subgroup, a power of two; 1 where lanes exchange nothing without memory. */
  readonly subgroup?: number;
  /** Told of elements of shared arrays that lanes take at once. */
  readonly trace?: Trace;
}
export interface InterpretResult {
  /** Values of each output, flat, outermost dimension first. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly workspace: Readonly<Record<string, Float64Array>>;
  readonly errors: readonly Problem[];
  /** All problems, those beyond `maxErrors` included. */
  readonly errorCount: number;
}

/**
 * Runs the kernels of a program in order.
 * @param inputs flat values of each input tensor; they are rounded to its storage
 * @param scalars sizes and params by name; sizes fixed in the program need not be given
 * @throws CompilerBug when an input or scalar is missing or has the wrong length
 */
export function interpretProgram(
  program: Program,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  scalars: Scalars,
  options: InterpretOptions = {},
): InterpretResult {
  const report = new Report(options.maxErrors ?? 20);
  const types = new Map(program.uniforms.map((u) => [u.name, u.type]));
  const known = Object.fromEntries(
    Object.entries({ ...scalars, ...program.fixed }).map(([n, x]) => [
      n,
      types.get(n) === 'f32' ? Math.fround(x) : x,
    ]),
  );
  const elements = (t: ProgramTensor): number =>
    t.shape.reduce((n, e) => n * evaluateScalar(e, known, report), 1);
  const tensors = new Map<string, TensorMemory>();
  for (const t of program.inputs) tensors.set(t.name, inputMemory(t, elements(t), inputs[t.name]));
  for (const t of [...program.outputs, ...program.workspace]) {
    const count = elements(t);
    const blank = STORAGE[t.storage].value === 'f32' ? NaN : 0;
    tensors.set(t.name, {
      storage: t.storage,
      values: new Float64Array(count).fill(blank),
      written: new Uint8Array(count),
    });
  }
  const refuseNan = new Set(options.refuseNan ? program.outputs.map((t) => t.name) : []);
  const subgroup = options.subgroup ?? 32;
  const trace = options.trace ? { trace: options.trace } : {};
  for (const { name, kernel, tensor } of launchesOf(program)) {
    const bound = new Map(boundNames(kernel).map((b) => [b, tensors.get(tensor(b))!]));
    const refused = new Set([...bound.keys()].filter((b) => refuseNan.has(tensor(b))));
    runKernel(
      { ...kernel, name },
      { tensors: bound, scalars: known, report, refuseNan: refused, subgroup, ...trace },
    );
  }
  for (const t of program.outputs) {
    const missing = tensors.get(t.name)!.written.indexOf(0);
    if (missing >= 0) report.add('uninitialised', `output ${t.name}[${missing}] is never written`);
  }
  const values = (list: readonly ProgramTensor[]): Record<string, Float64Array> =>
    Object.fromEntries(list.map((t) => [t.name, tensors.get(t.name)!.values]));
  return {
    outputs: values(program.outputs),
    workspace: values(program.workspace),
    errors: report.errors,
    errorCount: report.count,
  };
}

function inputMemory(t: ProgramTensor, count: number, given: ArrayLike<number> | undefined): TensorMemory {
  if (given?.length !== count) {
    throw new CompilerBug(
      'kernel interpreter',
      `input ${t.name} has ${given?.length ?? 'no'} elements, needs ${count}`,
    );
  }
  return {
    storage: t.storage,
    values: Float64Array.from(given, STORE_ROUND[t.storage]),
    written: new Uint8Array(count).fill(1),
  };
}
