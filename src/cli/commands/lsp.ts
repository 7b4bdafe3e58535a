/** `attnc lsp`: the language server, for editors. */
import type { Command } from 'commander';
import type { Runner } from '../context.ts';

export function addLsp(program: Command, run: Runner): void {
  program
    .command('lsp')
    .description('start the language server, which editors talk to over standard input and output')
    .option('--stdio', 'the only way of talking, which some editors ask for')
    .action(() =>
      run('lsp', false, async () => {
        // Only this command needs the protocol.
        const { serveOverStdio } = await import('../../server/main.ts');
        await serveOverStdio();
        return { ok: true };
      }),
    );
}
