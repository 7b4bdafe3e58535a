/** `attnc passes`: the map of the compiler. */
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { describePasses } from '../pipeline.ts';

export function addPasses(program: Command, run: Runner): void {
  program
    .command('passes')
    .description('list the stages and passes of the compiler, each with its reason')
    .option('--json', 'print one JSON object')
    .action((options: { json?: true }) =>
      run('passes', options.json === true, async ({ io }) => {
        const passes = describePasses();
        const width = Math.max(...passes.map((p) => p.name.length));
        const lines = passes.map((p, n) => {
          const heading = p.stage === passes[n - 1]?.stage ? '' : `${io.colors.bold(p.stage)}\n`;
          return `${heading}  ${p.name.padEnd(width)}  ${p.reason}`;
        });
        return { ok: true, data: { passes }, text: lines.join('\n') };
      }),
    );
}
