/** Builds printed CUDA C++ with g++ against the CPU emulator and runs it, with checks that a GPU does not make. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { legalize } from '../../backends/cuda/legalize.ts';
import { fileStem } from '../../backends/cuda/names.ts';
import { kernelSymbol, printProgram } from '../../backends/cuda/print.ts';
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import type { Program } from '../kernel/kernel.ts';
import { cached, cacheFolder, contentHash, execute, prune } from './build-cache.ts';
import { type TensorBytes, type UniformValues, writeJob } from './cuda-job.ts';
import { packageRoot } from './package-root.ts';

/** `check` finds races, accesses out of bounds and uninitialised reads; `fast` runs several times faster. */
export type EmulatorMode = 'check' | 'fast';

export interface EmulatorOptions {
  readonly mode?: EmulatorMode;
  /** Orders in which threads run: `forward`, `reverse`, `random:SEED`. Outputs must not depend on them. */
  readonly schedules?: readonly string[];
  readonly timeoutSeconds?: number;
  /** Replaces the printed text, for tests that plant a bug. */
  readonly edit?: (source: string) => string;
}
export interface EmulatorError {
  /** For example `race`, `out-of-bounds`, `uninitialised`, `divergence`. */
  readonly kind: string;
  readonly message: string;
  readonly schedule: string;
  readonly kernel: string;
}
export interface EmulatorReport {
  readonly ok: boolean;
  readonly mode: EmulatorMode;
  readonly errors: readonly EmulatorError[];
  readonly ms: number;
  readonly barriers: number;
  readonly accesses: number;
  readonly ldmatrixConflicts: number;
}
export interface CudaRun {
  /** Bytes of each output in its storage. */
  readonly outputs: Readonly<Record<string, Uint8Array>>;
  readonly report: EmulatorReport;
}

const RED_ZONE = 256;
/** Arrays stay where their alignment allows. */
const redZoneOf = (program: Program): number =>
  Math.max(RED_ZONE, ...program.kernels.flatMap((k) => k.shared.map((s) => s.alignment ?? 0)));
const COMPILER = process.env['CXX'] ?? 'g++';
const COMMON = [
  '-std=c++20',
  '-g1',
  // The addr2line of Debian 12 names the wrong file with DWARF 5.
  '-gdwarf-4',
  '-fwrapv',
  '-ffp-contract=off',
  '-fno-extern-tls-init',
  '-fstack-clash-protection',
];
const MODES: Readonly<Record<EmulatorMode, readonly string[]>> = {
  check: ['-O1', '-fsanitize=thread,bounds'],
  fast: ['-O2'],
};

/**
 * Runs a program and gives its outputs.
 * @param program in the form before or after legalisation
 * @param inputs bytes of every input in its storage
 * @param values every size and param
 * @throws UserError E0730 without g++, E0733 when the emulator found an error or a tensor has a wrong size
 */
export async function runOnCudaEmulator(
  program: Program,
  inputs: TensorBytes,
  values: UniformValues,
  options: EmulatorOptions = {},
): Promise<CudaRun> {
  const run = await emulateCuda(program, inputs, values, options);
  const [first, ...more] = run.report.errors;
  if (first === undefined) return run;
  const others = more.slice(0, 3).map((e) => `; ${e.kind}: ${e.message}`);
  throw userError('E0733', `the CUDA emulator found ${first.kind}: ${first.message}${others.join('')}`, {
    hint: `kernel ${first.kernel || program.name}, schedule ${first.schedule || 'none'}`,
  });
}

