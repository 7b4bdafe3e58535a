/** `npm run package:vscode`: makes dist/attnc-VERSION.vsix, the extension with the server and the command line inside. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import { build, type BuildOptions } from 'esbuild';
import { version } from '../cli/version.ts';
import { packageRoot } from '../runtime/package-root.ts';
import { manifest, snippetsFile } from './manifest.ts';

const folder = (): string => join(packageRoot(), 'dist', 'vscode');

/** Native, or for commands that the extension does not run: their absence is reported where one is wanted. */
const ABSENT = ['webgpu', 'ts-morph', 'esbuild', 'tsx', 'tsx/*', '@resvg/*'];

const SHARED: BuildOptions = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  external: ['vscode', ...ABSENT],
  define: { 'import.meta.url': '__here' },
  banner: { js: 'const __here = require("node:url").pathToFileURL(__filename).href;' },
  logLevel: 'warning',
  legalComments: 'linked',
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
};

/** Bundles a program. @returns what it still asks for by name when it runs */
async function bundle(entry: string, name: string): Promise<readonly string[]> {
  const outfile = join(folder(), 'dist', `${name}.cjs`);
  const made = await build({ ...SHARED, absWorkingDir: packageRoot(), entryPoints: [entry], outfile });
  const all = Object.values(made.metafile!.outputs).flatMap((o) => o.imports.filter((i) => i.external));
  return [...new Set(all.map((i) => i.path))].sort();
}

/** Writes the extension's folder. @returns for each program in it, what it asks for by name when it runs */
export async function buildExtension(): Promise<Readonly<Record<'extension' | 'cli', readonly string[]>>> {
  rmSync(folder(), { recursive: true, force: true });
  mkdirSync(join(folder(), 'dist'), { recursive: true });
  const extension = await bundle('src/vscode/extension.ts', 'extension');
  const cli = await bundle('src/vscode/cli.ts', 'attnc');
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder(), name), `${JSON.stringify(value, null, 2)}\n`);
  write('package.json', manifest(version()));
  write('snippets.json', snippetsFile());
  for (const path of [
    'grammar/attn.tmLanguage.json',
    'grammar/language-configuration.json',
    'src/vscode/README.md',
    'LICENSE',
  ])
    cpSync(join(packageRoot(), path), join(folder(), path.split('/').at(-1)!));
  return { extension, cli };
}

/** Packs the folder that `buildExtension` wrote. @returns the path of the package */
export async function packExtension(): Promise<string> {
  const { version: own } = JSON.parse(readFileSync(join(folder(), 'package.json'), 'utf8')) as {
    version: string;
  };
  const packagePath = join(packageRoot(), 'dist', `attnc-${own}.vsix`);
  await createVSIX({ cwd: folder(), packagePath, dependencies: false, allowMissingRepository: true });
  return packagePath;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildExtension();
  console.log(await packExtension());
}
