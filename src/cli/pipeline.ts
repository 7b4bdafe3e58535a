/** The compiler as the commands see it: the one file that knows the compiler's own entry points. */
import { backendFor } from '../../backends/index.ts';
import { printHost } from '../../backends/wgsl/host.ts';
import type { BackendOptions, CudaArch, EmittedFile, Manifest } from '../../backends/backend.ts';
import {
  checkRows,
  checkText,
  compileIr,
  hasErrors,
  manifestOf,
  requiredSizes,
  semanticIr,
  type Checked,
  type TargetName,
} from '../compile.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { explainLowered, printExplanation, type Explanation } from '../explain.ts';
import type { MatrixUnit } from '../expr/matrix-unit.ts';
import type { StorageType } from '../expr/types.ts';
import { formatSource } from '../format/format.ts';
import type { Artefact } from '../ir/artefacts/artefact.ts';
import type { IrKernel } from '../ir/ir.ts';
import type { FormPlan } from '../ir/recurrence/forms/forms.ts';
import { withStorage } from '../ir/passes/storage.ts';
import { printIr } from '../ir/print.ts';
import type { Program } from '../kernel/kernel.ts';
import { PASSES, TRANSLATIONS, type Lowered } from '../pipeline.ts';
import { parseSource } from '../syntax/parse.ts';
import type { TensorData } from '../tile/count-facts.ts';
import { decidedSchedule } from '../plan/decided.ts';
import { printPlanFile, scheduleKey, withSchedule, type Schedule } from '../plan/schedule.ts';
import type { PlanSource, PlanUse } from '../plan/choose.ts';
import type { PlanLimits } from '../tile/plan.ts';
import type { Sources } from './sources.ts';
import { requireKnown } from '../diagnostics/known.ts';

/** A .attn file that was read. */
export interface Spec {
  readonly path: string;
  readonly text: string;
  readonly load: Sources['load'];
}

/** What is decided before compiling: which kernel, and which of its variants. */
export interface Variant {
  readonly kernel: string;
  /** Sizes fixed at compile time. */
  readonly set: Readonly<Record<string, number>>;
  readonly consts: Readonly<Record<string, number>>;
  /** Optional inputs that are not given. */
  readonly absent: ReadonlySet<string>;
  /** Storage of inputs and outputs where it differs from the declaration. */
  readonly storage: Readonly<Record<string, StorageType>>;
  /** Which kernel of a recurrence; by default the one that is written. */
  readonly artefact?: Artefact;
}

/** What the user allows or asks for beyond the kernel itself. */
export interface Features {
  /** WGSL: `enable f16;`. */
  readonly shaderF16?: boolean;
  /** WGSL, with `shaderF16`: products of f16 operands are f16. */
  readonly f16Arithmetic?: boolean;
  /** WGSL: bytes of workgroup memory that the device is asked for. */
  readonly workgroupBytes?: number;
  /** WGSL: the kind of device to plan for; a run asks the device when this is absent, all else takes a GPU. */
  readonly device?: 'gpu' | 'cpu';
  /** WGSL: lanes that subgroups of the device have at least; a run asks the device when this is absent, all else takes 1. */
  readonly subgroups?: number;
  /** WGSL: the language has products of four bytes; a run asks the device when this is absent, all else takes none. */
  readonly packedProducts?: boolean;
  /** WGSL: products of matrices that subgroups of the device do; absent: none. */
  readonly matrixUnits?: readonly MatrixUnit[];
  /** CUDA: the least architecture that must run the code. */
  readonly arch?: CudaArch;
  /** Also generate host code, which needs a module that is slow to load. */
  readonly bindings?: boolean;
  /** Whether sums over positions are carried along; by default where that costs less. */
  readonly rewrite?: boolean;
  /** Whether members of a group that share what is streamed become rows; by default where rows are few. */
  readonly pack?: boolean;
  /** How recurrences run, and how long chunks are. */
  readonly form?: Partial<FormPlan>;
  /** A plan file that was asked for, or that lies beside the spec. */
  readonly plan?: PlanSource;
}

export const COMPILE_TARGETS = ['wgsl', 'cuda'] as const satisfies readonly TargetName[];
export type CompileTarget = (typeof COMPILE_TARGETS)[number];

