/** `attnc explain`: what an error code means, or what the compiler decided about a kernel. */
import type { Command } from 'commander';
import { userError } from '../../diagnostics/diagnostic.ts';
import { codeRow, CODES } from '../../diagnostics/codes.ts';
import type { CommandResult, Runner } from '../context.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { explainSpec } from '../pipeline.ts';
import { addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

export function addExplain(program: Command, run: Runner): void {
  const command = program
    .command('explain')
    .description('explain a kernel (passes, block bounds, memory, cost) or an error code')
    .argument('<file-or-code>', 'a .attn file, or a code such as E0201');
  addVariantOptions(command)
    .option('--json', 'print one JSON object')
    .action((subject: string, options: VariantOptions & { json?: true }) =>
      run('explain', options.json === true, async (context) => {
        if (/^[EW]\d{4}$/i.test(subject)) return explainCode(subject);
        const { spec, kernels, warnings } = openChecked(context, subject);
        const names =
          options.kernel === undefined ? kernels : [chooseKernel(subject, kernels, options.kernel)];
        const explained = names.map((name) => explainSpec(spec, variantOf(options, name)));
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
