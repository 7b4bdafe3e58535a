/** The VS Code extension as it is installed: what is in the package, and that it runs where nothing else of attnc is. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/vscode/manifest.ts';
import { buildExtension, packExtension } from '../../src/vscode/package.ts';
import { startEditor } from '../support/lsp.ts';

const folder = mkdtempSync(join(tmpdir(), 'attnc-vscode-'));
const inside = (...path: string[]): string => join(folder, 'extension', ...path);
let names: string[] = [];
let asked: Awaited<ReturnType<typeof buildExtension>>;
let size = 0;

beforeAll(async () => {
  asked = await buildExtension();
  const path = await packExtension();
  size = statSync(path).size;
  const files = unzipSync(readFileSync(path));
  names = Object.keys(files).sort();
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Manifest {
  readonly main: string;
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly languages: readonly { readonly configuration: string }[];
    readonly grammars: readonly { readonly path: string }[];
    readonly snippets: readonly { readonly path: string }[];
  };
}

describe('the package', () => {
  it('holds what the extension needs, and nothing else', () => {
    expect(names).toEqual([
      '[Content_Types].xml',
      'extension.vsixmanifest',
      'extension/LICENSE.txt',
      'extension/attn.tmLanguage.json',
      'extension/dist/attnc.cjs',
      'extension/dist/attnc.cjs.LEGAL.txt',
      'extension/dist/extension.cjs',
      'extension/language-configuration.json',
      'extension/package.json',
      'extension/readme.md',
      'extension/snippets.json',
    ]);
    expect(size).toBeLessThan(2_000_000);
  });

  it('names files that are there', () => {
    const { main, contributes: c } = JSON.parse(readFileSync(inside('package.json'), 'utf8')) as Manifest;
    const paths = [
      main,
      ...c.languages.map((l) => l.configuration),
      ...[...c.grammars, ...c.snippets].map((x) => x.path),
    ];
    expect(paths.filter((path) => !existsSync(inside(path)))).toEqual([]);
    const snippets = JSON.parse(readFileSync(inside('snippets.json'), 'utf8')) as Record<
      string,
      { body: string[] }
    >;
    expect(Object.values(snippets).every((s) => s.body.length > 0)).toBe(true);
  });

  it('asks for nothing that an editor does not have', () => {
    const foreign = (all: readonly string[]): string[] =>
      all.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name));
    expect(foreign(asked.extension)).toEqual(['vscode']);
    // For commands that the extension does not run: a GPU, host code, pictures in pixels.
    expect(foreign(asked.cli)).toEqual(['@resvg/resvg-wasm', 'ts-morph', 'webgpu']);
  });
});

describe('the extension', () => {
  it('registers the commands that it shows', () => {
    // Everything of the editor is the same thing here, except for what is looked at.
    const stand = `
      const { createRequire } = require('node:module');
      const Module = require('node:module');
      const load = Module._load;
      const commands = [];
      const any = new Proxy(class {}, {
        get: (target, name) =>
          name === 'then' || name === Symbol.iterator ? undefined
          : name === 'prototype' ? target.prototype
          : name === Symbol.toPrimitive ? () => '1.91.0'
          : name === 'registerCommand' ? (command) => (commands.push(command), any)
          : any,
        apply: () => any,
        construct: (target) => new target(),
      });
      // Bundles copy what a module has by itself, and ask the rest of it.
      const vscode = Object.assign(Object.create(any), { commands: any, window: any, workspace: any });
      Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
      const extension = require(process.argv[2]);
      extension.activate({ asAbsolutePath: (x) => x, subscriptions: [] }).catch(() => {});
      console.log(JSON.stringify(commands));
      process.exit(0);
    `;
    const script = join(folder, 'stand.cjs');
    writeFileSync(script, stand);
    const run = spawnSync(process.execPath, [script, inside('dist/extension.cjs')], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const { contributes } = JSON.parse(readFileSync(inside('package.json'), 'utf8')) as Manifest;
    expect((JSON.parse(run.stdout) as string[]).sort()).toEqual(Object.keys(COMMANDS).sort());
    expect(contributes.commands.map((c) => c.command)).toEqual(Object.keys(COMMANDS));
  });

  it('has a server of its own', async () => {
    const editor = await startEditor({}, inside('dist/attnc.cjs'));
    const text = 'kernel k {\n  axes i: N, j: M\n  in x: f32[i, j]\n  out y: f32[i] = sum[j](x)\n}\n';
    expect(await editor.open('file:///k.attn', text)).toEqual([]);
    const hover = await editor.connection.sendRequest('textDocument/hover', {
      textDocument: { uri: 'file:///k.attn' },
      position: { line: 3, character: 6 },
    });
    expect(JSON.stringify(hover)).toMatch(/shape `N`.*Lives:/);
    expect(await editor.end()).toEqual({ code: 0, errors: '' });
  });

  it('has a command line of its own', () => {
    const file = join(folder, 'k.attn');
    writeFileSync(file, 'kernel k {\n  axes i: N, j: M\n  in x: f32[i, j]\n  out y: f32[i] = sum[j](x)\n}\n');
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [inside('dist/attnc.cjs'), ...args], { cwd: folder, encoding: 'utf8' });
    expect(run('compile', file, '--target', 'all', '-o', 'out')).toMatchObject({ status: 0 });
    expect(existsSync(join(folder, 'out/k.wgsl')) && existsSync(join(folder, 'out/k.cu'))).toBe(true);
    expect(run('verify', file, '--target', 'kernel-interp', '--cases', '2')).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(run('fmt', '--check', file)).toMatchObject({ status: 0 });
  });
});
