/** Finds nvcc and compiles printed CUDA C++ with it; no GPU is needed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmittedFile } from '../../backends/backend.ts';
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { execute } from './build-cache.ts';

/** What ptxas says about one kernel on one architecture. */
export interface KernelUse {
  readonly kernel: string;
  readonly architecture: string;
  readonly registers: number;
  /** Bytes that did not fit into registers. */
  readonly spillStores: number;
  readonly spillLoads: number;
  readonly stackBytes: number;
}
export interface NvccReport {
  readonly ok: boolean;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly kernels: readonly KernelUse[];
}

/** The architectures that every emitted file must compile for. */
export const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  sm_80: ['-gencode', 'arch=compute_80,code=sm_80'],
  sm_90a: ['-gencode', 'arch=compute_90a,code=sm_90a'],
};

const CANDIDATES = ['nvcc', '/usr/local/cuda/bin/nvcc', '/usr/local/cuda-13.0/bin/nvcc'];
let found: string | null | undefined;

/** The command that runs nvcc, or undefined where there is none. CUDA_HOME and NVCC point to others. */
export function findNvcc(): string | undefined {
  if (found !== undefined) return found ?? undefined;
  const { NVCC, CUDA_HOME } = process.env;
  const candidates = [
    ...(NVCC ? [NVCC] : []),
    ...(CUDA_HOME ? [join(CUDA_HOME, 'bin', 'nvcc')] : []),
    ...CANDIDATES,
  ];
  found = candidates.find((c) => spawnSync(c, ['--version'], { stdio: 'ignore' }).status === 0) ?? null;
  return found ?? undefined;
}

/**
 * Compiles the `.cu` file among `files` — kernels and launcher — for each architecture.
 * @throws CompilerBug when there is no nvcc: ask `findNvcc` first
 */
export async function compileWithNvcc(
  files: readonly EmittedFile[],
  architectures: readonly string[] = Object.keys(ARCHITECTURES),
): Promise<NvccReport> {
  const nvcc = findNvcc();
  if (nvcc === undefined) throw new CompilerBug('nvcc', 'no nvcc on this machine');
  const folder = mkdtempSync(join(tmpdir(), 'attnc-nvcc-'));
  try {
    for (const f of files) writeFileSync(join(folder, f.path), f.text);
    const sources = files.filter((f) => f.path.endsWith('.cu')).map((f) => join(folder, f.path));
    const texts = await Promise.all(
      sources.flatMap((source) =>
        architectures.map(async (name, n) => {
          const target = join(folder, `${name}.o`);
          // The code for the host is the same for all of them, and compiled once.
          const what = n === 0 ? '-c' : '-cubin';
          const args = [...ARCHITECTURES[name]!, '-Xptxas', '-v', what, source, '-o', target];
          return parseNvcc(name, await runNvcc(nvcc, args));
        }),
      ),
    );
    return {
      ok: texts.every((t) => t.ok),
      errors: texts.flatMap((t) => t.errors),
      warnings: texts.flatMap((t) => t.warnings),
      kernels: texts.flatMap((t) => t.kernels),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Finished {
  readonly ok: boolean;
  readonly text: string;
}

async function runNvcc(nvcc: string, args: readonly string[]): Promise<Finished> {
  try {
    const { stdout, stderr } = await execute(nvcc, [...args], { maxBuffer: 1 << 26 });
    return { ok: true, text: stdout + stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return { ok: false, text: `${stdout ?? ''}${stderr ?? ''}` || String(error) };
  }
}

/** Reads what nvcc and ptxas -v print. */
export function parseNvcc(architecture: string, { ok, text }: Finished): NvccReport {
  const errors: string[] = [];
  const warnings: string[] = [];
  const kernels: KernelUse[] = [];
  let kernel = '';
  let frame = { stackBytes: 0, spillStores: 0, spillLoads: 0 };
  for (const line of text.split('\n')) {
    const name =
      /Function properties for (\S+)/.exec(line) ?? /Compiling entry function '([^']+)'/.exec(line);
    const memory = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    const used = /Used (\d+) registers/.exec(line);
    if (name) kernel = name[1]!;
    else if (memory) frame = { stackBytes: +memory[1]!, spillStores: +memory[2]!, spillLoads: +memory[3]! };
    else if (used) kernels.push({ kernel, architecture, registers: +used[1]!, ...frame });
    else if (/\berror\b|\bfatal\b/i.test(line)) errors.push(line.trim());
    // ptxas tells as information that it lets asynchronous products wait for each other.
    else if (/\bwarning\b|potential performance loss|injected/i.test(line) && !/can be suppressed/.test(line))
      warnings.push(line.trim());
  }
  if (!ok && errors.length === 0) errors.push(text.trim().slice(0, 2000) || 'nvcc failed');
  return { ok, errors, warnings, kernels };
}
