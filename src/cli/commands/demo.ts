/** `attnc demo`: compiles an example, runs it on everything that is here, and shows where the sources are. */
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { encodeTensors, makeFolder, writeFilesAtomically } from '../../runtime/files.ts';
import { packageRoot } from '../../runtime/package-root.ts';
import { deriveSeed, randomFrom } from '../../runtime/random.ts';
import { elementCount, tensorFrom, type Tensor } from '../../runtime/tensor.ts';
import { agreement, disagreements } from '../agreement.ts';
import type { CommandResult, Context, Runner } from '../context.ts';
import { prepareLaunch } from '../launch.ts';
import { openChecked } from '../open.ts';
import { roundOutputs } from '../round-outputs.ts';
import { fixedFor } from '../../fixed-sizes.ts';
import { COMPILE_TARGETS, compileVariant, type Variant } from '../pipeline.ts';
import { availableTargets, execute, type Target } from '../targets.ts';

const KERNEL = 'gated_window';
/** Small enough for the interpreter, and no multiple of a tile. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  q: [1, 4, 100, 32],
  k: [1, 2, 100, 32],
  v: [1, 2, 100, 32],
  z: [1, 4, 100, 32],
};
const PARAMS = new Map([['window', 24]]);

export function addDemo(program: Command, run: Runner): void {
  program
    .command('demo')
    .description('compile and run an example on everything that this machine has')
    .option('-o, --out <folder>', 'where sources and tensors go', 'out')
    .option('--json', 'print one JSON object')
    .action((options: { out: string; json?: true }) =>
      run('demo', options.json === true, (context) => demo(context, options.out)),
    );
}

async function demo(context: Context, folder: string): Promise<CommandResult> {
  const path = relative('.', join(packageRoot(), 'examples', `${KERNEL}.attn`));
  const { spec } = openChecked(context, path);
  const variant: Variant = { kernel: KERNEL, set: {}, consts: {}, absent: new Set(), storage: {} };
  const tensors = join(folder, `${KERNEL}.safetensors`);
  makeFolder(tensors);
  writeFilesAtomically([{ path: tensors, content: encodeTensors(tensors, drawTensors()) }]);
  const inputs = [{ path: tensors }];
  const { launch } = prepareLaunch({ spec, variant, features: {}, inputs, params: PARAMS });
  const files: { path: string; content: string }[] = [];
  for (const target of COMPILE_TARGETS) {
    const set = fixedFor(launch.kernel, {}, launch.sizes);
    const compiled = await compileVariant(launch.kernel, set, target, {});
    files.push(...compiled.files.map((f) => ({ path: join(folder, f.path), content: f.text })));
  }
  writeFilesAtomically(files);
  const sources = files.map((file) => file.path);

  const { available, missing } = await availableTargets();
  const bar = context.progress(available.length, 'run');
  const results: { target: Target; device: string; agrees: boolean; worst: number }[] = [];
  const diagnostics = [];
  for (const target of available) {
    const execution = await execute(target, launch);
    const checks = agreement(launch, roundOutputs(launch.kernel, execution));
    diagnostics.push(...disagreements(checks));
    const worst = Math.max(...checks.map((c) => c.worst));
    results.push({ target, device: execution.device, agrees: checks.every((c) => c.agrees), worst });
    bar.step(target);
  }
  bar.stop();
  const command = `npx attnc run ${path} --target wgsl --in ${tensors} --param window=24 --out y=${join(folder, 'y.npy')}`;
  const lines = [
    `${path} compiled to`,
    ...sources.map((file) => `  ${file}`),
    `inputs made up in ${tensors}; every target against the float64 interpreter:`,
    ...results.map((r) => {
      const verdict = r.agrees ? context.io.colors.green('agrees') : context.io.colors.red('DISAGREES');
      return `  ${r.target.padEnd(13)} ${verdict}, worst error ${r.worst.toExponential(1)} (${r.device})`;
    }),
    ...missing.map((text) => `  not run: ${text}`),
    `next: ${command}`,
  ];
  return {
    ok: diagnostics.length === 0,
    diagnostics,
    data: { sources, tensors, results, missing },
    text: lines.join('\n'),
  };
}

function drawTensors(): Map<string, Tensor> {
  return new Map(
    Object.entries(SHAPES).map(([name, shape]) => {
      const { normal } = randomFrom(deriveSeed(1, name));
      return [name, tensorFrom('f16', shape, Float64Array.from({ length: elementCount(shape) }, normal))];
    }),
  );
}
