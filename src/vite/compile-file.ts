/** A `.attn` file to the modules of its kernels. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fixedOrUsual } from '../fixed-sizes.ts';
import { checkText, guard, hasErrors, semanticIr } from '../compile.ts';
import { UserError, type Diagnostic } from '../diagnostics/diagnostic.ts';
import type { IrKernel } from '../ir/ir.ts';
import { moduleOf, type ModuleOptions } from '../module.ts';
import type { KernelModule } from '../webgpu/module.ts';

/** What may differ from kernel to kernel. */
export type KernelOptions = Pick<
  ModuleOptions,
  'set' | 'storage' | 'features' | 'expected' | 'absent' | 'consts' | 'artefact' | 'form' | 'pack' | 'rewrite'
>;

export interface CompiledFile {
  readonly modules: readonly KernelModule[];
  readonly diagnostics: readonly Diagnostic[];
  /** What was assumed for want of an option. */
  readonly notes: readonly string[];
  /** Texts by absolute path: of the file itself and of what it imports. */
  readonly sources: ReadonlyMap<string, string>;
}

/** @throws what `readFileSync` throws for the file itself */
export function compileFile(path: string, optionsOf: (kernel: string) => KernelOptions): CompiledFile {
  const sources = new Map<string, string>();
  const read = (file: string): string => {
    const text = readFileSync(file, 'utf8');
    sources.set(file, text);
    return text;
  };
  // Paths have `/` in the compiler and in Vite, on every system.
  const load = (name: string, from: string): string | undefined => {
    try {
      return read(resolve(dirname(from), name).replaceAll('\\', '/'));
    } catch {
      return undefined;
    }
  };
  const checked = checkText(read(path), { source: path, load });
  const notes: string[] = [];
  const modules: KernelModule[] = [];
  const diagnostics: Diagnostic[] = [...checked.diagnostics];
  if (!hasErrors(diagnostics))
    for (const { name } of checked.model.kernels) {
      const options = optionsOf(name);
      const { value, diagnostics: told } = guard([], () => {
        const ir = semanticIr(checked, { ...options, kernel: name });
        // A size of another kernel does not concern this one.
        const own = Object.entries(options.set ?? {}).filter(([size]) => ir.sizes.includes(size));
        const { module, assumed } = compileAssuming(ir, { ...options, set: Object.fromEntries(own) });
        if (assumed !== undefined)
          notes.push(`${name} is compiled for ${assumed}; choose with attnc({ set: { ${assumed} } })`);
        return module;
      });
      diagnostics.push(...told);
      if (value) modules.push(value);
    }
  return {
    modules: hasErrors(diagnostics) ? [] : modules,
    diagnostics,
    notes,
    sources,
  };
}

/** Sizes that nobody fixed stay open where they can; the usual ones are assumed where the kernel cannot be compiled otherwise. */
function compileAssuming(
  ir: IrKernel,
  options: KernelOptions,
): { readonly module: KernelModule; readonly assumed?: string } {
  const { set, assumed } = fixedOrUsual(ir, options.set ?? {});
  try {
    return { module: moduleOf(ir, options) };
  } catch (e) {
    if (!(e instanceof UserError) || e.diagnostic.code !== 'E0610' || assumed.length === 0) throw e;
    const pairs = assumed.map((size) => `${size}: ${set[size]}`);
    return { module: moduleOf(ir, { ...options, set }), assumed: pairs.join(', ') };
  }
}
