/** Makes dist/attnc.cjs, the command line in one file. In the checkout the launcher does it on demand; a package has it inside. */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bundle = join(root, 'dist', 'attnc.cjs');
const SOURCES = ['src', 'grammar', 'backends', 'package.json', 'tsconfig.json'];
/** Loaded on demand, from node_modules: native, or so heavy that most commands should not pay for them. */
const EXTERNAL = [
  'webgpu',
  'ts-morph',
  'prettier',
  'prettier/*',
  'esbuild',
  'tsx',
  'tsx/*',
  'zod',
  'jsonc-parser',
];

/** Newest change below `path`; folders count too, so that a removed file is noticed. */
function newest(path) {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  if (!status.isDirectory()) return /\.(ts|mjs|json)$/.test(path) ? status.mtimeMs : 0;
  let latest = status.mtimeMs;
  for (const name of readdirSync(path)) latest = Math.max(latest, newest(join(path, name)));
  return latest;
}

/** Whether a source is newer than what was made of it at `made`. */
export function isStale(made) {
  const built = statSync(made, { throwIfNoEntry: false })?.mtimeMs;
  return built === undefined || SOURCES.some((name) => newest(join(root, name)) > built);
}

export async function buildBundle() {
  const { build, stop } = await import('esbuild');
  const started = Date.now();
  const result = await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: EXTERNAL,
    define: { 'import.meta.url': '__bundle' },
    logLevel: 'silent',
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
  });
  await stop();
  for (const name of existsSync(dirname(bundle)) ? readdirSync(dirname(bundle)) : [])
    if (name.endsWith('.v8')) rmSync(join(dirname(bundle), name), { force: true });
  // A script that runs from cached data cannot import by itself: the launcher does it.
  const text = result.outputFiles[0].text.replace(/\bimport\((?="[\w@/.:-]+"\))/g, '__import(');
  writeAtomically(bundle, text, started);
  if (process.env.ATTNC_TIMES) console.error(`attnc: bundled in ${Date.now() - started} ms`);
}

/** Complete under its name or not there at all: other processes may start meanwhile. */
export function writeAtomically(path, content, changed) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, content);
    // A source saved while bundling must count as newer than this bundle.
    if (changed !== undefined) utimesSync(temporary, changed / 1000, changed / 1000);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
