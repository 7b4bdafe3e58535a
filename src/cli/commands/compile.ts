/** `attnc compile`: writes kernel source, manifest and host code. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { writeFilesAtomically, makeFolder } from '../../runtime/files.ts';
import type { CommandResult, Context, Runner } from '../context.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { compileSpec, hasErrors, LEVELS, printLevel, type CompileTarget, type Level } from '../pipeline.ts';
import { oneOf } from '../usage.ts';
import { addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

interface Options extends VariantOptions {
  readonly target: CompileTarget | 'all';
  readonly out: string;
  readonly emit?: Level;
  readonly f16?: true;
  readonly bindings?: true;
  readonly json?: true;
}

export function addCompile(program: Command, run: Runner): void {
  const command = program
    .command('compile')
    .description('compile a .attn file to WGSL or CUDA C++')
    .argument('<file>', 'the .attn file; - is standard input')
    .option(
      '-t, --target <target>',
      'wgsl, cuda or all',
      oneOf('target', ['wgsl', 'cuda', 'all'] as const),
      'all',
    )
    .option('-o, --out <folder>', 'where the files go', 'out')
    .option('--emit <level>', `print one level instead: ${LEVELS.join(', ')}`, oneOf('emit', LEVELS))
    .option('--f16', 'WGSL: use the shader-f16 feature for 16-bit storage')
    .option('--bindings', 'WGSL: also write typed TypeScript bindings');
  addVariantOptions(command)
    .option('--json', 'print one JSON object')
    .action((file: string, options: Options) =>
      run('compile', options.json === true, (context) => compile(context, file, options)),
    );
}

async function compile(context: Context, path: string, options: Options): Promise<CommandResult> {
  const { spec, kernels, warnings } = openChecked(context, path);
  const names = options.kernel === undefined ? kernels : [chooseKernel(path, kernels, options.kernel)];
  const { emit } = options;
  if (emit !== undefined) {
    const levels = names.map((name) => printLevel(spec, variantOf(options, name), emit));
    return {
      ok: true,
      diagnostics: warnings,
      data: { level: emit, text: levels.join('\n') },
      text: levels.join('\n'),
    };
  }
  const targets: readonly CompileTarget[] = options.target === 'all' ? ['wgsl', 'cuda'] : [options.target];
  const diagnostics = [...warnings];
  const files: { path: string; content: string }[] = [];
  for (const name of names)
    for (const target of targets) {
      const features = { shaderF16: options.f16 === true, bindings: options.bindings === true };
      const compiled = await compileSpec(spec, variantOf(options, name), target, features);
      diagnostics.push(...compiled.diagnostics);
      files.push(...compiled.files.map((f) => ({ path: join(options.out, f.path), content: f.text })));
    }
  if (hasErrors(diagnostics)) return { ok: false, diagnostics };
  for (const file of files) makeFolder(file.path);
  writeFilesAtomically(files);
  const written = files.map((file) => file.path);
  return {
    ok: true,
    diagnostics,
    data: { files: written },
    text: written.map((file) => `wrote ${file}`).join('\n'),
  };
}
