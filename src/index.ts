/** The public API of attnc. Pure: no file, network, clock or process access. */
import { checkRows, checkText, compileText, explainText, guard, hasErrors, semanticIr } from './compile.ts';
import type {
  Compiled,
  CompileOptions,
  ExplainOptions,
  Result,
  SourceOptions,
  VariantOptions,
} from './compile.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import type { Explanation } from './explain.ts';
import { interpretKernel, type InterpretedOutput, type InterpretedTensor } from './ir/interpret.ts';
import { checkExtents, checkRequires, inferSizes, paramValues } from './ir/sizes.ts';
import type { SourceFile } from './syntax/ast.ts';
import { parseSource } from './syntax/parse.ts';

export type {
  Compiled,
  CompileOptions,
  Diagnostic,
  Explanation,
  InterpretedOutput,
  InterpretedTensor,
  Result,
};
export { formatSource as format } from './format/format.ts';
export { ARTEFACTS, type Artefact } from './ir/artefacts/artefact.ts';
export { renderDiagnostic } from './diagnostics/render.ts';
export { printExplanation } from './explain.ts';
export { compileModule, type ModuleOptions } from './module.ts';
export type { KernelModule } from './webgpu/module.ts';

/** Source text to its syntax tree; what is wrong is in `diagnostics`. Never throws for any text. */
export function parse(
  text: string,
  source = '<input>',
): { file: SourceFile; diagnostics: readonly Diagnostic[] } {
  return parseSource(text, source);
}

/** Everything that is wrong with a file, without compiling it. */
export function check(text: string, options: SourceOptions = {}): readonly Diagnostic[] {
  const checked = checkText(text, options);
  return [...checked.diagnostics, ...[...checkRows(checked).values()].flatMap((r) => r.diagnostics)];
}

/** Compiles one kernel to source, manifest and the levels between. `value` is absent when there are errors. */
export function compile(text: string, options: CompileOptions): Result<Compiled> {
  return compileText(text, options);
}

/** What the compiler decides: launches, loop bounds, plans, and what they cost for sizes and params in `values`. */
export function explain(text: string, options: ExplainOptions): Result<Explanation> {
  return explainText(text, options);
}

export interface InterpretOptions extends SourceOptions, VariantOptions {
  /** Tensors by name: row-major data with the values of their storage type. */
  readonly inputs: Readonly<Record<string, InterpretedTensor>>;
  readonly params?: Readonly<Record<string, number>>;
  /**
   * Values of definitions, over their indices, that are taken as they are: what another executor selected, so that the
   * rest can be compared although scores may be equal up to rounding.
   */
  readonly known?: Readonly<Record<string, InterpretedTensor>>;
}

/** Runs a kernel as it is defined: float64, whole rows. Sizes follow from the shapes of the inputs. */
export function interpret(
  text: string,
  options: InterpretOptions,
): Result<Record<string, InterpretedOutput>> {
  const checked = checkText(text, options);
  if (hasErrors(checked.diagnostics)) return { diagnostics: checked.diagnostics };
  return guard(checked.diagnostics, () => {
    const given = new Set(Object.keys(options.inputs));
    const kernel = checked.model.kernels.find(
      (k) => options.kernel === undefined || k.name === options.kernel,
    );
    const absent = new Set(kernel?.tensors.filter((t) => t.default && !given.has(t.name)).map((t) => t.name));
    const ir = semanticIr(checked, { absent, ...options });
    const shapes = Object.fromEntries(Object.entries(options.inputs).map(([n, t]) => [n, [...t.shape]]));
    const sizes = inferSizes(ir, shapes);
    checkExtents(ir, sizes);
    const params = paramValues(ir, sizes, options.params ?? {});
    checkRequires(ir, sizes, params);
    return interpretKernel(ir, options.inputs, sizes, params, options.known);
  });
}

/** A spec written in a program: `` attn`kernel k { … }` ``. */
export function attn(parts: TemplateStringsArray, ...values: readonly (string | number)[]): AttnSource {
  const text = parts.reduce((out, part, n) => out + part + (n < values.length ? String(values[n]) : ''), '');
  return {
    text,
    check: (options) => check(text, options),
    compile: (options) => compile(text, options),
    interpret: (options) => interpret(text, options),
    explain: (options) => explain(text, options),
  };
}
export interface AttnSource {
  readonly text: string;
  check(options?: SourceOptions): readonly Diagnostic[];
  compile(options: CompileOptions): Result<Compiled>;
  interpret(options: InterpretOptions): Result<Record<string, InterpretedOutput>>;
  explain(options: ExplainOptions): Result<Explanation>;
}
