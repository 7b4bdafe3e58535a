/** The compiler as the commands see it: the one file that knows the compiler's own entry points. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import type { StorageType } from '../expr/types.ts';
import type { IrKernel } from '../ir/ir.ts';
import type { EmittedFile, Manifest } from '../../backends/backend.ts';
import type { Program } from '../kernel/kernel.ts';
import { parseSource } from '../syntax/parse.ts';
import type { Sources } from './sources.ts';

/** A .attn file that was read. */
export interface Spec {
  readonly path: string;
  readonly text: string;
  readonly load: Sources['load'];
}

export interface CheckedSpec {
  /** Names of the kernels, in their order. */
  readonly kernels: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What is decided before compiling: which kernel, and which of its variants. */
export interface Variant {
  readonly kernel: string;
  /** Sizes fixed at compile time. */
  readonly set: Readonly<Record<string, number>>;
  readonly consts: Readonly<Record<string, number>>;
  /** Optional inputs that are not given. */
  readonly absent: ReadonlySet<string>;
  /** Storage of inputs and outputs where it differs from the declaration. */
  readonly storage: ReadonlyMap<string, StorageType>;
}

export type CompileTarget = 'wgsl' | 'cuda';

/** What the user allows or asks for beyond the kernel itself. */
export interface Features {
  /** WGSL: `enable f16;`. */
  readonly shaderF16?: boolean;
  /** Also generate host code, which needs a module that is slow to load. */
  readonly bindings?: boolean;
}

export interface CompiledSpec {
  readonly files: readonly EmittedFile[];
  readonly manifest: Manifest;
  readonly program: Program;
  readonly diagnostics: readonly Diagnostic[];
}

export const LEVELS = ['ast', 'model', 'ir', 'tile', 'kernel'] as const;
export type Level = (typeof LEVELS)[number];

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((d) => d.severity === 'error');

/** Reads a file and remembers its text for code frames. */
export function openSpec(sources: Sources, path: string): Spec {
  return { path, text: sources.read(path), load: sources.load };
}

const pending = (what: string): never => {
  throw new CompilerBug('cli/pipeline', `${what} is not connected`);
};

/** Everything that is wrong with a file. */
export function checkSpec(spec: Spec): CheckedSpec {
  const { file, diagnostics } = parseSource(spec.text, spec.path);
  return { kernels: file.kernels.map((k) => k.name.text), diagnostics };
}

/** The semantic IR of one variant: what the interpreter runs. The spec has no errors. */
export function semanticIr(_spec: Spec, _variant: Variant): IrKernel {
  return pending('lowering');
}

/** Source, manifest and host code for one target. */
export function compileSpec(
  _spec: Spec,
  _variant: Variant,
  _target: CompileTarget,
  _features: Features,
): Promise<CompiledSpec> {
  return pending('compilation');
}

/** One level of the pipeline, printed. */
export function printLevel(_spec: Spec, _variant: Variant, _level: Level): string {
  return pending('--emit');
}

/** Passes, bounds, forms and cost of one variant, for a person. */
export function explainSpec(
  _spec: Spec,
  _variant: Variant,
): { readonly text: string; readonly data: unknown } {
  return pending('explain');
}

/** The stages and passes in their order, each with its reason. */
export function describePasses(): readonly {
  readonly name: string;
  readonly stage: string;
  readonly reason: string;
}[] {
  return pending('passes');
}

/** What is wrong with the text itself; names are not looked at. */
export function checkSyntax(spec: Spec): readonly Diagnostic[] {
  return parseSource(spec.text, spec.path).diagnostics;
}

/** Canonical text. */
export function formatSpec(_spec: Spec): Promise<string> {
  return pending('fmt');
}
