/** The examples with what the compiler makes of them, for the table of examples. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileIr } from '../../compile.ts';
import { explainLowered } from '../../explain.ts';
import { factsOf, type Facts } from '../../gallery/facts.ts';
import type { Example } from '../../gallery/page.ts';
import { readRuns, type Runs } from '../../gallery/runs.ts';
import { packageRoot } from '../../runtime/package-root.ts';
import { fixedOrUsual } from '../../fixed-sizes.ts';
import { checkSpec, irOf, openSpec, planLimits, type Spec } from '../pipeline.ts';
import { Sources } from '../sources.ts';

export const exampleFolder = (): string => join(packageRoot(), 'examples');
const runsFile = (): string => join(exampleFolder(), 'runs.json');

export const exampleNames = (): readonly string[] =>
  readdirSync(exampleFolder())
    .filter((file) => file.endsWith('.attn'))
    .map((file) => file.slice(0, -5))
    .sort();

export const exampleText = (name: string): string =>
  readFileSync(join(exampleFolder(), `${name}.attn`), 'utf8');

/** As it is compiled for a GPU with WebGPU, with usual sizes where a size must be fixed. */
function factsOfKernel(spec: Spec, kernel: string): Facts {
  const ir = irOf(spec, { kernel, set: {}, consts: {}, absent: new Set(), storage: {} });
  const { set } = fixedOrUsual(ir, {});
  const limits = planLimits('wgsl', {});
  return factsOf(explainLowered(compileIr(ir, { target: 'wgsl', set }), limits, {}, {}), ir.masks.length);
}

/** Every example with its facts; takes some hundredths of a second for each. */
export function galleryExamples(): readonly Example[] {
  const sources = new Sources();
  return exampleNames().map((name) => {
    const spec = openSpec(sources, join(exampleFolder(), `${name}.attn`));
    const facts = checkSpec(spec).kernels.map((kernel) => factsOfKernel(spec, kernel));
    return { name, text: exampleText(name), facts };
  });
}

/** What the tests of the last run wrote down. */
export const lastRuns = (): Runs => readRuns(readFileSync(runsFile(), 'utf8'));
