/** `attnc init`: a file to start from, copied from an example under a name of its own. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { KEYWORDS } from '../../../grammar/tokens.ts';
import { userError } from '../../diagnostics/diagnostic.ts';
import { didYouMean } from '../../diagnostics/suggest.ts';
import { makeFolder, writeFilesAtomically } from '../../runtime/files.ts';
import type { Runner } from '../context.ts';
import { exampleNames, exampleText } from '../generate/gallery.ts';

const START = 'sdpa';

export function addInit(program: Command, run: Runner): void {
  program
    .command('init')
    .description('start a .attn file from an example')
    .argument('<name>', 'name of the kernel, or path of the file')
    .option('-f, --from <example>', 'an example (`attnc examples` lists them)', START)
    .option('--json', 'print one JSON object')
    .action((name: string, options: { from: string; json?: true }) =>
      run('init', options.json === true, async () => {
        const path = name.endsWith('.attn') ? name : `${name}.attn`;
        const text = copied(options.from, basename(path, '.attn'));
        // Somebody's work is never replaced.
        if (existsSync(path))
          throw userError('E0702', `${path} exists already`, { hint: 'choose another name' });
        makeFolder(path);
        writeFilesAtomically([{ path, content: text }]);
        const next = `npx attnc check ${path}\nnpx attnc verify ${path}`;
        return {
          ok: true,
          data: { file: path, from: options.from },
          text: `${path} is written. Next:\n${next}`,
        };
      }),
    );
}

/** The example with its kernel under another name, if it has one of its own name. */
function copied(from: string, name: string): string {
  const names = exampleNames();
  if (!names.includes(from))
    throw userError('E0720', `there is no example ${from}`, {
      hint: didYouMean(from, names) ?? '`attnc examples` lists them',
    });
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || KEYWORDS.some((k) => k.word === name))
    throw userError('E0700', `\`${name}\` cannot be the name of a kernel`, {
      hint: 'names consist of the letters A to Z, digits and `_`, and are no words of the language',
    });
  return exampleText(from).replace(new RegExp(`^kernel ${from} \\{`, 'm'), () => `kernel ${name} {`);
}
