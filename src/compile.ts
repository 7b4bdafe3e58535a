/** From source text to files, one call; everything a command or a build tool needs. No IO. */
import { backendFor } from '../backends/index.ts';
import type { BackendOptions, EmittedFile, Manifest } from '../backends/backend.ts';
import { CompilerBug, UserError, type Diagnostic } from './diagnostics/diagnostic.ts';
import { requireKnown } from './diagnostics/known.ts';
import { explainLowered, type Explanation } from './explain.ts';
import type { StorageType } from './expr/types.ts';
import { lowerKernel } from './ir/from-model.ts';
import { artefactOf, type Artefact } from './ir/artefacts/artefact.ts';
import { reportRows, type RowsReport } from './ir/empty-rows/report.ts';
import type { IrKernel } from './ir/ir.ts';
import { verifyIr } from './ir/verify.ts';
import type { FormPlan } from './ir/recurrence/forms/forms.ts';
import { checkFile } from './model/check.ts';
import type { Loader, Model } from './model/model.ts';
import { lowerByPlan, type PlanSource, type PlanUse } from './plan/choose.ts';
import { scheduleKey, type PlacedSchedule } from './plan/schedule.ts';
import { lowerIr, normalizeByForms, type Lowered, type Observer } from './pipeline.ts';
import type { SourceFile } from './syntax/ast.ts';
import { parseSource } from './syntax/parse.ts';
import { axesHeldInSteps } from './tile/absorb.ts';
import { Graph } from './tile/graph.ts';
import { NO_LIMITS, type StagePlan } from './tile/plan.ts';
import { freeVars } from './expr/expr.ts';

export type TargetName = 'wgsl' | 'cuda';

export interface SourceOptions {
  /** Name of the source in diagnostics; relative imports are resolved by `load` against it. */
  readonly source?: string;
  readonly load?: Loader;
}
export interface Checked {
  readonly file: SourceFile;
  readonly model: Model;
  readonly diagnostics: readonly Diagnostic[];
}
export interface VariantOptions {
  /** By default the only kernel of the file. */
  readonly kernel?: string;
  /** Optional inputs that are not given. */
  readonly absent?: ReadonlySet<string>;
  readonly consts?: Readonly<Record<string, number>>;
  /** Which kernel of a recurrence; by default the one that is written. */
  readonly artefact?: Artefact;
}
export interface CompileOptions extends SourceOptions, VariantOptions {
  readonly target: TargetName;
  /** Sizes fixed at compile time; those that lanes hold vectors over must be. */
  readonly set?: Readonly<Record<string, number>>;
  readonly storage?: Readonly<Record<string, StorageType>>;
  readonly features?: BackendOptions;
  readonly plans?: readonly StagePlan[];
  /** A plan file; its plan for this kernel, target and device is used. */
  readonly plan?: PlanSource;
  /** Sizes that the kernel will mostly run with: they choose the plan, never what is computed. */
  readonly expected?: Readonly<Record<string, number>>;
  /** Axes whose streamed tensors are shared (heads of one group) become rows, or not; by default where rows are few. */
  readonly pack?: boolean;
  /** Sums over positions are carried along wherever they can be, or nowhere; by default where that costs less. */
  readonly rewrite?: boolean;
  /** How states are run, and how long chunks are; by default by the sizes and the steps. */
  readonly form?: Partial<FormPlan>;
  readonly observe?: Observer;
}
export interface Compiled extends Lowered {
  readonly files: readonly EmittedFile[];
  /** What came of the plan file that was given; absent where it says nothing of this kernel. */
  readonly planUse?: PlanUse;
}
export type Result<T> = { readonly diagnostics: readonly Diagnostic[]; readonly value?: T };