export interface CompiledSpec {
  readonly files: readonly EmittedFile[];
  readonly manifest: Manifest;
  /** As the target's legalisation left it: what was printed. */
  readonly program: Program;
  readonly lowered: Lowered;
  /** What came of the plan file, if it says anything of this kernel. */
  readonly planUse?: PlanUse;
}

const backendOptions = ({
  shaderF16,
  f16Arithmetic,
  subgroups,
  packedProducts,
  workgroupBytes,
  device,
  matrixUnits,
  arch,
}: Features): BackendOptions => ({
  shaderF16: shaderF16 === true,
  ...(f16Arithmetic ? { f16Arithmetic } : {}),
  ...(workgroupBytes ? { workgroupBytes } : {}),
  ...(device ? { device } : {}),
  ...(subgroups ? { subgroups } : {}),
  ...(packedProducts ? { packedProducts } : {}),
  ...(matrixUnits ? { matrixUnits } : {}),
  ...(arch ? { arch } : {}),
});

export const LEVELS = ['ast', 'model', 'ir', 'tile', 'kernel', 'plan'] as const;
export type Level = (typeof LEVELS)[number];

export { hasErrors };

/** Reads a file and remembers its text for code frames. */
export function openSpec(sources: Sources, path: string): Spec {
  return { path, text: sources.read(path), load: sources.load };
}

const checkedSpecs = new WeakMap<Spec, Checked>();

function checked(spec: Spec): Checked {
  const known = checkedSpecs.get(spec);
  if (known) return known;
  const result = checkText(spec.text, { source: spec.path, load: spec.load });
  checkedSpecs.set(spec, result);
  return result;
}

/** Everything that is wrong with a file, and the names of its kernels. */
export function checkSpec(spec: Spec): {
  readonly kernels: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const { model, diagnostics } = checked(spec);
  return { kernels: model.kernels.map((k) => k.name), diagnostics };
}

/** Whether every row keeps an element, by kernel without errors, and what is told where one may not. */
export function checkSpecRows(spec: Spec): {
  readonly rows: Readonly<Record<string, string>>;
  readonly diagnostics: readonly Diagnostic[];
} {
  const reports = checkRows(checked(spec));
  return {
    rows: Object.fromEntries([...reports].map(([kernel, r]) => [kernel, r.verdict])),
    diagnostics: [...reports.values()].flatMap((r) => r.diagnostics),
  };
}

/**
 * The semantic IR of one variant, with its storage: what the interpreter runs. The spec has no errors.
 * @throws UserError E0722 for names that the kernel does not have.
 */
export function irOf(spec: Spec, variant: Variant): IrKernel {
  const { kernel, absent, consts, storage, set, artefact = 'sequence' } = variant;
  const written = semanticIr(checked(spec), { kernel, consts });
  const optional = written.tensors.filter((t) => t.optional).map((t) => t.name);
  for (const name of absent) requireKnown('E0722', 'optional input', name, optional, kernel);
  const plain = absent.size === 0 && artefact === 'sequence';
  const made = plain ? written : semanticIr(checked(spec), { kernel, absent, consts, artefact });
  // An input that is absent may be named with its storage all the same.
  const tensors = [...made.tensors, ...made.outputs, ...written.tensors].map((t) => t.name);
  const known = [...new Set(tensors)];
  for (const name of Object.keys(storage)) requireKnown('E0722', 'input or output', name, known, made.name);
  for (const name of Object.keys(set)) requireKnown('E0722', 'size', name, made.sizes, made.name);
  return withStorage(made, storage);
}

/** Sizes that must be fixed at compile time for this kernel. */
export const sizesToFix = (kernel: IrKernel): readonly string[] => requiredSizes(kernel);

/** What plans for a target are made from. */
export const planLimits = (target: CompileTarget, features: Features): PlanLimits =>
  backendFor(target).limits(backendOptions(features));

const loweringOptions = (
  target: CompileTarget,
  set: Readonly<Record<string, number>>,
  features: Features,
): Parameters<typeof compileIr>[1] => ({
  target,
  set,
  features: backendOptions(features),
  ...(features.form ? { form: features.form } : {}),
  ...(features.rewrite === undefined ? {} : { rewrite: features.rewrite }),
  ...(features.pack === undefined ? {} : { pack: features.pack }),
  ...(features.plan ? { plan: features.plan } : {}),
});

