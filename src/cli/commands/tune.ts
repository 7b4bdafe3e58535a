/** `attnc tune`: looks for the fastest schedule of a kernel on this machine, and writes it as a plan. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { userError, type Diagnostic } from '../../diagnostics/diagnostic.ts';
import { printPlanFile, withSchedule, type Schedule } from '../../plan/schedule.ts';
import type { CommandResult, Context, Runner } from '../context.ts';
import { addFeatureOptions, featuresOf, type FeatureOptions } from '../features.ts';
import { chooseKernel, openChecked } from '../open.ts';
import { COMPILE_TARGETS, type CompileTarget, type Features } from '../pipeline.ts';
import { planPath, readPlan, writePlan } from '../plan-file.ts';
import { missingFor } from '../targets.ts';
import { basesOf } from '../tune/bases.ts';
import { labFor } from '../tune/lab.ts';
import { modelled } from '../tune/model.ts';
import { median } from '../../runtime/median.ts';
import { describeSchedule, ms, table } from '../tune/report.ts';
import { search, type Row } from '../tune/search.ts';
import { launchOf } from '../tune/subject.ts';
import { openBench } from '../tune/trial.ts';
import type { Launch } from '../targets.ts';
import {
  collect,
  collectWhole,
  oneOf,
  parseNumbers,
  parseSizes,
  parseTensorPaths,
  UsageError,
  wholeNumber,
} from '../usage.ts';
import { addArtefactOption, addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';

interface Options extends VariantOptions, FeatureOptions {
  readonly target: CompileTarget;
  readonly in?: string[];
  readonly size?: string[];
  readonly param?: string[];
  readonly budget: number;
  readonly candidates?: number;
  readonly by: 'time' | 'model';
  readonly out?: string;
  readonly json?: true;
}

export function addTune(program: Command, run: Runner): void {
  const command = program
    .command('tune')
    .description('look for the fastest schedule of a kernel here, and write it as a plan beside the spec')
    .argument('<file>', 'the .attn file')
    .option('-t, --target <target>', COMPILE_TARGETS.join(', '), oneOf('target', COMPILE_TARGETS), 'wgsl')
    .option('-i, --in <name=file>', 'an input as for run; without any, tensors are drawn', collectWhole)
    .option('--size <name=value>', 'a size to tune for without compiling for it (repeatable)', collect)
    .option('-p, --param <name=value>', 'a runtime parameter (repeatable)', collect)
    .option('--budget <seconds>', 'how long to search', wholeNumber('budget', 1), 60)
    .option('--candidates <count>', 'schedules to try at most', wholeNumber('candidates', 1))
    .option(
      '--by <what>',
      'time: measure here; model: rank plans by their modelled cost, without a device',
      oneOf('by', ['time', 'model'] as const),
      'time',
    )
    .option('-o, --out <file>', 'the plan file (default: NAME.plan.json beside the spec)');
  addFeatureOptions(addArtefactOption(addVariantOptions(command)), 'what the device is', { plan: false })
    .option('--json', 'print one JSON object')
    .action((file: string, options: Options) =>
      run('tune', options.json === true, (context) => tune(context, file, options)),
    );
}

async function tune(context: Context, path: string, options: Options): Promise<CommandResult> {
  const { spec, kernels, warnings } = openChecked(context, path);
  const variant = variantOf(options, chooseKernel(path, kernels, options.kernel));
  const out = options.out ?? planPath(path);
  if (out === undefined)
    throw new UsageError('standard input has no plan beside it', 'say where: --out FILE');
  // A file that could not be kept is said before the work, not after it.
  const before = existsSync(out) ? await readPlan(context.sources, out) : undefined;
  const { launch, notes } = launchOf({
    spec,
    variant,
    features: featuresOf(options),
    inputs: parseTensorPaths('in', options.in),
    sizes: parseSizes('size', options.size),
    params: parseNumbers('param', options.param),
  });
  for (const note of notes) context.note(note);
  if (options.by === 'model') return rankByModel(launch, options.target, warnings);
  const missing = await missingFor(options.target);
  if (missing !== undefined)
    throw userError('E0730', missing, {
      hint: 'rank plans without a device: --by model; attnc doctor says what is missing',
    });
  const found = await measured(context, launch, options);
  const { own, rows, winner } = found;
  const text = [
    `${launch.kernel.name} on ${found.device}: ${found.tried} schedules in ${found.seconds.toFixed(0)} s, held to ${found.reference}`,
    rowsTable(rows, own),
  ];
  const isOwn = winner.schedule === own;
  const written = isOwn && options.out === undefined ? [] : [out];
  if (written.length > 0) {
    const ownRow = rows.find((r) => r.schedule === own);
    const schedule: Schedule = {
      ...winner.schedule,
      measured: {
        device: found.device,
        values: { ...launch.sizes, ...launch.params },
        median_ms: round(median(winner.times)),
        default_ms: round(median((ownRow ?? winner).times)),
      },
    };
    writePlan(out, printPlanFile(withSchedule(before, schedule)));
    text.push(`wrote ${out}`);
  } else text.push("the compiler's own schedule is as fast as any: no plan is needed");
  return {
    ok: found.wrong.length === 0,
    diagnostics: [...warnings, ...found.wrong],
    data: {
      kernel: launch.kernel.name,
      target: options.target,
      device: found.device,
      tried: found.tried,
      skipped: found.skipped,
      reference: found.reference,
      rows: rows.map((r) => rowData(r, own)),
      written,
    },
    text: text.join('\n'),
  };
}

const round = (x: number): number => Number(x.toPrecision(4));

/** A schedule has to be this much faster than the compiler's own to be worth a file. */
const WORTH = 0.97;

