/** `attnc fmt`: rewrites files in the canonical form. */
import type { Command } from 'commander';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { writeFilesAtomically } from '../../runtime/files.ts';
import type { Runner } from '../context.ts';
import { checkSyntax, formatSpec, hasErrors, openSpec } from '../pipeline.ts';

export function addFmt(program: Command, run: Runner): void {
  program
    .command('fmt')
    .description('format .attn files in place; - formats standard input to standard output')
    .argument('<file...>', 'files to format')
    .option('--check', 'change nothing; exit 1 when a file is not formatted')
    .option('--json', 'print one JSON object')
    .action((files: string[], options: { check?: true; json?: true }) =>
      run('fmt', options.json === true, async ({ sources }) => {
        const diagnostics: Diagnostic[] = [];
        const changed: { path: string; content: string }[] = [];
        let printed = '';
        for (const path of files) {
          const spec = openSpec(sources, path);
          const found = checkSyntax(spec);
          if (hasErrors(found)) {
            diagnostics.push(...found);
            continue;
          }
          const content = formatSpec(spec);
          if (path === '-' && !options.check) printed = content;
          else if (content !== spec.text) changed.push({ path, content });
        }
        if (!options.check) writeFilesAtomically(changed);
        const names = changed.map((file) => file.path);
        const verb = options.check ? 'would change' : 'formatted';
        return {
          ok: !hasErrors(diagnostics) && !(options.check && changed.length > 0),
          diagnostics,
          data: { changed: names, ...(printed ? { text: printed } : {}) },
          text: printed || names.map((name) => `${verb} ${name}`).join('\n'),
        };
      }),
    );
}