/** What was decided for a kernel, as a plan file has it. */
export const scheduleOf = (
  kernel: IrKernel,
  target: CompileTarget,
  features: Features,
  { notes }: Pick<Lowered, 'notes'>,
): Schedule =>
  decidedSchedule(scheduleKey(kernel.name, target, features, planLimits(target, features)), notes);

/**
 * Source, manifest and host code for one target.
 * @throws UserError E06xx for what does not fit the target.
 */
export async function compileVariant(
  kernel: IrKernel,
  set: Readonly<Record<string, number>>,
  target: CompileTarget,
  features: Features,
  expected?: Readonly<Record<string, number>>,
): Promise<CompiledSpec> {
  const options = backendOptions(features);
  const { files, planUse, ...lowered } = compileIr(kernel, {
    ...loweringOptions(target, set, features),
    ...(expected ? { expected } : {}),
  });
  const program = backendFor(target).legalize(lowered.program, options);
  const bindings =
    features.bindings && target === 'wgsl'
      ? [{ path: `${program.name}.ts`, text: await printHost(program, options) }]
      : [];
  return {
    files: [...files, ...bindings],
    manifest: manifestOf(files),
    program,
    lowered,
    ...(planUse ? { planUse } : {}),
  };
}

/** One level of the pipeline, printed: trees, the model and the plan as JSON, the others in their own notation. */
export function printLevel(
  spec: Spec,
  variant: Variant,
  set: Readonly<Record<string, number>>,
  level: Level,
  target: CompileTarget,
  features: Features,
): string {
  switch (level) {
    case 'ast':
      return json({ ...checked(spec).file, text: undefined });
    case 'model':
      return json(checked(spec).model.kernels.find((k) => k.name === variant.kernel));
    case 'ir':
      return printIr(irOf(spec, variant));
    case 'tile':
    case 'kernel':
    case 'plan': {
      let last = '';
      const kernel = irOf(spec, variant);
      const compiled = compileIr(kernel, {
        ...loweringOptions(target, set, features),
        observe: (stage, _pass, print) => {
          if (stage === level) last = print();
        },
      });
      if (level === 'plan')
        return printPlanFile(withSchedule(undefined, scheduleOf(kernel, target, features, compiled)));
      return last;
    }
  }
}

/** Trees without their places, which would drown them; sets and maps as lists. */
function json(value: unknown): string {
  const plain = (key: string, v: unknown): unknown => {
    if (/^span$|Span$/.test(key)) return undefined;
    return v instanceof Map ? Object.fromEntries(v) : v instanceof Set ? [...v] : v;
  };
  return `${JSON.stringify(value, plain, 2)}\n`;
}

/** Names of a kernel's consts. The spec has no errors. */
export const constNames = (spec: Spec, kernel: string): readonly string[] =>
  (checked(spec).model.kernels.find((k) => k.name === kernel)?.consts ?? []).map((c) => c.name);

/** For which figures are wanted; the kernel is the same for all of them. */
export interface Wanted {
  /** Sizes and params. */
  readonly values: Readonly<Record<string, number>>;
  readonly tensors?: Readonly<Record<string, TensorData>>;
}

/** What the compiler decides for one variant and target. */
export async function explainVariant(
  kernel: IrKernel,
  set: Readonly<Record<string, number>>,
  wanted: Wanted,
  target: CompileTarget,
  features: Features,
): Promise<{ readonly text: string; readonly data: Explanation }> {
  const { lowered, planUse } = await compileVariant(kernel, set, target, features);
  const limits = backendFor(target).limits(backendOptions(features));
  const data = explainLowered(lowered, limits, wanted.values, wanted.tensors, planUse);
  return { text: printExplanation(data), data };
}

/** The stages and passes in their order, each with its reason. */
export function describePasses(): readonly {
  readonly name: string;
  readonly stage: string;
  readonly reason: string;
}[] {
  const passes = PASSES.map(({ name, stage, reason }) => ({ name, stage, reason }));
  return TRANSLATIONS.flatMap(({ stage, name, reason }) => [
    { name, stage, reason },
    ...passes.filter((p) => p.stage === stage),
  ]);
}

/** What is wrong with the text itself; names are not looked at. */
export function checkSyntax(spec: Spec): readonly Diagnostic[] {
  return parseSource(spec.text, spec.path).diagnostics;
}

/** Canonical text. */
export const formatSpec = (spec: Spec): string => formatSource(spec.text, { source: spec.path });
