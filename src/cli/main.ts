/** The command line: which commands there are. Each lives in its own file. */
import { Command, CommanderError } from 'commander';
import { addCheck } from './commands/check.ts';
import { addCompile } from './commands/compile.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExamples } from './commands/examples.ts';
import { addExplain } from './commands/explain.ts';
import { addFmt } from './commands/fmt.ts';
import { addInit } from './commands/init.ts';
import { addLsp } from './commands/lsp.ts';
import { addPasses } from './commands/passes.ts';
import { addRun } from './commands/run.ts';
import { addTune } from './commands/tune.ts';
import { addVerify } from './commands/verify.ts';
import { addViz } from './commands/viz.ts';
import type { Runner } from './context.ts';
import { processIo, type Io } from './io.ts';
import { repeatFlags } from './repeat-flags.ts';
import { runCommand, type ExitCode } from './run-command.ts';
import { UsageError } from './usage.ts';
import { version } from './version.ts';

/**
 * Runs one command line (without `node` and the script) and gives the exit code. Output goes to `io`.
 * Never throws: wrong usage is 2, and our own bugs are 3.
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<ExitCode> {
  let code: ExitCode = 0;
  const debug = argv.includes('--debug');
  const run: Runner = async (name, json, body) => {
    code = await runCommand(io, name, json, debug, body);
  };
  const program = buildProgram(run, io);
  try {
    if (argv.length === 0) throw new UsageError('no command was given', 'attnc --help lists the commands');
    await program.parseAsync(repeatFlags(argv), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (!(error instanceof CommanderError) && !(error instanceof UsageError)) throw error;
    return runCommand(io, argv[0] ?? '', argv.includes('--json'), debug, () => {
      throw error instanceof UsageError ? error : usageOf(error);
    });
  }
}

/** Commander's message in our shape: what is wrong, and a suggestion as the hint. */
function usageOf(error: CommanderError): UsageError {
  if (error.code === 'commander.help')
    return new UsageError('there is no such command', 'attnc --help lists the commands');
  const [message, hint] = error.message.replace(/^error: /, '').split('\n');
  return new UsageError(message!, hint?.replace(/^\(|\)$/g, ''));
}

function buildProgram(run: Runner, io: Io): Command {
  const program = new Command('attnc')
    .description('Compiles attention mechanisms, written as mathematics, into WGSL and CUDA C++ kernels.')
    .version(version(), '-V, --version')
    .option('--debug', 'show the stack of internal errors')
    .showSuggestionAfterError()
    .enablePositionalOptions(false);
  for (const add of [
    addCheck,
    addCompile,
    addRun,
    addVerify,
    addExplain,
    addTune,
    addViz,
    addFmt,
    addPasses,
    addDoctor,
    addDemo,
    addExamples,
    addInit,
    addLsp,
  ])
    add(program, run);
  const all = [program, ...program.commands];
  for (const command of all)
    command.exitOverride().configureOutput({
      writeOut: (text) => io.stdout(text),
      // The message comes back as a CommanderError and is shown like every other diagnostic.
      writeErr: () => {},
    });
  for (const command of program.commands) command.option('--debug', 'show the stack of internal errors');
  return program;
}
