/**
 * `npm run gallery`: the table of examples with the executors on which each ran, and a count. With `--run` the tests of all
 * examples run first, and `examples/runs.json` becomes what they say.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { FAMILIES } from '../gallery/families.ts';
import { headOf, linesOf } from '../gallery/head.ts';
import { gaps, passedOn } from '../gallery/page.ts';
import { EXECUTORS, type Executor } from '../gallery/runs.ts';
import { packageRoot } from '../runtime/package-root.ts';
import { exampleFolder, galleryExamples, lastRuns } from './generate/gallery.ts';

function runTests(): void {
  const bin = join(packageRoot(), 'node_modules', '.bin', 'vitest');
  const reporters = ['--reporter=default', '--reporter=./test/gallery-reporter.mjs'];
  spawnSync(bin, ['run', 'test/run', ...reporters], {
    cwd: packageRoot(),
    stdio: 'inherit',
    env: { ...process.env, ATTNC_GALLERY_RUNS: join(exampleFolder(), 'runs.json') },
  });
}

function print(): boolean {
  const examples = galleryExamples();
  const runs = lastRuns();
  const names = Object.keys(EXECUTORS) as Executor[];
  const width = Math.max(...examples.map((e) => e.name.length));
  for (const { title, examples: own } of FAMILIES) {
    console.log(`\n${title}`);
    for (const e of examples.filter((x) => own.includes(x.name))) {
      const marks = names.map((x) => ({ true: '✓', false: '✗', undefined: '·' })[`${passedOn(e, x, runs)}`]);
      console.log(
        `  ${e.name.padEnd(width)}  ${marks.join(' ')}  ${linesOf(e.text)} lines  ${headOf(e.text).what}`,
      );
    }
  }
  const kernels = examples.reduce((n, e) => n + e.facts.length, 0);
  const lines = examples.map((e) => linesOf(e.text)).sort((a, b) => a - b);
  console.log(`\nmarks: ${names.join(', ')}`);
  console.log(
    `${examples.length} examples, ${kernels} kernels; the median has ${lines[lines.length >> 1]} lines`,
  );
  const missing = gaps(examples, runs);
  for (const line of missing) console.log(`not shown  ${line}`);
  console.log(`${examples.length - missing.length} on every executor, ${missing.length} not`);
  return missing.length === 0;
}

if (process.argv.includes('--run')) runTests();
process.exitCode = print() ? 0 : 1;
