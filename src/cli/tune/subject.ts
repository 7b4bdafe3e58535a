/** What is tuned: a launch with its tensors, given or drawn, and what its results are held to. */
import { CompilerBug, userError, type Diagnostic } from '../../diagnostics/diagnostic.ts';
import { checkExtents, checkRequires, paramValues } from '../../ir/sizes.ts';
import { agreement, disagreements } from '../agreement.ts';
import { compare, tolerance } from '../compare.ts';
import { prepareLaunch } from '../launch.ts';
import { roundOutputs } from '../round-outputs.ts';
import { irOf, type CompileTarget, type Features, type Spec, type Variant } from '../pipeline.ts';
import { interpret, type Launch, type Output } from '../targets.ts';
import { UsageError, type TensorPath } from '../usage.ts';
import { drawCase, failed, runCase } from '../verify/cases.ts';
import { explainedByRounding } from '../verify/conditioning.ts';
import { drawInputs } from '../verify/draw-inputs.ts';
import { USUAL_WORK, work } from '../verify/draw-numbers.ts';
import { integerUses } from '../verify/integer-uses.ts';
import { stateFactors, tempered } from '../verify/state-factors.ts';

export interface Request {
  readonly spec: Spec;
  readonly variant: Variant;
  readonly features: Features;
  readonly inputs: readonly TensorPath[];
  /** Sizes of tensors that are drawn, beside those that are fixed. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly params: ReadonlyMap<string, number>;
}

/** How far factors of states are moved towards what keeps them in range. */
const CALM = 3;
/** How far integers that are indices are kept from the ends of what they index. */
const SHRINK = 2;
const SEED = 1;

/** @throws UserError E05xx, E07xx; UsageError where sizes are missing */
export function launchOf(r: Request): { readonly launch: Launch; readonly notes: readonly string[] } {
  if (r.inputs.length > 0) return prepareLaunch(r);
  const declared = irOf(r.spec, r.variant);
  const absent = declared.tensors.filter((t) => t.optional).map((t) => t.name);
  const variant: Variant = { ...r.variant, absent: new Set([...r.variant.absent, ...absent]) };
  const kernel = irOf(r.spec, variant);
  const given = { ...variant.set, ...Object.fromEntries(r.sizes) };
  const missing = kernel.sizes.filter((n) => !(n in given));
  if (missing.length > 0)
    throw new UsageError(
      `no size for ${missing.join(', ')}: tensors are drawn for the sizes to tune for`,
      `give sizes, ${missing.map((n) => `--size ${n}=…`).join(' ')}, or tensors: --in NAME=FILE`,
    );
  checkExtents(kernel, given);
  const params = paramValues(kernel, given, Object.fromEntries(r.params));
  checkRequires(kernel, given, params);
  const factors = stateFactors(kernel);
  const temper = (name: string, x: number): number => {
    const factor = factors.get(name);
    return factor ? tempered(factor, x, CALM) : x;
  };
  const inputs = drawInputs(kernel, integerUses(kernel), given, SEED, SHRINK, temper);
  const { spec, features } = r;
  return { launch: { spec, variant, features, kernel, inputs, sizes: given, params }, notes: [] };
}

/** What a schedule's results are held to. */
export interface Reference {
  /** In words. */
  readonly what: string;
  /** What is wrong with results, or undefined. */
  disagreement(outputs: ReadonlyMap<string, Output>): string | undefined;
}

/** Evaluated expression nodes that the interpreter is given some seconds for. */
const MOST_WORK = 8 * USUAL_WORK;

/**
 * The interpreter where it can do the work in seconds; else the result of the compiler's own schedule, which is held to the
 * interpreter at small sizes.
 * @param own results of the compiler's own schedule
 * @throws UserError E0731 where that is wrong
 */
export async function referenceFor(
  launch: Launch,
  target: CompileTarget,
  own: ReadonlyMap<string, Output>,
): Promise<Reference> {
  if (work(launch.kernel, launch.sizes) <= MOST_WORK) {
    const exact = interpret(launch).outputs;
    const rounded = roundOutputs(launch.kernel, { outputs: own, device: '' });
    const all = agreement(launch, rounded);
    const wrong = disagreements(all);
    if (wrong.length === 0) return heldTo(launch, exact, 1, 'the interpreter');
    if (!explainedByRounding(launch, SEED, all)) throw ownIsWrong(wrong[0]!);
    return heldTo(launch, own, 2, "the compiler's own schedule, since rounding moves the definition as much");
  }
  const { spec, variant, features } = launch;
  const fixedSizes = new Map(Object.entries(variant.set));
  const plan = { spec, variant, features, fixedSizes, fixedParams: new Map(), seed: SEED };
  const small = drawCase(target, plan, 0);
  const outcome = small && (await runCase(target, small));
  if (outcome && failed(outcome))
    throw ownIsWrong({ message: `${launch.kernel.name} is wrong on ${target}` });
  const held = outcome?.kind === 'compared' ? ', held to the interpreter at smaller sizes' : '';
  return heldTo(launch, own, 2, `the compiler's own schedule${held}`);
}

const ownIsWrong = ({ message }: Pick<Diagnostic, 'message'>) =>
  userError('E0731', message, { hint: 'attnc verify says more' });

/** @param times tolerances: two results that are each within one of the definition are within two of each other */
function heldTo(
  launch: Launch,
  expected: ReadonlyMap<string, Output>,
  times: number,
  what: string,
): Reference {
  const storages = launch.kernel.tensors.filter((t) => launch.inputs.has(t.name)).map((t) => t.storage);
  return {
    what,
    disagreement: (outputs) => {
      for (const { name, storage } of launch.kernel.outputs) {
        const [found, wanted] = [outputs.get(name), expected.get(name)];
        if (!found || !wanted) throw new CompilerBug('cli/tune', `no output ${name}`);
        const d = compare(found.values, wanted.values);
        const limit = times * tolerance(storage, storages);
        if (d.worst > limit)
          return `${name} is ${d.actual} at element ${d.at} where ${what} gives ${d.expected}`;
      }
      return undefined;
    },
  };
}
