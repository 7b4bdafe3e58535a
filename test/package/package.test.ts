/** What `npm pack` gives: what is in it, and that it works in an empty project. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingBrowser } from '../support/browser.ts';
import { install, linkPackage, pack, type Packed } from '../support/package.ts';
import { fiveMinutes } from './five-minutes.ts';

let project: string;
let packed: Packed;
let place: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'attnc-package-'));
  packed = pack(project);
  place = install(packed.tarball, project);
  // What a user of the plugin has.
  for (const name of ['vite', 'typescript', '@webgpu/types']) linkPackage(project, name);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}
const manifest = (): PackageJson =>
  JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as PackageJson;

describe('the package', () => {
  it('holds what is needed and nothing else', () => {
    const expected =
      /^(?:(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)|dist\/attnc\.cjs|dist\/lib\/[\w-]+\.js|dist\/types\/[\w./-]+\.d\.ts|src\/cli\/(?:attnc|bundle)\.mjs|src\/runtime\/gpu-runner\.cuh|test\/cuda-emulator\/(?:driver\.cpp|(?:include|runtime)\/[\w./-]+)|examples\/\w+\.attn|docs\/[\w-]+\.md|\.ci\/setup-vulkan\.sh)$/;
    expect(packed.files.filter((path) => !expected.test(path))).toEqual([]);
    for (const needed of ['LICENSE', 'dist/attnc.cjs', 'dist/lib/index.js', 'dist/types/src/index.d.ts'])
      expect(packed.files).toContain(needed);
    expect(packed.files.filter((path) => /\.test\.|\.map$|selftest/.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(2_000_000);
    expect(packed.unpackedSize).toBeLessThan(8_000_000);
  });

  it('runs nothing when it is installed', () => {
    const { scripts } = manifest();
    expect(['preinstall', 'install', 'postinstall'].filter((name) => name in scripts)).toEqual([]);
  });

  it('has every module that it promises, with types', () => {
    for (const entry of Object.values(manifest().exports))
      for (const path of typeof entry === 'string' ? [entry] : [entry.types, entry.default])
        expect([...packed.files, 'package.json']).toContain(path.replace('./', ''));
  });

  it('names everything that it loads as a dependency', () => {
    const known = new Set([...Object.keys(manifest().dependencies), ...builtinModules]);
    // Peers: who uses the plugin has them.
    known.add('vite');
    const unknown = importsBelow(join(place, 'dist')).filter(({ name }) => !known.has(packageOf(name)));
    expect(unknown).toEqual([]);
  });

  it('needs no Node.js and nothing heavy in what pages load', () => {
    const { exports } = manifest();
    const loaded = (entry: string): string[] => {
      const { default: path } = exports[entry] as { default: string };
      return [...new Set(reachable(path).map(({ name }) => packageOf(name)))].sort();
    };
    expect(loaded('.')).toEqual(['@petamoriken/float16', 'chevrotain', 'prettier']);
    expect(loaded('./webgpu')).toEqual(['@petamoriken/float16']);
  });

  it('has types under strict, as bundlers and as Node.js find them', () => {
    writeFileSync(join(project, 'use.ts'), USE);
    for (const [module, resolution] of [
      [ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
      [ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ] as const) {
      const program = ts.createProgram([join(project, 'use.ts')], {
        strict: true,
        exactOptionalPropertyTypes: true,
        target: ts.ScriptTarget.ES2022,
        module,
        moduleResolution: resolution,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
        types: [],
        noEmit: true,
      });
      // Only what is ours, with all that it promises: TypeScript's own libraries take ten times as long.
      const ours = program.getSourceFiles().filter((f) => f.fileName.startsWith(project));
      expect(ours.length).toBe(packed.files.filter((path) => path.endsWith('.d.ts')).length + 1);
      const told = ours.flatMap((f) => [
        ...program.getSyntacticDiagnostics(f),
        ...program.getSemanticDiagnostics(f),
      ]);
      const messages = [...program.getOptionsDiagnostics(), ...told].map((d) => {
        const text = ts.flattenDiagnosticMessageText(d.messageText, '\n');
        return `${d.file?.fileName.slice(project.length)}:${d.start} ${text}`;
      });
      expect(messages).toEqual([]);
    }
  });

  it('has a command, and formats as Prettier does with its plugin', () => {
    const run = (...args: string[]): string =>
      execFileSync(join(project, 'node_modules/.bin/attnc'), args, { cwd: project, encoding: 'utf8' });
    const messy = 'kernel   x { axes i: N in a: f32[i] out y: f32[i] = a }';
    writeFileSync(join(project, 'messy.attn'), messy);
    const prettier = join(project, 'node_modules/prettier/bin/prettier.cjs');
    const plugin = ['--plugin', 'attnc/prettier', 'messy.attn'];
    const pretty = execFileSync(process.execPath, [prettier, ...plugin], { cwd: project, encoding: 'utf8' });
    run('fmt', 'messy.attn');
    expect(pretty).not.toBe(messy);
    expect(readFileSync(join(project, 'messy.attn'), 'utf8')).toBe(pretty);
    run('init', 'other', '--from', 'gated_window');
    run(
      'compile',
      'other.attn',
      '--target',
      'wgsl',
      '--bindings',
      '--set',
      'D=64',
      '--set',
      'E=64',
      '-o',
      'made',
    );
    expect(readdirSync(join(project, 'made')).sort()).toEqual(['other.ts', 'other.wgsl', 'other.wgsl.json']);
  });
});

describe.skipIf(missingBrowser !== undefined)(`a new user (${missingBrowser ?? 'Chromium'})`, () => {
  it('has numbers on a page in five minutes', () => fiveMinutes(project));
});

const USE = `
import { attn, check, compile, type Diagnostic } from 'attnc';
import { languages } from 'attnc/prettier';
import { attnc } from 'attnc/vite';
import { createKernel, type Kernel, type KernelModule } from 'attnc/webgpu';
import type { Plugin } from 'vite';
interface Types {
  readonly sizes: { readonly N: number };
  readonly params: { readonly scale?: number };
  readonly inputs: { readonly x: Float32Array };
  readonly outputs: { readonly y: Float32Array };
}
export async function use(device: GPUDevice, module: KernelModule<Types>): Promise<Float32Array> {
  const kernel: Kernel<Types> = await createKernel(device, module, { N: 3 });
  await kernel.run({ inputs: { x: new Float32Array(3) } });
  kernel.encode(device.createCommandEncoder(), { params: { scale: 2 }, outputs: { y: kernel.outputs.y } });
  // @ts-expect-error there is no such output
  kernel.read('z');
  // @ts-expect-error a size is missing
  createKernel(device, module, {});
  return kernel.read('y');
}
export async function useParam(device: GPUDevice, module: KernelModule<Types & { params: { n: number } }>): Promise<void> {
  const kernel = await createKernel(device, module, { N: 3 });
  kernel.encode(device.createCommandEncoder(), { params: { n: 1 } });
  // @ts-expect-error a param without default is missing
  kernel.encode(device.createCommandEncoder(), {});
}
export const plugin: Plugin = attnc({ set: { D: 64 } });
const told: readonly Diagnostic[] = check('kernel');
const paths: string[] | undefined = compile('', { target: 'wgsl' }).value?.files.map((f) => f.path);
export { told, paths, attn, languages };
// @ts-expect-error there is no such target
compile('', { target: 'metal' });
`;

interface Loaded {
  readonly from: string;
  readonly name: string;
}
const packageOf = (name: string): string =>
  name
    .replace(/^node:/, '')
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

/** What a built module imports or requires, by TypeScript's own scanner. */
const importsOf = (path: string): readonly string[] => {
  const text = readFileSync(path, 'utf8');
  return ts.preProcessFile(text, true, true).importedFiles.map((f) => f.fileName);
};

function importsBelow(folder: string): readonly Loaded[] {
  return (
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(?:js|cjs|d\.ts)$/.test(path))
      .flatMap((from) => importsOf(join(folder, from)).map((name) => ({ from, name })))
      // The scanner also finds what looks like an import in a text, such as an editor's snippet.
      .filter(({ name }) => /^[@a-z]/.test(name))
  );
}

/** What a module of the package loads from outside, directly or through others of its modules. */
function reachable(entry: string): readonly Loaded[] {
  const seen = new Set<string>();
  const visit = (path: string): readonly Loaded[] => {
    if (seen.has(path)) return [];
    seen.add(path);
    return importsOf(path).flatMap((name) =>
      name.startsWith('.') ? visit(join(path, '..', name)) : [{ from: path, name }],
    );
  };
  return visit(join(place, entry));
}
