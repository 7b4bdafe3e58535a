/**
 * `npm run build`: makes what a package holds besides the command line's bundle. Nothing in the checkout needs it.
 *
 *   dist/lib/*.js        one module per entry of `exports`, and what they share
 *   dist/types/*.d.ts    their types
 *
 * With `--if-stale` nothing is done when no source is newer.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildBundle, isStale, root, writeAtomically } from './cli/bundle.mjs';

/** Written last, so that a build that was interrupted is begun again. */
const done = join(root, 'dist', 'built');

/** Source files by the name under which they are published, from `exports` and the types that it promises. */
export function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.fromEntries(
    Object.values(exports).flatMap(({ types, default: module }) =>
      types === undefined
        ? []
        : [
            [
              module.replace(/^\.\/dist\/lib\/(.*)\.js$/, '$1'),
              types.replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, '$1.ts'),
            ],
          ],
    ),
  );
}

async function buildModules(entries) {
  const { build, stop } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: 'dist/lib',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    // Dependencies stay imports; what Node has is external to every browser and may only occur in entries for tools.
    packages: 'external',
    external: ['node:*'],
    logLevel: 'warning',
  });
  await stop();
}

function buildTypes(entries) {
  // The sources were checked by `npm run typecheck`; here only declarations are printed.
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: '..',
      outDir: 'types',
    },
    include: [],
    files: Object.values(entries).map((path) => `../${path}`),
  };
  const project = join(root, 'dist', 'tsconfig.json');
  writeAtomically(project, JSON.stringify(config));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
  rmSync(project);
  if (status !== 0) throw new Error('tsc printed no declarations');
  removeUnreached(join(root, 'dist', 'types'), Object.values(entries));
}

/** Most modules are used by bodies only: their types are nobody's business. */
function removeUnreached(folder, entries) {
  const reached = new Set();
  const visit = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, name] of readFileSync(path, 'utf8').matchAll(
      /\b(?:from|import\() ?["'](\.[^"']*)\.ts["']/g,
    ))
      visit(join(dirname(path), `${name}.d.ts`));
  };
  for (const entry of entries) visit(join(folder, entry.replace(/\.ts$/, '.d.ts')));
  for (const name of readdirSync(folder, { recursive: true }))
    if (name.endsWith('.d.ts') && !reached.has(join(folder, name))) rmSync(join(folder, name));
}

if (!process.argv.includes('--if-stale') || isStale(done)) {
  const started = Date.now();
  for (const folder of ['lib', 'types', 'built'])
    rmSync(join(dirname(done), folder), { recursive: true, force: true });
  const entries = entryPoints();
  await buildBundle();
  await buildModules(entries);
  buildTypes(entries);
  writeAtomically(done, '', started);
}
