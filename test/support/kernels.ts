/** Source text to kernels and results, for tests of meaning. */
import { renderDiagnostics } from '../../src/diagnostics/render.ts';
import { lowerKernel, type LowerOptions } from '../../src/ir/from-model.ts';
import { interpretKernel, type InterpretedTensor } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { checkRequires, inferSizes, paramValues } from '../../src/ir/sizes.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { checkFile } from '../../src/model/check.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { seededRandom } from './mutate.ts';

/** Lowers the first kernel of a text that must be free of errors. */
export function kernelOf(text: string, options: LowerOptions = {}): IrKernel {
  const parsed = parseSource(text);
  const { model, diagnostics } = checkFile(parsed.file);
  const errors = [...parsed.diagnostics, ...diagnostics].filter((d) => d.severity === 'error');
  if (errors.length > 0) throw new Error(renderDiagnostics(errors, () => text));
  const kernel = lowerKernel(model, model.kernels[0]!.name, options);
  verifyIr(kernel);
  return kernel;
}

export interface RunOptions extends LowerOptions {
  readonly sizes?: Readonly<Record<string, number>>;
  readonly params?: Readonly<Record<string, number>>;
}

/** Checks, lowers and interprets; returns the data of every output. */
export function run(
  text: string,
  inputs: Readonly<Record<string, InterpretedTensor>>,
  options: RunOptions = {},
): Record<string, number[]> {
  const kernel = kernelOf(text, options);
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape]));
  const sizes = inferSizes(kernel, shapes, options.sizes);
  const params = paramValues(kernel, sizes, options.params ?? {});
  checkRequires(kernel, sizes, params);
  const outputs = interpretKernel(kernel, inputs, sizes, params);
  return Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, Array.from(t.data)]));
}

/** A tensor of numbers between -1 and 1 that f32 holds exactly. */
export function randomTensor(seed: number, ...shape: number[]): { shape: number[]; data: Float64Array } {
  const random = seededRandom(seed);
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1)).map(() => Math.fround(2 * random() - 1));
  return { shape, data };
}