interface Found {
  readonly device: string;
  readonly own: Schedule;
  /** From the fastest on. */
  readonly rows: readonly Row[];
  readonly winner: Row;
  readonly tried: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly reference: string;
  readonly wrong: readonly Diagnostic[];
}

async function measured(context: Context, launch: Launch, options: Options): Promise<Found> {
  const bench = await openBench(options.target, launch);
  const features: Features = { ...bench.features, ...launch.features };
  const bases = await basesOf(launch, options.target, features);
  const own = bases[0]!.schedule;
  const bar = context.progress(options.budget, `tune ${launch.kernel.name}`);
  const lab = labFor(bench, launch, features, { ...options, step: (label) => bar.step(label) });
  const stop = (): void => lab.stop();
  // The second Ctrl-C ends the process, as always.
  process.once('SIGINT', stop);
  let rows: readonly Row[];
  try {
    rows = await search(bases, lab);
  } finally {
    process.removeListener('SIGINT', stop);
    bar.stop();
  }
  if (rows.length === 0) throw userError('E0752', `no schedule of ${launch.kernel.name} could be measured`);
  const sorted = [...rows].sort((a, b) => median(a.times) - median(b.times));
  const ownRow = rows.find((r) => r.schedule === own);
  const [first] = sorted as [Row];
  const winner = ownRow && median(first.times) > WORTH * median(ownRow.times) ? ownRow : first;
  const { tried, skipped, wrong, reference } = lab.result();
  return {
    device: bench.device,
    own,
    rows: sorted,
    winner,
    tried,
    skipped,
    seconds: lab.elapsed(),
    reference,
    wrong,
  };
}

const rowData = ({ schedule, times, compile_ms }: Row, own: Schedule): Readonly<Record<string, unknown>> => ({
  what: describeSchedule(schedule, own),
  median_ms: median(times),
  spread: [Math.min(...times), Math.max(...times)],
  rounds: times.length,
  compile_ms,
  schedule,
});

function rowsTable(rows: readonly Row[], own: Schedule): string {
  const ownRow = rows.find((r) => r.schedule === own);
  const base = ownRow && median(ownRow.times);
  return table(
    ['median', 'fastest … slowest', 'times', 'compiled in', 'schedule'],
    rows.map((r) => [
      `${ms(median(r.times))} ms`,
      `${ms(Math.min(...r.times))} … ${ms(Math.max(...r.times))}`,
      base === undefined ? '' : (base / median(r.times)).toFixed(2),
      `${(r.compile_ms / 1000).toFixed(1)} s`,
      describeSchedule(r.schedule, own),
    ]),
  );
}

async function rankByModel(
  launch: Launch,
  target: CompileTarget,
  warnings: readonly Diagnostic[],
): Promise<CommandResult> {
  const launches = await modelled(launch, target);
  const text = launches.map(({ name, plans }) =>
    [
      `launch ${name}`,
      table(
        ['modelled', 'plan'],
        plans.map((p) => [`${ms(p.ms)} ms`, p.what]),
      ),
    ].join('\n'),
  );
  return {
    ok: true,
    diagnostics: warnings,
    data: { kernel: launch.kernel.name, target, launches },
    text: text.join('\n\n'),
  };
}
