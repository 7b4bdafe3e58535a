/** Every example's WGSL under Naga, the validator of Firefox and wgpu: Dawn runs only Tint. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileVariant, irOf, type Features } from '../../src/cli/pipeline.ts';
import { declaredKernel, everyNth, examples, type Example } from './examples.ts';
import { currentDriver } from './wgsl.ts';

interface Module {
  readonly title: string;
  readonly source: string;
  readonly entries: readonly string[];
  readonly f16: boolean;
}
interface Result {
  readonly title: string;
  readonly errors?: readonly string[];
  readonly pipelines?: number;
  readonly skipped?: string;
}
interface Answer {
  readonly missing?: string;
  readonly adapter?: string;
  readonly results?: readonly Result[];
}

const script = fileURLToPath(new URL('naga-validate.mjs', import.meta.url));
const local = fileURLToPath(new URL('../../node_modules/.bin/deno', import.meta.url));
const deno = [process.env['ATTNC_DENO'], local, 'deno'].find(
  (path) =>
    path !== undefined &&
    (path === 'deno' || existsSync(path)) &&
    spawnSync(path, ['--version']).status === 0,
);

/** How a device may ask for a kernel: as declared and in full, for both kinds of device. */
const KINDS: readonly (Features & { readonly name: string; readonly full?: true })[] = [
  { name: 'for a GPU', device: 'gpu' },
  { name: 'for a GPU with shader-f16', device: 'gpu', shaderF16: true },
  { name: 'for a CPU device in f32', device: 'cpu', full: true },
];

/** Naga reads every module; pipelines, which the driver compiles beside, are made for a part of them. */
const withPipelines: ReadonlySet<string> = new Set(everyNth(examples(), 20).map((e) => e.title));

async function moduleOf(example: Example, kind: (typeof KINDS)[number]): Promise<Module> {
  const { ir, set } = declaredKernel(example);
  const storage = Object.fromEntries(
    [...ir.tensors, ...ir.outputs]
      .filter((t) => t.storage === 'f16' || t.storage === 'bf16')
      .map((t) => [t.name, 'f32' as const]),
  );
  const variant = { kernel: example.kernel, set: {}, consts: {}, absent: new Set<string>(), storage };
  const kernel = kind.full ? irOf(example.spec, variant) : ir;
  const { files, manifest } = await compileVariant(kernel, set, 'wgsl', kind);
  const source = files.find((f) => f.path === manifest.source)!.text;
  const title = `${example.title} ${kind.name}`;
  const entries = withPipelines.has(example.title) ? [...new Set(manifest.launches.map((l) => l.name))] : [];
  return { title, source, entries, f16: /^enable f16;/m.test(source) };
}

function ask(folder: string, modules: readonly unknown[]): Answer {
  const path = join(folder, 'modules.json');
  writeFileSync(path, JSON.stringify(modules));
  const env = { ...process.env, VK_ICD_FILENAMES: currentDriver(), DENO_NO_UPDATE_CHECK: '1' };
  const run = spawnSync(deno!, ['run', '-A', script, path], { encoding: 'utf8', env, maxBuffer: 2 ** 28 });
  const line = run.stdout.trim().split('\n').at(-1) ?? '';
  if (run.status !== 0 || line === '') throw new Error(`deno ended with ${run.status}: ${run.stderr}`);
  return JSON.parse(line) as Answer;
}

const folder = mkdtempSync(join(tmpdir(), 'attnc-naga-'));
const probe = deno === undefined ? { missing: 'deno is not here' } : ask(folder, []);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(probe.missing !== undefined)(`WGSL under Naga (${probe.missing ?? probe.adapter})`, () => {
  const broken = { title: 'broken', source: 'fn f() { let x: i32 = 1.5; }', entries: [], f16: false };
  const results = new Map<string, Result>();
  beforeAll(async () => {
    const modules: Module[] = [broken];
    for (const example of examples()) for (const kind of KINDS) modules.push(await moduleOf(example, kind));
    for (const result of ask(folder, modules).results!) results.set(result.title, result);
  }, 900_000);

  it('refuses what is wrong', () => {
    expect(results.get('broken')!.errors).toHaveLength(1);
  });
  describe.each(KINDS)('$name', ({ name }) => {
    it.for(examples())('$title', ({ title }, context) => {
      const result = results.get(`${title} ${name}`)!;
      if (result.skipped !== undefined) return context.skip(result.skipped);
      expect(result.errors).toEqual([]);
      if (withPipelines.has(title)) expect(result.pipelines).toBeGreaterThan(0);
    });
  });
});
