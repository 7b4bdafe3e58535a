#!/usr/bin/env node
/**
 * Starts attnc. The sources are TypeScript, so they are bundled into dist/attnc.mjs first, and again whenever one of them
 * is newer than the bundle; a start then costs one small module instead of a TypeScript loader.
 */
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
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bundle = join(root, 'dist', 'attnc.mjs');
const SOURCES = ['src', 'grammar', 'backends', 'package.json', 'tsconfig.json'];
/** Loaded on demand, from node_modules: native, or so heavy that most commands should not pay for them. */
const EXTERNAL = ['webgpu', 'ts-morph', 'prettier', 'prettier/*', 'esbuild', 'tsx', 'tsx/*'];

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
    outfile: bundle,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: EXTERNAL,
    logLevel: 'silent',
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
    // Bundled CommonJS packages ask for node's own modules through `require`.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  await stop();
  mkdirSync(dirname(bundle), { recursive: true });
  const temporary = `${bundle}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, result.outputFiles[0].contents);
    // A source saved while bundling must count as newer than this bundle.
    utimesSync(temporary, started / 1000, started / 1000);
    renameSync(temporary, bundle);
  } finally {
    rmSync(temporary, { force: true });
  }
  if (process.env.ATTNC_TIMES) console.error(`attnc: bundled in ${Date.now() - started} ms`);
}

async function load() {
  try {
    if (isStale()) await build();
  } catch (error) {
    // An installed package has no esbuild and needs none: its bundle was made before it was packed.
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !existsSync(bundle)) throw error;
  }
  module.enableCompileCache?.();
  return import(pathToFileURL(bundle).href);
}

try {
  const { main } = await load();
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`attnc could not start: ${error instanceof Error ? error.message : error}\n`);
  if (process.argv.includes('--debug')) console.error(error);
  process.exitCode = 3;
}
