/** `attnc verify`: targets against the interpreter, on random sizes, params and tensors. */
import type { Command } from 'commander';
import { userError, type Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { CommandResult, Context, Runner } from '../context.ts';
import { addFeatureOptions, featuresOf, type FeatureOptions } from '../features.ts';
import { chooseKernel, openChecked } from '../open.ts';
import type { Features } from '../pipeline.ts';
import { printUnit } from '../../expr/matrix-unit.ts';
import { planOf } from '../plan-file.ts';
import { availableTargets, missingFor, TARGETS, type Target } from '../targets.ts';
import { collect, oneOf, parseNumbers, parseSizes, wholeNumber } from '../usage.ts';
import { addArtefactOption, addVariantOptions, variantOf, type VariantOptions } from '../variant.ts';
import {
  drawCase,
  failed,
  runCase,
  shrinkCase,
  type Case,
  type CasePlan,
  type Outcome,
} from '../verify/cases.ts';

interface Options extends VariantOptions, FeatureOptions {
  readonly target?: string[];
  readonly cases: number;
  readonly seed: number;
  readonly only?: number;
  readonly size?: string[];
  readonly param?: string[];
  readonly json?: true;
}

interface Report {
  readonly file: string;
  readonly kernel: string;
  readonly target: Target;
  compared: number;
  discarded: number;
  /** Of a discarded case, as an example. */
  reason?: string;
  /** Over all cases, by output. */
  readonly worst: Record<string, number>;
  failure?: Failure;
}
interface Failure {
  readonly message: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly storage: Readonly<Record<string, string>>;
  readonly absent: readonly string[];
  readonly reproduce: string;
}

export function addVerify(program: Command, run: Runner): void {
  const command = program
    .command('verify')
    .description('compare targets with the interpreter on random sizes, params and tensors')
    .argument('<file...>', '.attn files')
    .option(
      '-t, --target <list>',
      `targets, separated by commas (default: all that run here): ${TARGETS.slice(1).join(', ')}`,
      collect,
    )
    .option('--cases <count>', 'cases per kernel and target', wholeNumber('cases', 1), 20)
    .option('--seed <number>', 'the same seed gives the same cases', wholeNumber('seed', 0), 1)
    .option('--only <case>', 'run just this case', wholeNumber('only', 0))
    .option('--size <name=value>', 'fix a size of the cases without compiling for it (repeatable)', collect)
    .option('-p, --param <name=value>', 'fix a runtime parameter (repeatable)', collect);
  addFeatureOptions(addArtefactOption(addVariantOptions(command)), 'what the device is')
    .option('--json', 'print one JSON object')
    .action((files: string[], options: Options) =>
      run('verify', options.json === true, (context) => verify(context, files, options)),
    );
}

async function verify(context: Context, files: readonly string[], options: Options): Promise<CommandResult> {
  const targets = await chooseTargets(context, options.target);
  const fixedParams = parseNumbers('param', options.param);
  const fixedSizes = parseSizes('size', options.size);
  const features = featuresOf(options);
  const planOfFile = new Map<string, Features>();
  for (const file of files) {
    const { plan } = await planOf(context.sources, file, options);
    // Cases without an optional input or with other storage are other stages: a plan is checked where it fits.
    planOfFile.set(file, plan ? { plan: { ...plan, required: false } } : {});
  }
  const plans = files.flatMap((file) => {
    const { spec, kernels } = openChecked(context, file);
    const names = options.kernel === undefined ? kernels : [chooseKernel(file, kernels, options.kernel)];
    return names.map((name): CasePlan => {
      const variant = variantOf(options, name);
      const sizes = new Map([...fixedSizes, ...Object.entries(variant.set)]);
      const own = { ...features, ...planOfFile.get(file) };
      return { spec, variant, features: own, fixedSizes: sizes, fixedParams, seed: options.seed };
    });
  });
  const numbers =
    options.only === undefined ? Array.from({ length: options.cases }, (_, n) => n) : [options.only];
  const bar = context.progress(plans.length * targets.length * numbers.length, 'verify');
  const reports: Report[] = [];
  try {
    for (const plan of plans)
      for (const target of targets) {
        const report = await verifyKernel(plan, target, numbers, (label) => bar.step(label));
        reports.push(report);
        context.say(line(report));
      }
  } finally {
    bar.stop();
  }
  return {
    ok: reports.every((r) => r.failure === undefined && r.compared > 0),
    diagnostics: reports.flatMap(diagnosticsOf),
    data: { seed: options.seed, reports },
  };
}

async function chooseTargets(
  context: Context,
  wanted: readonly string[] | undefined,
): Promise<readonly Target[]> {
  if (wanted === undefined) {
    const { available, missing } = await availableTargets();
    for (const text of missing) context.note(text);
    return available;
  }
  const targets = wanted.map(oneOf('target', TARGETS));
  for (const target of targets) {
    const missing = await missingFor(target);
    if (missing !== undefined) throw userError('E0730', missing, { hint: 'attnc doctor says how to get it' });
  }
  return targets;
}

async function verifyKernel(
  plan: CasePlan,
  target: Target,
  numbers: readonly number[],
  step: (label: string) => void,
): Promise<Report> {
  const { spec, variant } = plan;
  const report: Report = {
    file: spec.path,
    kernel: variant.kernel,
    target,
    compared: 0,
    discarded: 0,
    worst: {},
  };
  for (const n of numbers) {
    step(`${variant.kernel} on ${target}`);
    const drawn = drawCase(target, plan, n);
    if (drawn === undefined) {
      report.discarded++;
      report.reason = 'no random sizes and params satisfied every require';
      continue;
    }
    const outcome = await runCase(target, drawn);
    if (outcome.kind === 'discarded') {
      report.discarded++;
      report.reason = outcome.message;
      continue;
    }
    report.compared++;
    if (outcome.kind === 'compared')
      for (const o of outcome.outputs)
        report.worst[o.output] = Math.max(report.worst[o.output] ?? 0, o.worst);
    if (!failed(outcome)) continue;
    const fixed = new Set([...plan.fixedSizes.keys(), ...plan.fixedParams.keys()]);
    const smallest = await shrinkCase(target, drawn, fixed);
    const last = await runCase(target, smallest);
    report.failure = failure(plan, target, n, smallest, failed(last) ? last : outcome);
    break;
  }
  return report;
}

function failure(plan: CasePlan, target: Target, n: number, c: Case, outcome: Outcome): Failure {
  const flags = [
    ...Object.entries(plan.variant.set).map(([name, value]) => `--set ${name}=${value}`),
    ...Object.entries(c.sizes)
      .filter(([name]) => !(name in plan.variant.set))
      .map(([name, value]) => `--size ${name}=${value}`),
    ...Object.entries(c.params).map(([name, value]) => `--param ${name}=${value}`),
  ];
  const {
    device,
    shaderF16,
    f16Arithmetic,
    subgroups,
    packedProducts,
    matrixUnits,
    workgroupBytes,
    rewrite,
  } = plan.features;
  if (device) flags.push(`--device ${device}`);
  if (f16Arithmetic) flags.push('--f16-arithmetic');
  else if (shaderF16) flags.push('--f16');
  if (subgroups) flags.push(`--subgroups ${subgroups}`);
  if (packedProducts !== undefined) flags.push(packedProducts ? '--packed-products' : '--no-packed-products');
  if (matrixUnits) flags.push(`--subgroup-matrix ${matrixUnits.map(printUnit).join(',')}`);
  if (workgroupBytes) flags.push(`--workgroup-memory ${workgroupBytes}`);
  if (rewrite !== undefined) flags.push(rewrite ? '--rewrite' : '--no-rewrite');
  const { plan: used } = plan.features;
  if (used) flags.push(`--plan ${used.source}`);
  const { artefact } = plan.variant;
  if (artefact !== undefined) flags.push(`--artefact ${artefact}`);
  const kernel = `attnc verify ${plan.spec.path} --kernel ${plan.variant.kernel}`;
  return {
    message: explain(outcome),
    sizes: c.sizes,
    params: c.params,
    storage: c.variant.storage,
    absent: [...c.variant.absent],
    reproduce: `${kernel} --target ${target} --seed ${plan.seed} --only ${n} ${flags.join(' ')}`.trim(),
  };
}

function explain(outcome: Outcome): string {
  if (outcome.kind !== 'compared') return outcome.message;
  return outcome.outputs
    .filter((o) => !o.agrees)
    .map((o) => `${o.output} is ${o.actual} at element ${o.at} where the interpreter gives ${o.expected}`)
    .join('; ');
}

function diagnosticsOf(r: Report): Diagnostic[] {
  const where = `${r.file}: ${r.kernel} on ${r.target}`;
  if (r.failure) {
    const { message, sizes, params, storage, absent, reproduce } = r.failure;
    const list = (values: Readonly<Record<string, unknown>>): string =>
      Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || 'none';
    const smallest = `sizes ${list(sizes)}; params ${list(params)}; storage ${list(storage)}; absent ${absent.join(' ') || 'none'}`;
    return [
      {
        code: 'E0731',
        severity: 'error',
        message: `${where}: ${message} (${smallest})`,
        hint: `reproduce: ${reproduce}`,
      },
    ];
  }
  if (r.compared > 0) return [];
  return [
    {
      code: 'E0732',
      severity: 'error',
      message: `${where}: no case could be compared: ${r.reason ?? 'none was drawn'}`,
    },
  ];
}

function line(r: Report): string {
  const worst = Object.entries(r.worst).map(([output, error]) => `${output} ${error.toExponential(1)}`);
  const discarded = r.discarded > 0 ? `, ${r.discarded} discarded` : '';
  const verdict = r.failure ? 'FAILED' : r.compared > 0 ? 'ok' : 'nothing compared';
  return `${verdict}  ${r.kernel} on ${r.target}: ${r.compared} cases${discarded}; worst error ${worst.join(', ') || '-'}`;
}
