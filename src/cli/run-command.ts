/** Runs a command's body and turns whatever happens into output and an exit code. */
import { CompilerBug, UserError, type Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnosticJson, renderDiagnostics } from '../diagnostics/render.ts';
import type { CommandResult, Context } from './context.ts';
import type { Io } from './io.ts';
import { SpecErrors } from './open.ts';
import { startProgress } from './progress.ts';
import { Sources } from './sources.ts';
import { UsageError } from './usage.ts';

/** 0 done, 1 the user's error, 2 wrong usage, 3 a bug of ours. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Prints the result of `body` for a person, or as one JSON object when `json` is set. Never throws. */
export async function runCommand(
  io: Io,
  name: string,
  json: boolean,
  debug: boolean,
  body: (context: Context) => Promise<CommandResult>,
): Promise<ExitCode> {
  const sources = new Sources();
  const context: Context = {
    io,
    json,
    sources,
    note: (text) => {
      if (!json) io.stderr(`${io.colors.cyan('note')}: ${text}\n`);
    },
    say: (text) => {
      if (!json) io.stdout(`${text}\n`);
    },
    progress: (total, label) => startProgress(io, json, total, label),
  };
  let result: CommandResult;
  let code: ExitCode;
  try {
    result = await body(context);
    code = result.ok ? 0 : 1;
  } catch (error) {
    code = error instanceof UserError ? 1 : error instanceof UsageError ? 2 : 3;
    if (debug && code === 3) io.stderr(`${error instanceof Error ? error.stack : error}\n`);
    result = {
      ok: false,
      diagnostics: error instanceof SpecErrors ? error.diagnostics : [diagnosticOf(error)],
    };
  }
  printResult(context, name, result);
  return code;
}

function diagnosticOf(error: unknown): Diagnostic {
  if (error instanceof UserError || error instanceof UsageError) return error.diagnostic;
  const stage = error instanceof CompilerBug ? error.stage : 'the command line';
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'BUG',
    severity: 'error',
    message: error instanceof CompilerBug ? message : `internal error in ${stage}: ${message}`,
    ...(error instanceof CompilerBug && error.span ? { span: error.span } : {}),
    hint: 'this is a bug in attnc, not in your file: please report it with the file and the command (--debug adds a stack)',
  };
}

function printResult(context: Context, name: string, result: CommandResult): void {
  const { io, json, sources } = context;
  const diagnostics = result.diagnostics ?? [];
  const lookup = (source: string): string | undefined => sources.textOf(source);
  if (json) {
    const answer = {
      command: name,
      ok: result.ok,
      diagnostics: diagnostics.map((d) => diagnosticJson(d, lookup)),
      ...result.data,
    };
    io.stdout(JSON.stringify(answer, jsonValue, 2) + '\n');
    return;
  }
  const { red, yellow, cyan, bold, dim } = io.colors;
  io.stderr(renderDiagnostics(diagnostics, lookup, { error: red, warning: yellow, note: cyan, bold, dim }));
  if (result.text) io.stdout(result.text.endsWith('\n') ? result.text : result.text + '\n');
}

/** JSON has no infinities and no typed arrays. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}
