/**
 * What an example is held against: a reference that follows from the mechanism's formula, in float64 and plain loops, with
 * nothing of the compiler in it, and the inputs on which the two are compared.
 */
import { deriveSeed, randomFrom, type Random } from '../../src/runtime/random.ts';
import type { Tensor } from './arrays.ts';

/**
 * Kinds of inputs. `normal`: standard normal values and moderate gates. `strong`: log-gates of -20, which forget nearly
 * all at each step. `null`: log-gates of 0, which forget nothing. `mixed`: all three kinds of gates in one launch.
 * `extreme`: what a case says for itself, as scores of some hundreds.
 */
export type Hazard = 'normal' | 'strong' | 'null' | 'mixed' | 'extreme';

/** Lengths of the sequence: one step, a few, one chunk, one more than a chunk, several chunks and a part. */
export const LENGTHS: readonly number[] = [1, 5, 64, 65, 200];

/** Sizes that change from launch to launch, for a length. */
const usualSizes = (length: number): Record<'B' | 'H' | 'N', number> =>
  length <= 5 ? { B: 2, H: 3, N: length } : { B: 1, H: 2, N: length };

export interface Draw<S extends string> {
  readonly sizes: Readonly<Record<S, number>>;
  readonly hazard: Hazard;
  /** Standard normal values. */
  normal(...shape: number[]): Tensor;
  /** Logarithms of gates, at most 0, as the hazard says. */
  logGates(...shape: number[]): Tensor;
  /** Values by a function; `flat` counts elements in memory order. */
  values(shape: readonly number[], value: (random: Random, flat: number) => number): Tensor;
}

/** A case with its names erased, as the tests run it. */
export interface ReferenceCase {
  readonly title: string;
  /** The file in examples/ without its ending. */
  readonly example: string;
  readonly kernel: string;
  readonly consts: Readonly<Record<string, number>>;
  /** Optional inputs that are not given. */
  readonly absent: readonly string[];
  /** Sizes fixed when compiling. */
  readonly fixed: Readonly<Record<string, number>>;
  readonly lengths: readonly number[];
  readonly hazards: readonly Hazard[];
  readonly params: Readonly<Record<string, number>>;
  /** Largest error of an element relative to itself or, if larger, to the root mean square of its output. */
  readonly tolerance: number;
  launch(length: number, hazard: Hazard): ReferenceLaunch;
}
export interface ReferenceLaunch {
  readonly sizes: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** What the outputs should be, of inputs as they are stored; float64. */
  expected(stored: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>>;
}

/** A case as it is written down. */
export interface CaseText<F extends string, V extends string, P extends string, I extends string> {
  readonly example: string;
  /** Where the file has several; else the kernel is called like the file. */
  readonly kernel?: string;
  /** Tells several cases of one example apart. */
  readonly variant?: string;
  readonly consts?: Readonly<Record<string, number>>;
  readonly absent?: readonly string[];
  readonly fixed: Readonly<Record<F, number>>;
  /** All other sizes for a length; B, H and N unless told. */
  readonly sizes?: (length: number) => Readonly<Record<V, number>>;
  readonly lengths?: readonly number[];
  readonly hazards?: readonly Hazard[];
  readonly params?: Readonly<Record<P, number>>;
  readonly tolerance?: number;
  readonly inputs: (draw: Draw<NoInfer<F | V>>) => Readonly<Record<I, Tensor>>;
  readonly reference: (
    inputs: Readonly<Record<NoInfer<I>, Tensor>>,
    sizes: Readonly<Record<NoInfer<F | V>, number>>,
    params: Readonly<Record<NoInfer<P>, number>>,
  ) => Readonly<Record<string, Tensor>>;
}

/** A usual f32 kernel stays within 1e-5; a missing term, a wrong decay or a lost carry is far above 1e-4. */
const TOLERANCE = 1e-4;

export function referenceCase<
  F extends string,
  I extends string,
  P extends string = never,
  V extends string = 'B' | 'H' | 'N',
>(text: CaseText<F, V, P, I>): ReferenceCase {
  const { example, variant, fixed, inputs, reference } = text;
  const { kernel = example } = text;
  const title = [example, kernel === example ? undefined : kernel, variant].filter(Boolean).join(', ');
  const params = text.params ?? ({} as Record<P, number>);
  const varying = text.sizes ?? (usualSizes as (length: number) => Readonly<Record<V, number>>);
  return {
    title,
    example,
    kernel,
    fixed,
    params,
    consts: text.consts ?? {},
    absent: text.absent ?? [],
    lengths: text.lengths ?? LENGTHS,
    hazards: text.hazards ?? ['normal'],
    tolerance: text.tolerance ?? TOLERANCE,
    launch: (length, hazard) => {
      const sizes = { ...fixed, ...varying(length) };
      const given = inputs(drawing(sizes, hazard, deriveSeed(29, `${title}/${length}/${hazard}`)));
      return { sizes, inputs: given, expected: (stored) => reference(stored as typeof given, sizes, params) };
    },
  };
}

/** Values are rounded to f32, so that all executors and the reference read the same numbers. */
function drawing<S extends string>(
  sizes: Readonly<Record<S, number>>,
  hazard: Hazard,
  seed: number,
): Draw<S> {
  const random = randomFrom(seed);
  const values: Draw<S>['values'] = (shape, value) => {
    const data = new Float64Array(shape.reduce((n, extent) => n * extent, 1));
    for (let n = 0; n < data.length; n++) data[n] = Math.fround(value(random, n));
    return { shape, data };
  };
  return {
    sizes,
    hazard,
    values,
    normal: (...shape) => values(shape, ({ normal }) => normal()),
    logGates: (...shape) => values(shape, (r) => logGate(hazard, r)),
  };
}

function logGate(hazard: Hazard, random: Random): number {
  if (hazard === 'strong') return -20;
  if (hazard === 'null') return 0;
  if (hazard === 'mixed') return random.pick([-20, 0, 0, -0.1 * random.next()]);
  // The logarithm of a sigmoid, divided as in trained layers so that the past is remembered for some steps.
  return -Math.log1p(Math.exp(-random.normal())) / 4;
}
