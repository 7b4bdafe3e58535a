/** `attnc compile`: writes kernel source, manifest and host code. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { UserError, type Diagnostic } from '../../diagnostics/diagnostic.ts';
import { ARTEFACTS, type Artefact } from '../../ir/artefacts/artefact.ts';
import { writeFilesAtomically, makeFolder } from '../../runtime/files.ts';
import type { CommandResult, Context, Runner } from '../context.ts';
import { addFeatureOptions, featuresOf, type FeatureOptions } from '../features.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { assumedNote, fixedOrUsual } from '../../fixed-sizes.ts';
import {
  COMPILE_TARGETS,
  compileVariant,
  irOf,
  LEVELS,
  printLevel,
  type CompileTarget,
  type Level,
  type Spec,
  type Variant,
} from '../pipeline.ts';
import { planOf } from '../plan-file.ts';
import { torchFiles, torchKernel } from '../torch.ts';
import type { TorchKernel } from '../../torch/package.ts';
import type { EmittedFile } from '../../../backends/backend.ts';
import { oneOf } from '../usage.ts';
import { addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

interface Options extends Omit<VariantOptions, 'artefact'>, FeatureOptions {
  readonly artefact: Artefact | 'all';
  readonly target: CompileTarget | 'torch' | 'all';
  readonly out: string;
  readonly emit?: Level;
  readonly bindings?: true;
  readonly json?: true;
}

export function addCompile(program: Command, run: Runner): void {
  const command = program
    .command('compile')
    .description('compile a .attn file to WGSL, CUDA C++ or a package for PyTorch')
    .argument('<file>', 'the .attn file; - is standard input')
    .option(
      '-t, --target <target>',
      'wgsl, cuda, all (both) or torch (CUDA with a package for PyTorch around it)',
      oneOf('target', ['wgsl', 'cuda', 'torch', 'all'] as const),
      'all',
    )
    .option('-o, --out <folder>', 'where the files go', 'out')
    .option('--emit <level>', `print one level instead: ${LEVELS.join(', ')}`, oneOf('emit', LEVELS))
    .option(
      '--artefact <name>',
      `which kernel of a recurrence: ${ARTEFACTS.join(', ')} or all`,
      oneOf('artefact', [...ARTEFACTS, 'all'] as const),
      'sequence',
    )
    .option('--bindings', 'WGSL: also write typed TypeScript bindings');
  addFeatureOptions(addVariantOptions(command), 'gpu')
    .option('--json', 'print one JSON object')
    .action((file: string, options: Options) =>
      run('compile', options.json === true, (context) => compile(context, file, options)),
    );
}

async function compile(context: Context, path: string, options: Options): Promise<CommandResult> {
  const { spec, kernels, warnings } = openChecked(context, path);
  const names = options.kernel === undefined ? kernels : [chooseKernel(path, kernels, options.kernel)];
  const { emit } = options;
  const torch = options.target === 'torch';
  const targets = targetsOf(options.target);
  const packed: TorchKernel[] = [];
  const plan = await planOf(context.sources, path, options);
  const features = { ...featuresOf(options), ...plan, bindings: options.bindings === true };
  const notes: string[] = [];
  const told: Diagnostic[] = [...warnings];
  const levels: string[] = [];
  const files: { path: string; content: string }[] = [];
  for (const name of names)
    for (const variant of variantsOf(context, spec, options, name)) {
      const kernel = irOf(spec, variant);
      const { set, assumed } = fixedOrUsual(kernel, variant.set);
      const note = assumedNote(kernel, assumed);
      if (note !== undefined) notes.push(note);
      if (emit !== undefined) {
        levels.push(printLevel(spec, variant, set, emit, targets[0]!, features));
        continue;
      }
      for (const target of targets) {
        const compiled = await compileVariant(kernel, set, target, features);
        const { planUse } = compiled;
        if (planUse?.warning) told.push(planUse.warning);
        if (planUse?.used) notes.push(`${kernel.name} for ${target} is planned by ${planUse.source}`);
        if (torch) packed.push(torchKernel(kernel, set, compiled));
        else files.push(...placed(options.out, compiled.files));
      }
    }
  if (packed.length > 0) files.push(...placed(options.out, torchFiles(packed, path, features)));
  if (emit !== 'ast' && emit !== 'model' && emit !== 'ir') for (const note of notes) context.note(note);
  if (emit !== undefined) {
    const text = levels.join('\n');
    return { ok: true, diagnostics: warnings, data: { level: emit, text }, text };
  }
  for (const file of files) makeFolder(file.path);
  writeFilesAtomically(files);
  const written = files.map((file) => file.path);
  const lines = written.map((file) => `wrote ${file}`);
  return { ok: true, diagnostics: told, data: { files: written, notes }, text: lines.join('\n') };
}

const targetsOf = (target: Options['target']): readonly CompileTarget[] =>
  target === 'all' ? COMPILE_TARGETS : [target === 'torch' ? 'cuda' : target];

const placed = (folder: string, files: readonly EmittedFile[]) =>
  files.map((f) => ({ path: join(folder, f.path), content: f.text }));

/** The variant of one artefact, or of every artefact that the kernel has; it is told which ones it has not, and why. */
function variantsOf(context: Context, spec: Spec, options: Options, name: string): readonly Variant[] {
  const { artefact, ...others } = options;
  if (artefact !== 'all') return [variantOf({ ...others, artefact }, name)];
  const written = variantOf(others, name);
  irOf(spec, written);
  return ARTEFACTS.flatMap((wanted): Variant[] => {
    try {
      const { sizes } = irOf(spec, { ...written, set: {}, storage: {}, artefact: wanted });
      // A size or tensor that only other artefacts have does not concern this one.
      const set = Object.fromEntries(Object.entries(written.set).filter(([size]) => sizes.includes(size)));
      return [{ ...written, set, artefact: wanted }];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      context.note(`no ${wanted} of ${name}: ${error.message}`);
      return [];
    }
  });
}
