/** Runs command lines in this process and keeps what they print. */
import { main } from '../../src/cli/main.ts';
import pc from 'picocolors';

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The answer of `--json`. */
  readonly json: () => Record<string, unknown> & {
    readonly diagnostics: readonly { code: string; message: string }[];
  };
}

/** Without colours or progress, as in a pipe. */
export async function attnc(...argv: readonly string[]): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const code = await main(argv, {
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    watched: false,
    colors: pc.createColors(false),
  });
  return { code, stdout, stderr, json: () => JSON.parse(stdout) as ReturnType<CliRun['json']> };
}
