/** Builds printed CUDA C++ with nvcc and runs it on an NVIDIA GPU. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { legalize } from '../../backends/cuda/legalize.ts';
import { fileStem } from '../../backends/cuda/names.ts';
import { kernelSymbol, printProgram } from '../../backends/cuda/print.ts';
import { usesMaps } from '../../backends/cuda/tensor-maps.ts';
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import type { Program } from '../kernel/kernel.ts';
import { cached, cacheFolder, contentHash, execute } from './build-cache.ts';
import { type TensorBytes, type UniformValues, writeJob } from './cuda-job.ts';
import { findNvcc } from './nvcc.ts';
import { packageRoot } from './package-root.ts';

export interface GpuOptions {
  /** Timed runs after which the median time is reported; 1 unless told. */
  readonly repeats?: number;
  readonly timeoutSeconds?: number;
}
export interface GpuRun {
  /** Bytes of each output in its storage. */
  readonly outputs: Readonly<Record<string, Uint8Array>>;
  readonly device: string;
  /** Median time of all launches together on the device, in milliseconds. */
  readonly ms: number;
}

interface Report {
  readonly ok: boolean;
  readonly device: string;
  readonly errors: readonly { readonly kind: string; readonly message: string }[];
  readonly ms: number;
  readonly outputs: readonly { readonly name: string; readonly offset: number; readonly bytes: number }[];
}

const ONLY_SM90A = ['-O3', '-std=c++17', '-gencode', 'arch=compute_90a,code=sm_90a'];
/** Machine code for both architectures that are tested, and PTX from which the driver compiles for later ones. */
const FLAGS = [...ONLY_SM90A, '-gencode', 'arch=compute_80,code=[sm_80,compute_80]'];

/**
 * Runs a program on the first GPU.
 * @param program in the form before or after legalisation
 * @param inputs bytes of every input in its storage
 * @param values every size and param
 * @throws UserError E0730 without nvcc or a GPU, E0733 when the run failed or wrote outside of a tensor
 */
export async function runOnGpu(
  program: Program,
  inputs: TensorBytes,
  values: UniformValues,
  options: GpuOptions = {},
): Promise<GpuRun> {
  const executable = await buildForGpu(legalize(program));
  const folder = mkdtempSync(join(tmpdir(), 'attnc-job-'));
  try {
    const job = join(folder, 'job');
    writeJob(job, { program, inputs, values, redZone: 0 });
    const report = await runExecutable(executable, job, options);
    const [error] = report.errors;
    if (error?.kind === 'no-device')
      throw userError('E0730', `the GPU cannot be used: ${error.message}`, { hint: 'attnc doctor' });
    if (error) throw userError('E0733', `the run on the GPU failed: ${error.message}`);
    const bytes = readFileSync(`${job}.result`);
    const outputs = report.outputs.map(
      (o) => [o.name, new Uint8Array(bytes.subarray(o.offset, o.offset + o.bytes))] as const,
    );
    return { outputs: Object.fromEntries(outputs), device: report.device, ms: report.ms };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runExecutable(executable: string, job: string, options: GpuOptions): Promise<Report> {
  const timeout = (options.timeoutSeconds ?? 300) * 1000;
  const { stdout } = await execute(executable, [job, String(options.repeats ?? 1)], { timeout }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    throw userError('E0733', 'the run on the GPU ended without a report', { hint: stdout.slice(0, 200) });
  }
}

/** The executable for a legal program; compiled once for each text. */
export async function buildForGpu(program: Program): Promise<string> {
  const nvcc = findNvcc();
  if (nvcc === undefined)
    throw userError('E0730', 'nvcc was not found, which running on a GPU needs', {
      hint: 'install the CUDA toolkit from NVIDIA',
    });
  const source = printProgram(program, '');
  const runner = join(packageRoot(), 'src', 'runtime', 'gpu-runner.cuh');
  const flags = usesMaps(program) ? ONLY_SM90A : FLAGS;
  const hash = contentHash(nvcc, source, readFileSync(runner), ...flags);
  return cached(join(cacheFolder('attnc-gpu'), hash), async (target) => {
    const work = `${target}.work`;
    mkdirSync(work);
    try {
      writeFileSync(join(work, `${fileStem(program.name)}.cu`), source);
      writeFileSync(join(work, 'main.cu'), mainText(program, runner));
      await execute(nvcc, [...flags, join(work, 'main.cu'), '-o', target], { maxBuffer: 1 << 26 });
    } catch (error) {
      const text = (error as { stderr?: string }).stderr ?? String(error);
      throw new CompilerBug('cuda gpu', `nvcc refused ${program.name}:\n${text.slice(0, 4000)}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

function mainText(program: Program, runner: string): string {
  const entries = program.kernels.map((k) => {
    const symbol = kernelSymbol(k);
    return `    {"${symbol}", reinterpret_cast<const void*>(${symbol})},`;
  });
  return [
    `#include "${fileStem(program.name)}.cu"`,
    `#include "${runner}"`,
    'int main(int argc, char** argv) {',
    '  const attn_gpu::Entry kernels[] = {',
    ...entries,
    '  };',
    '  return attn_gpu::run_job(argc, argv, kernels, sizeof kernels / sizeof *kernels);',
    '}',
    '',
  ].join('\n');
}
