#!/usr/bin/env node
/**
 * Starts attnc. The sources are TypeScript, so they are bundled into dist/attnc.cjs first, and again whenever one of them
 * is newer than the bundle; a start then costs one small module instead of a TypeScript loader.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { buildBundle, bundle, isStale, root, writeAtomically } from './bundle.mjs';

const COMMANDS = ['check', 'compile', 'run', 'verify', 'explain', 'tune', 'fmt', 'passes', 'doctor', 'demo'];

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
  // An installed package has no sources: its bundle was made before it was packed.
  if (existsSync(join(root, 'src/cli/main.ts')) && isStale(bundle)) await buildBundle();
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
