/** `attnc examples`: lists the examples, or those that have all of some words. */
import type { Command } from 'commander';
import { headOf } from '../../gallery/head.ts';
import { exampleNames, exampleText } from '../generate/gallery.ts';
import type { Runner } from '../context.ts';
import { didYouMean } from '../../diagnostics/suggest.ts';

export function addExamples(program: Command, run: Runner): void {
  program
    .command('examples')
    .description('list the examples, or search their names, descriptions, papers and formulas')
    .argument('[words...]', 'words that all have to occur')
    .option('--json', 'print one JSON object')
    .action((words: string[], options: { json?: true }) =>
      run('examples', options.json === true, async ({ io }) => {
        const wanted = words.map((w) => w.toLowerCase());
        const all = exampleNames().map((name) => ({ name, ...headOf(exampleText(name)) }));
        const found = all.filter((e) => {
          const text = Object.values(e).join(' ').toLowerCase();
          return wanted.every((w) => text.includes(w));
        });
        const width = Math.max(0, ...found.map((e) => e.name.length));
        const lines = found.map((e) => `${io.colors.bold(e.name.padEnd(width))}  ${e.what}`);
        const near = didYouMean(
          words.join('_'),
          all.map((e) => e.name),
        );
        const none = `no example has ${words.join(' and ')}${near === undefined ? '' : `; ${near}`}`;
        const count = `${found.length} of ${all.length} examples; \`attnc init NAME --from EXAMPLE\` copies one`;
        return {
          ok: found.length > 0,
          data: { examples: found },
          text: found.length > 0 ? [...lines, '', count].join('\n') : none,
        };
      }),
    );
}