/** Like `runOnCudaEmulator`, but gives the errors in the report; then `outputs` may be empty. */
export async function emulateCuda(
  program: Program,
  inputs: TensorBytes,
  values: UniformValues,
  options: EmulatorOptions = {},
): Promise<CudaRun> {
  const executable = await buildForEmulator(legalize(program), options);
  const folder = mkdtempSync(join(tmpdir(), 'attnc-job-'));
  try {
    const job = join(folder, 'job');
    const seconds = options.timeoutSeconds ?? 120;
    const extra = [`timeout ${seconds}`];
    if (options.schedules) extra.push(`schedules ${options.schedules.join(' ')}`);
    writeJob(job, { program, inputs, values, redZone: redZoneOf(program) }, extra);
    const report = await runExecutable(executable, job, seconds);
    return { report, outputs: report.ok ? readOutputs(`${job}.result`, report) : {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface FullReport extends EmulatorReport {
  readonly outputs: readonly { readonly name: string; readonly offset: number; readonly bytes: number }[];
}

async function runExecutable(executable: string, job: string, seconds: number): Promise<FullReport> {
  const options = { maxBuffer: 1 << 26, timeout: (seconds + 10) * 1000 };
  const { stdout } = await execute(executable, [job], options).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }));
  try {
    return JSON.parse(stdout) as FullReport;
  } catch {
    throw userError('E0733', 'the CUDA emulator ended without a report', { hint: stdout.slice(0, 200) });
  }
}

function readOutputs(path: string, report: FullReport): Record<string, Uint8Array> {
  const bytes = readFileSync(path);
  return Object.fromEntries(
    report.outputs.map((o) => [o.name, new Uint8Array(bytes.subarray(o.offset, o.offset + o.bytes))]),
  );
}

/** The executable for a legal program; compiled once for each text and mode. */
export async function buildForEmulator(program: Program, options: EmulatorOptions = {}): Promise<string> {
  const mode = options.mode ?? 'check';
  const printed = printProgram(program, '');
  const source = options.edit ? options.edit(printed) : printed;
  const { folder, include } = await emulatorRuntime(mode);
  const stem = fileStem(program.name);
  const hash = contentHash('driver first', mode, source);
  return cached(join(folder, 'kernels', hash), async (target) => {
    const work = `${target}.work`;
    mkdirSync(work);
    try {
      writeFileSync(join(work, `${stem}.cu`), source);
      writeFileSync(join(work, 'main.cpp'), mainText(program));
      const flags = [...COMMON, ...MODES[mode], '-I', join(folder, mode), '-I', include];
      await compile([...flags, '-c', join(work, 'main.cpp'), '-o', join(work, 'main.o')], stem);
      // Without -fsanitize, as the emulator takes the place of the sanitizer's own library, and before the kernel:
      // of inline functions that both hold, the linker keeps the first, and the emulator must not observe itself.
      await compile(
        [join(folder, 'driver.o'), join(work, 'main.o'), '-no-pie', '-pthread', '-o', target],
        stem,
      );
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

const mainText = (program: Program): string =>
  [
    '#include "harness.hpp"',
    `#define ATTN_REDZONE ${redZoneOf(program)}`,
    `#include "${fileStem(program.name)}.cu"`,
    `CUEMU_MAIN(${program.kernels.map(kernelSymbol).join(', ')})`,
    '',
  ].join('\n');

async function compile(args: readonly string[], what: string): Promise<void> {
  try {
    await execute(COMPILER, [...args], { maxBuffer: 1 << 26 });
  } catch (error) {
    const { code, stderr } = error as { code?: number | string; stderr?: string };
    if (code === 'ENOENT')
      throw userError('E0730', `${COMPILER} was not found, which the CUDA emulator needs`, {
        hint: 'install g++, for example with apt-get install g++',
      });
    throw new CompilerBug(
      'cuda emulator',
      `${COMPILER} refused ${what}:\n${(stderr ?? String(error)).slice(0, 4000)}`,
    );
  }
}

/** Builds the emulator itself once for each version of its sources: 10 s the first time. */
async function emulatorRuntime(mode: EmulatorMode): Promise<{ folder: string; include: string }> {
  const root = join(packageRoot(), 'test', 'cuda-emulator');
  const include = join(root, 'include');
  const folder = join(cacheFolder('attnc-cuemu'), sourceHash(root));
  mkdirSync(join(folder, 'kernels'), { recursive: true });
  if (!pruned) prune(join(folder, 'kernels'));
  pruned = true;
  const object = cached(join(folder, 'driver.o'), (target) =>
    compile([...COMMON, '-O2', '-c', join(root, 'driver.cpp'), '-o', target], 'driver.cpp'),
  );
  const header = cached(join(folder, mode, 'harness.hpp.gch'), (target) =>
    compile(
      [...COMMON, ...MODES[mode], '-x', 'c++-header', join(include, 'harness.hpp'), '-o', target],
      'harness.hpp',
    ),
  );
  await Promise.all([object, header]);
  return { folder, include };
}

let known: string | undefined;
let pruned = false;

function sourceHash(root: string): string {
  if (known !== undefined) return known;
  const parts: (string | Uint8Array)[] = [COMPILER, process.arch, ...COMMON, ...MODES.check, ...MODES.fast];
  for (const folder of ['.', 'include', join('include', 'cuemu'), 'runtime'])
    for (const file of readdirSync(join(root, folder)).sort())
      if (/\.(hpp|cpp|h)$/.test(file)) parts.push(file, readFileSync(join(root, folder, file)));
  return (known = contentHash(...parts));
}
