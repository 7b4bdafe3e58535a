/** Python here: with PyTorch, or with NumPy and what formulas use of PyTorch said in it, or not at all. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Python {
  readonly command: string;
  readonly environment: NodeJS.ProcessEnv;
  /** What executes formulas. */
  readonly by: 'torch' | 'numpy';
}

const CANDIDATES = [process.env['ATTNC_PYTHON'], 'python3', '/usr/bin/python3'];
const can = (command: string, program: string): boolean =>
  spawnSync(command, ['-c', program], { stdio: 'ignore' }).status === 0;

const commands = CANDIDATES.filter((c): c is string => c !== undefined && can(c, 'import ast'));

/** Any Python. */
export const anyPython = commands[0];

/** One that can execute formulas. */
export function findPython(): Python | undefined {
  const withTorch = commands.find((c) => can(c, 'import torch'));
  if (withTorch !== undefined) return { command: withTorch, environment: process.env, by: 'torch' };
  const withNumpy = commands.find((c) => can(c, 'import numpy'));
  if (withNumpy === undefined) return undefined;
  return {
    command: withNumpy,
    environment: { ...process.env, PYTHONPATH: join(import.meta.dirname, 'numpy') },
    by: 'numpy',
  };
}

export interface Job {
  readonly name: string;
  /** A module, and the function of it to call. */
  readonly text: string;
  readonly function: string;
  readonly inputs: readonly {
    readonly shape: readonly number[];
    readonly type: string;
    readonly data: Float64Array;
  }[];
  readonly numbers: Readonly<Record<string, number | boolean>>;
}
export type Answer =
  | { readonly error: string }
  | { readonly outputs: readonly { readonly shape: readonly number[]; readonly data: Float64Array }[] };

const encode = (x: Float64Array): string =>
  Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString('base64');
const decode = (text: string): Float64Array => {
  const bytes = Buffer.from(text, 'base64');
  return Float64Array.from({ length: bytes.length / 8 }, (_, n) => bytes.readDoubleLE(8 * n));
};

/** Executes formulas, all in one process. */
export function runFormulas(python: Python, jobs: readonly Job[]): readonly Answer[] {
  const input = jobs
    .map((j) => JSON.stringify({ ...j, inputs: j.inputs.map((t) => ({ ...t, data: encode(t.data) })) }))
    .join('\n');
  const { stdout, stderr } = spawnSync(python.command, [join(import.meta.dirname, 'run.py')], {
    input: `${input}\n`,
    encoding: 'utf8',
    env: python.environment,
    maxBuffer: 1 << 30,
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length !== jobs.length)
    throw new Error(`${lines.length} answers to ${jobs.length} jobs: ${stderr}`);
  return lines.map((line): Answer => {
    const answer = JSON.parse(line) as { error: string } | { outputs: { shape: number[]; data: string }[] };
    if ('error' in answer) return answer;
    return { outputs: answer.outputs.map((o) => ({ shape: o.shape, data: decode(o.data) })) };
  });
}
