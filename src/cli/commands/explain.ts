/** `attnc explain`: what an error code means, or what the compiler decided about a kernel. */
import type { Command } from 'commander';
import { userError } from '../../diagnostics/diagnostic.ts';
import { codeRow, CODES } from '../../diagnostics/codes.ts';
import type { CommandResult, Runner } from '../context.ts';
import { addFeatureOptions, featuresOf, type FeatureOptions } from '../features.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { assumedNote, fixedOrUsual } from '../fixed-sizes.ts';
import { COMPILE_TARGETS, explainVariant, irOf, type CompileTarget } from '../pipeline.ts';
import { oneOf } from '../usage.ts';
import { addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

interface Options extends VariantOptions, FeatureOptions {
  readonly target: CompileTarget;
  readonly json?: true;
}

export function addExplain(program: Command, run: Runner): void {
  const command = program
    .command('explain')
    .description('explain a kernel (passes, block bounds, memory, cost) or an error code')
    .argument('<file-or-code>', 'a .attn file, or a code such as E0201')
    .option('-t, --target <target>', COMPILE_TARGETS.join(', '), oneOf('target', COMPILE_TARGETS), 'wgsl');
  addFeatureOptions(addVariantOptions(command), 'gpu')
    .option('--json', 'print one JSON object')
    .action((subject: string, options: Options) =>
      run('explain', options.json === true, async (context) => {
        if (/^[EW]\d{4}$/i.test(subject)) return explainCode(subject);
        const { spec, kernels, warnings } = openChecked(context, subject);
        const names =
          options.kernel === undefined ? kernels : [chooseKernel(subject, kernels, options.kernel)];
        const explained = [];
        for (const name of names) {
          const variant = variantOf(options, name);
          const kernel = irOf(spec, variant);
          const { set, assumed } = fixedOrUsual(kernel, variant.set);
          const note = assumedNote(kernel, assumed);
          if (note !== undefined) context.note(note);
          explained.push(await explainVariant(kernel, set, options.target, featuresOf(options)));
        }
        return {
          ok: true,
          diagnostics: warnings,
          data: { kernels: explained.map((e) => e.data) },
          text: explained.map((e) => e.text.trimEnd()).join('\n\n'),
        };
      }),
    );
}

function explainCode(subject: string): CommandResult {
  const row = codeRow(subject);
  if (row === undefined)
    throw userError('E0700', `there is no code ${subject.toUpperCase()}`, {
      hint: `there are ${[...CODES.keys()].join(', ')}`,
    });
  return { ok: true, data: { ...row }, text: `${row.code}: ${row.title}\n\n${row.explanation}` };
}
