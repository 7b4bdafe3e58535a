/** `attnc run`: a kernel on real tensors. */
import type { Command } from 'commander';
import { agreement, agreementLines, disagreements } from '../agreement.ts';
import type { CommandResult, Context, Runner } from '../context.ts';
import { addFeatureOptions, featuresOf, type FeatureOptions } from '../features.ts';
import { prepareLaunch } from '../launch.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { checkOutPaths, writeOutputs } from '../outputs.ts';
import { roundOutputs } from '../round-outputs.ts';
import { summary } from '../summary.ts';
import { planOf } from '../plan-file.ts';
import { execute, TARGETS, type Target } from '../targets.ts';
import { collect, collectWhole, oneOf, parseNumbers, parseTensorPaths } from '../usage.ts';
import { addArtefactOption, addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

interface Options extends VariantOptions, FeatureOptions {
  readonly target: Target;
  readonly in?: string[];
  readonly out?: string[];
  readonly param?: string[];
  readonly check?: true;
  readonly json?: true;
}

export function addRun(program: Command, run: Runner): void {
  const command = program
    .command('run')
    .description('run a kernel on tensors from .npy, .npz or .safetensors files')
    .argument('<file>', 'the .attn file')
    .option('-t, --target <target>', TARGETS.join(', '), oneOf('target', TARGETS), 'interp')
    .option(
      '-i, --in <name=file>',
      'an input: NAME=FILE, NAME=ARCHIVE:TENSOR, or ARCHIVE to bind by name',
      collectWhole,
    )
    .option('-o, --out <name=file>', 'an output: NAME=FILE, or FILE for all outputs', collectWhole)
    .option('-p, --param <name=value>', 'a runtime parameter (repeatable)', collect)
    .option('--check', 'also run the interpreter and compare');
  addFeatureOptions(addArtefactOption(addVariantOptions(command)), 'what the device is')
    .option('--json', 'print one JSON object')
    .action((file: string, options: Options) =>
      run('run', options.json === true, (context) => runKernel(context, file, options)),
    );
}

async function runKernel(context: Context, path: string, options: Options): Promise<CommandResult> {
  const inputs = parseTensorPaths('in', options.in);
  const outPaths = parseTensorPaths('out', options.out);
  const params = parseNumbers('param', options.param);
  const { spec, kernels, warnings } = openChecked(context, path);
  const variant = variantOf(options, chooseKernel(path, kernels, options.kernel));
  const features = { ...featuresOf(options), ...(await planOf(context.sources, path, options)) };
  const { launch, notes } = prepareLaunch({ spec, variant, features, inputs, params });
  checkOutPaths(launch.kernel, outPaths);
  for (const note of notes) context.note(note);
  const execution = await execute(options.target, launch);
  const outputs = roundOutputs(launch.kernel, execution);
  const checks = options.check ? agreement(launch, outputs) : [];
  const wrong = disagreements(checks);
  const written = writeOutputs(outputs, outPaths);
  const lines = [
    `${launch.kernel.name} on ${execution.device}`,
    ...[...outputs].map(([name, tensor]) => `  ${name}: ${summary(tensor)}`),
    ...(checks.length > 0 ? ['against the interpreter', ...agreementLines(checks)] : []),
    ...written.map((file) => `wrote ${file}`),
  ];
  return {
    ok: wrong.length === 0,
    diagnostics: [...warnings, ...(execution.warnings ?? []), ...wrong],
    data: {
      kernel: launch.kernel.name,
      target: options.target,
      device: execution.device,
      sizes: launch.sizes,
      params: launch.params,
      notes,
      outputs: [...outputs].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
      ...(options.check ? { checks } : {}),
      written,
    },
    text: lines.join('\n'),
  };
}
