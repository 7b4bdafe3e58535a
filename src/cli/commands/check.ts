/** `attnc check`: everything that is wrong with the files. */
import type { Command } from 'commander';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { UserError } from '../../diagnostics/diagnostic.ts';
import type { Runner } from '../context.ts';
import { checkSpec, checkSpecRows, hasErrors, openSpec } from '../pipeline.ts';

export function addCheck(program: Command, run: Runner): void {
  program
    .command('check')
    .description('report errors and warnings in .attn files')
    .argument('<file...>', 'files to check; - is standard input')
    .option('--json', 'print one JSON object')
    .action((files: string[], options: { json?: true }) =>
      run('check', options.json === true, async ({ sources }) => {
        const diagnostics: Diagnostic[] = [];
        const kernels: Record<string, readonly string[]> = {};
        const rows: Record<string, Readonly<Record<string, string>>> = {};
        for (const path of files) {
          try {
            const spec = openSpec(sources, path);
            const checked = checkSpec(spec);
            const found = checkSpecRows(spec);
            diagnostics.push(...checked.diagnostics, ...found.diagnostics);
            kernels[path] = checked.kernels;
            rows[path] = found.rows;
          } catch (error) {
            // One unreadable file must not hide what is wrong with the others.
            if (!(error instanceof UserError)) throw error;
            diagnostics.push(error.diagnostic);
          }
        }
        const ok = !hasErrors(diagnostics);
        const count = Object.values(kernels).flat().length;
        const files_ = files.length === 1 ? files[0] : `${files.length} files`;
        return {
          ok,
          diagnostics,
          data: { kernels, rows },
          ...(ok ? { text: `${files_}: ${count} kernel${count === 1 ? '' : 's'}, no errors` } : {}),
        };
      }),
    );
}
