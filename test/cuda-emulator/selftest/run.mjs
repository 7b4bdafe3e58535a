// Builds every kernel of `cases.mjs` and its mutants, runs them and prints one line for each.
// `run.mjs [BUILD_FOLDER]`; exits with 1 when a good kernel fails or a mutant goes unnoticed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cases } from './cases.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const build = process.argv[2] ?? join(tmpdir(), `cuda-emulator-${process.getuid?.() ?? 'x'}`);
const execute = promisify(execFile);

const compiler = process.env.CXX ?? 'g++';
const common = [
  '-std=c++20',
  '-g1',
  '-gdwarf-4',
  '-ffp-contract=off',
  '-fno-extern-tls-init',
  '-fstack-clash-protection',
  ...(process.env.CUEMU_FLAGS?.split(' ') ?? []),
];
const modes = { fast: ['-O2'], check: ['-O1', '-fsanitize=thread,bounds'] };

/** Whatever the runtime or the headers are made of names the folder that their objects are kept in. */
function sourceHash() {
  const hash = createHash('sha256').update([compiler, process.arch, ...common].join(' '));
  for (const folder of ['.', 'include', 'include/cuemu', 'runtime'])
    for (const file of readdirSync(join(root, folder)).sort())
      if (/\.(hpp|cpp|h)$/.test(file)) hash.update(file).update(readFileSync(join(root, folder, file)));
  return hash.digest('hex').slice(0, 16);
}

const cache = join(build, sourceHash());
const work = join(build, `work-${process.pid}`);
mkdirSync(cache, { recursive: true });
mkdirSync(work, { recursive: true });

/** Compiles to a file that appears under its name only when complete. */
async function cached(name, args) {
  const path = join(cache, name);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    await execute(compiler, [...args, '-o', `${path}.${process.pid}`]);
    renameSync(`${path}.${process.pid}`, path);
  }
  return path;
}

async function buildRuntime() {
  await Promise.all([
    cached('driver.o', [...common, '-O2', '-c', join(root, 'driver.cpp')]),
    ...Object.keys(modes).map((mode) =>
      cached(`${mode}/harness.hpp.gch`, [
        ...common,
        ...modes[mode],
        '-x',
        'c++-header',
        join(root, 'include/harness.hpp'),
      ]),
    ),
  ]);
}

async function buildKernel(kernel, mode, mutant) {
  const program = join(work, `${kernel}-${mode}-${mutant}`);
  const main = `${program}.cpp`;
  writeFileSync(
    main,
    `#include "harness.hpp"\n#include "${join(here, 'kernels', `${kernel}.cu`)}"\nCUEMU_MAIN(${kernel})\n`,
  );
  await execute(compiler, [
    ...common,
    ...modes[mode],
    `-DMUTANT=${mutant}`,
    '-I',
    join(cache, mode),
    '-I',
    join(root, 'include'),
    '-c',
    main,
    '-o',
    `${program}.o`,
  ]);
  // Linked apart, without -fsanitize, so that the compiler's own sanitizer libraries stay out; the runtime's
  // copies of inline functions come first, because its hooks must not call instrumented ones.
  await execute(compiler, [join(cache, 'driver.o'), `${program}.o`, '-no-pie', '-pthread', '-o', program]);
  return program;
}

function writeJob(test, path, threads) {
  const data = [];
  let size = 0;
  const lines = [
    'cuemu-job 1',
    `data ${path}.data`,
    `result ${path}.result`,
    'timeout 60',
    `threads ${threads}`,
    'schedules forward reverse random:7',
  ];
  for (const b of test.buffers) {
    const bytes = b.data?.byteLength ?? b.bytes;
    lines.push(`buffer ${b.name} ${bytes} ${b.data ? `data ${size}` : ''} ${b.options ?? ''}`);
    if (!b.data) continue;
    data.push(Buffer.from(b.data.buffer));
    size += bytes;
  }
  const { grid, block, shared = 0 } = test.launch;
  lines.push(`launch ${test.kernel} grid ${grid} block ${block} shared ${shared}`);
  for (const a of test.args)
    lines.push(
      typeof a === 'string'
        ? `arg buffer ${a}`
        : Buffer.isBuffer(a)
          ? `arg bytes ${a.toString('hex')}`
          : `arg tensormap ${a.map}`,
    );
  writeFileSync(`${path}.data`, Buffer.concat(data));
  writeFileSync(path, `${lines.join('\n')}\n`);
}

async function runJob(program, test, threads = 1) {
  const path = `${program}-${test.name.replaceAll(' ', '-')}-${threads}.job`;
  writeJob(test, path, threads);
  const { stdout } = await execute(program, [path]).catch((e) => e);
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    report = { ok: false, errors: [{ kind: 'crash', message: `no report: ${stdout}` }] };
  }
  return { report, resultPath: `${path}.result` };
}

function wrongOutput(test, report, resultPath) {
  const result = readFileSync(resultPath);
  for (const { name, offset, bytes } of report.outputs) {
    const expected = test.expected[name];
    if (!result.subarray(offset, offset + bytes).equals(Buffer.from(expected.buffer))) return name;
  }
  return undefined;
}

let failed = 0;
function line(good, name, detail) {
  if (!good) failed++;
  console.log(`${good ? 'ok' : 'FAIL'} ${name}${good && !process.env.VERBOSE ? '' : `\n    ${detail}`}`);
}
const describe = (report) =>
  report.errors.map((e) => `[${e.kind}] ${e.message}`).join('\n    ') || 'no error was reported';

async function good(test, mode) {
  const program = await buildKernel(test.kernel, mode, 0);
  await goodRun(test, mode, program, 1);
  if (mode === 'fast') await goodRun(test, mode, program, 2);
}

async function goodRun(test, mode, program, threads) {
  const { report, resultPath } = await runJob(program, test, threads);
  const wrong = report.ok ? wrongOutput(test, report, resultPath) : undefined;
  const detail = wrong
    ? `${wrong} has wrong values`
    : report.ok
      ? `${report.ms} ms, ${report.switches} switches, ${report.barriers} barriers, ${report.accesses} accesses`
      : describe(report);
  line(
    report.ok && !wrong && report.mode === mode,
    `${test.name} (${mode}${threads > 1 ? `, ${threads} threads` : ''})`,
    detail,
  );
}

async function mutant(test, mode, { id, kinds, fast, says }) {
  const { report } = await runJob(await buildKernel(test.kernel, mode, id), test);
  const wanted = mode === 'fast' ? fast : kinds;
  const seen = report.errors.some(
    (e) => wanted.includes(e.kind) && (mode === 'fast' || !says || says.test(e.message)),
  );
  line(!report.ok && seen, `${test.name} mutant ${id} (${mode})`, describe(report));
}

const tasks = [];
for (const test of cases.filter((c) => !process.env.ONLY || c.name.startsWith(process.env.ONLY)))
  for (const mode of Object.keys(modes)) {
    tasks.push(() => good(test, mode));
    for (const m of test.mutants ?? [])
      if (mode === 'check' || m.fast) tasks.push(() => mutant(test, mode, m));
  }

await buildRuntime();
const next = tasks[Symbol.iterator]();
await Promise.all(
  Array.from({ length: Math.min(4, availableParallelism()) }, async () => {
    for (const task of next) await task();
  }),
);
console.log(failed ? `${failed} failed` : `all ${tasks.length} passed`);
if (!process.env.KEEP) rmSync(work, { recursive: true });
process.exitCode = failed ? 1 : 0;