/** Parses and checks; never throws for any text. */
export function checkText(text: string, options: SourceOptions = {}): Checked {
  const { file, diagnostics } = parseSource(text, options.source ?? '<input>');
  const checked = checkFile(file, options.load ?? (() => undefined));
  return { file, model: checked.model, diagnostics: [...diagnostics, ...checked.diagnostics] };
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((d) => d.severity === 'error');

/** For each kernel without errors, whether every row keeps an element, and what to tell where one may not. */
export function checkRows({ model }: Checked): ReadonlyMap<string, RowsReport> {
  // Of kernels with one name, which is an error, the first has it.
  const own = model.kernels.filter((k, n) => k.ok && model.kernels.findIndex((x) => x.name === k.name) === n);
  return new Map(own.map((k) => [k.name, reportRows(k, lowerKernel(model, k.name))]));
}

/** Turns the user's errors thrown below the front end into diagnostics. */
export function guard<T>(earlier: readonly Diagnostic[], f: () => T): Result<T> {
  try {
    return { diagnostics: earlier, value: f() };
  } catch (e) {
    if (e instanceof UserError) return { diagnostics: [...earlier, e.diagnostic] };
    throw e;
  }
}

/**
 * The semantic IR of one variant of a checked file.
 * @throws UserError E0630 to E0633 when the kernel has no such artefact
 */
export function semanticIr(checked: Checked, options: VariantOptions = {}): IrKernel {
  const name = kernelName(checked.model, options.kernel);
  const ir = lowerKernel(checked.model, name, {
    ...(options.absent ? { absent: options.absent } : {}),
    ...(options.consts ? { consts: options.consts } : {}),
  });
  verifyIr(ir, 'ir/from-model');
  const made = artefactOf(ir, options.artefact ?? 'sequence');
  verifyIr(made, 'ir/artefacts');
  return made;
}

function kernelName(model: Model, wanted: string | undefined): string {
  const names = model.kernels.map((k) => k.name);
  const fail = (message: string, hint: string): never => {
    throw new UserError({ code: 'E0612', severity: 'error', message, hint });
  };
  if (wanted !== undefined)
    return names.includes(wanted)
      ? wanted
      : fail(`no kernel \`${wanted}\` in the file`, `it has: ${names.join(', ')}`);
  if (names.length === 0) return fail('the file has no kernel', 'write one: kernel NAME { … }');
  return names.length === 1
    ? names[0]!
    : fail('the file has several kernels', `choose one of: ${names.join(', ')}`);
}

/** Sizes that must be fixed to compile: the extents of axes that lanes hold vectors over, whatever form states get. */
export function requiredSizes(ir: IrKernel): string[] {
  const forms = normalizeByForms(ir, { fixed: {}, limits: NO_LIMITS }, [
    {},
    { form: 'sequential' },
    { form: 'chunked' },
  ]);
  const g = new Graph(forms[0]!);
  const held = ir.axes.filter((a) => g.isFeature(a.name)).map((a) => a.name);
  for (const k of forms.slice(1)) held.push(...axesHeldInSteps(k));
  const needed = new Set<string>();
  for (const a of ir.axes) if (held.includes(a.name)) for (const v of freeVars(a.extent)) needed.add(v);
  return ir.sizes.filter((s) => needed.has(s));
}

/**
 * Lowers and prints one kernel for one target.
 * @throws UserError for sizes and plans that do not fit: E06xx, E0751; E0722 for a size that the kernel does not have
 */
export function compileIr(ir: IrKernel, options: Omit<CompileOptions, keyof SourceOptions>): Compiled {
  for (const name of Object.keys(options.set ?? {})) requireKnown('E0722', 'size', name, ir.sizes, ir.name);
  const backend = backendFor(options.target);
  const features = options.features ?? {};
  const lower = (schedule?: PlacedSchedule): Lowered =>
    lowerIr(
      ir,
      {
        fixed: options.set ?? {},
        limits: backend.limits(features),
        ...(options.storage ? { storage: options.storage } : {}),
        ...(options.plans ? { plans: options.plans } : {}),
        ...(options.expected ? { expected: options.expected } : {}),
        pack: options.pack,
        rewrite: options.rewrite,
        form: options.form,
        schedule,
      },
      options.observe,
    );
  const to = scheduleKey(ir.name, options.target, features, backend.limits(features));
  const { made: lowered, planUse } = lowerByPlan(options.plan, to, lower);
  const program = backend.legalize(lowered.program, features);
  const [beyond] = backend.check(program, features);
  if (beyond) throw new UserError(beyond);
  return { ...lowered, files: backend.emit(program, features), ...(planUse ? { planUse } : {}) };
}

/** Source text to files. The user's errors are diagnostics; `value` is absent then. */
export function compileText(text: string, options: CompileOptions): Result<Compiled> {
  const checked = checkText(text, options);
  if (hasErrors(checked.diagnostics)) return { diagnostics: checked.diagnostics };
  return guard(checked.diagnostics, () => compileIr(semanticIr(checked, options), options));
}

export interface ExplainOptions extends CompileOptions {
  /** Sizes and params for which figures are wanted, beside the sizes that are fixed. */
  readonly values?: Readonly<Record<string, number>>;
}

/** What the compiler decides for one kernel and target. */
export function explainText(text: string, options: ExplainOptions): Result<Explanation> {
  const { diagnostics, value } = compileText(text, options);
  if (!value) return { diagnostics };
  const limits = backendFor(options.target).limits(options.features ?? {});
  return { diagnostics, value: explainLowered(value, limits, options.values, {}, value.planUse) };
}

/** The manifest among what a target emitted. */
export function manifestOf(files: readonly EmittedFile[]): Manifest {
  const file = files.find((f) => f.path.endsWith('.json'));
  if (file === undefined) throw new CompilerBug('compile', 'no manifest was emitted');
  return JSON.parse(file.text) as Manifest;
}
