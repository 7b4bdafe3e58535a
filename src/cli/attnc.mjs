#!/usr/bin/env node
/**
 * Starts attnc. The sources are TypeScript, so they are bundled into dist/attnc.cjs first, and again whenever one of them
 * is newer than the bundle; a start then costs one small module instead of a TypeScript loader.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = join(root, 'dist', 'attnc.cjs');
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

const COMMANDS = ['check', 'compile', 'run', 'verify', 'explain', 'tune', 'fmt', 'passes', 'doctor', 'demo'];

/** Newest change below `path`; folders count too, so that a removed file is noticed. */
function newest(path) {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  if (!status.isDirectory()) return /\.(ts|mjs|json)$/.test(path) ? status.mtimeMs : 0;
  let latest = status.mtimeMs;
  for (const name of readdirSync(path)) latest = Math.max(latest, newest(join(path, name)));
  return latest;
}

function isStale() {
  const built = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs;
  return built === undefined || SOURCES.some((name) => newest(join(root, name)) > built);
}

async function build() {
  const { build: bundleSources, stop } = await import('esbuild');
  const started = Date.now();
  const result = await bundleSources({
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
function writeAtomically(path, content, changed) {
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

/** Runs the bundle. V8's compiled form is kept beside it, which saves a third of the time of a short command. */
function loadBundle() {
  // One open file, because another process may put a new bundle in its place.
  const file = openSync(bundle, 'r');
  const { mtimeMs, size } = fstatSync(file);
  const source = `(function (exports, require, module, __bundle, __import) {${readFileSync(file, 'utf8')}\n})`;
  closeSync(file);
  // One cache per command: it holds the functions that the command uses.
  const command = COMMANDS.find((name) => process.argv.includes(name)) ?? 'other';
  const cache = join(dirname(bundle), `${command}-${process.version}-${size}-${Math.round(mtimeMs)}.v8`);
  const script = new vm.Script(source, {
    filename: bundle,
    ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}),
  });
  const module = { exports: {} };
  script.runInThisContext()(
    module.exports,
    createRequire(bundle),
    module,
    pathToFileURL(bundle).href,
    (name) => import(name),
  );
  const keep = () => {
    if (script.cachedDataRejected === false) return;
    try {
      writeAtomically(cache, script.createCachedData());
    } catch {
      // A folder that cannot be written only costs time.
    }
  };
  return { main: module.exports.main, keep };
}

async function load() {
  try {
    if (isStale()) await build();
  } catch (error) {
    // An installed package has no esbuild and needs none: its bundle was made before it was packed.
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !existsSync(bundle)) throw error;
  }
  return loadBundle();
}

try {
  const { main, keep } = await load();
  process.exitCode = await main(process.argv.slice(2));
  // After the command, because functions that it used are then compiled.
  keep();
} catch (error) {
  process.stderr.write(`attnc could not start: ${error instanceof Error ? error.message : error}\n`);
  if (process.argv.includes('--debug')) console.error(error);
  process.exitCode = 3;
}
