/** A kernel as one piece of data: what a build tool puts into a page, and `attnc/webgpu` runs. */
import {
  checkText,
  compileIr,
  guard,
  hasErrors,
  manifestOf,
  semanticIr,
  type CompileOptions,
  type Result,
} from './compile.ts';
import { CompilerBug } from './diagnostics/diagnostic.ts';
import { withStorage } from './ir/passes/storage.ts';
import type { IrKernel, IrSignature } from './ir/ir.ts';
import type { KernelModule } from './webgpu/module.ts';

export type ModuleOptions = Omit<CompileOptions, 'target' | 'observe'>;

/** Compiles one kernel for WebGPU. `value` is absent when there are errors. */
export function compileModule(text: string, options: ModuleOptions = {}): Result<KernelModule> {
  const checked = checkText(text, options);
  if (hasErrors(checked.diagnostics)) return { diagnostics: checked.diagnostics };
  return guard(checked.diagnostics, () => moduleOf(semanticIr(checked, options), options));
}

/** @throws UserError E06xx for sizes and plans that do not fit */
export function moduleOf(ir: IrKernel, options: ModuleOptions): KernelModule {
  const { files } = compileIr(ir, { ...options, target: 'wgsl' });
  const manifest = manifestOf(files);
  const source = files.find((f) => f.path === manifest.source);
  if (!source) throw new CompilerBug('module', `no ${manifest.source} was emitted`);
  return {
    source: source.text,
    manifest,
    signature: signatureOf(withStorage(ir, options.storage ?? {})),
  };
}

/** Without places in the source, which is not there where the module runs. */
function signatureOf(ir: IrKernel): IrSignature {
  const { name, doc, sizes, axes, params, requires, tensors, outputs } = ir;
  const signature: IrSignature = {
    name,
    ...(doc ? { doc } : {}),
    sizes,
    axes,
    params,
    requires,
    tensors,
    outputs,
  };
  return withoutSpans(signature) as IrSignature;
}

function withoutSpans(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSpans);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, v]) =>
      key === 'span' || v === undefined ? [] : [[key, withoutSpans(v)]],
    ),
  );
}
