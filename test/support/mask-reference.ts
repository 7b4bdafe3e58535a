/** Attention of each row to the keys it sees, as formulas say it: float64, row by row, without the language. */
import { resolve } from 'node:path';
import { irOf, openSpec, type Variant } from '../../src/cli/pipeline.ts';
import { Sources } from '../../src/cli/sources.ts';
import type { Launch } from '../../src/cli/targets.ts';
import { STORAGE } from '../../src/expr/types.ts';
import { checkExtents, checkRequires, inferSizes, paramValues } from '../../src/ir/sizes.ts';
import { deriveSeed, randomFrom } from '../../src/runtime/random.ts';
import { elementCount, tensorFrom } from '../../src/runtime/tensor.ts';

export interface Data {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
/** One group of rows against one group of keys: who sees whom, and where the numbers are. */
export interface Attention {
  readonly rows: number;
  readonly keys: number;
  readonly width: number;
  sees(row: number, key: number): boolean;
  score(row: number, key: number): number;
  value(key: number, e: number): number;
}
export interface Attended {
  readonly y: readonly number[];
  readonly lse: readonly number[];
}
/** An example with realistic inputs, and what its formula gives for them by output. */
export interface MaskCase {
  readonly example: string;
  readonly title?: string | undefined;
  readonly inputs: Readonly<Record<string, Data>>;
  readonly params?: Readonly<Record<string, number>> | undefined;
  readonly consts?: Readonly<Record<string, number>> | undefined;
  readonly expected: Readonly<Record<string, readonly number[]>>;
}

/** Normal numbers that every float storage holds exactly, so that only arithmetic differs. */
export function normal(label: string, ...shape: number[]): Data {
  const random = randomFrom(deriveSeed(23, label));
  return {
    shape,
    data: Array.from({ length: elementCount(shape) }, () => Math.round(random.normal() * 16) / 16),
  };
}
export const whole = (data: readonly number[], ...shape: number[]): Data => ({
  shape: shape.length > 0 ? shape : [data.length],
  data,
});
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at);

/** Product of row `a` of x and row `b` of y, of `width` numbers each, over the root of the width. */
export function scaledDot(x: Data, a: number, y: Data, b: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += x.data[a * width + d]! * y.data[b * width + d]!;
  return sum / Math.sqrt(width);
}

/** softmax over the keys that a row sees; 0 and −inf for a row that sees none. */
export function attend(a: Attention): Attended {
  const y: number[] = [];
  const lse: number[] = [];
  for (let row = 0; row < a.rows; row++) {
    const keys = upTo(a.keys).filter((key) => a.sees(row, key));
    const scores = keys.map((key) => a.score(row, key));
    const most = Math.max(...scores);
    const weights = scores.map((s) => Math.exp(s - most));
    const total = weights.reduce((sum, w) => sum + w, 0);
    for (let e = 0; e < a.width; e++)
      y.push(keys.reduce((sum, key, n) => sum + (weights[n]! / total) * a.value(key, e), 0));
    lse.push(keys.length > 0 ? most + Math.log(total) : -Infinity);
  }
  return { y, lse };
}

export interface Dense {
  readonly batches: number;
  readonly heads: number;
  /** Heads of keys, each for heads / groups heads; as many as heads when absent. */
  readonly groups?: number;
  readonly rows: number;
  readonly keys: number;
  readonly q: Data;
  readonly k: Data;
  readonly v: Data;
  sees(batch: number, row: number, key: number, head: number): boolean;
  bias?(head: number, row: number, key: number): number;
}

/** q [b, h, row, d], k [b, g, key, d], v [b, g, key, e], whatever rows and keys are made of. */
export function attendDense(t: Dense): Attended {
  const groups = t.groups ?? t.heads;
  const width = t.q.shape.at(-1)!;
  const values = t.v.shape.at(-1)!;
  const parts = upTo(t.batches * t.heads).map((n) => {
    const [b, h] = [Math.floor(n / t.heads), n % t.heads];
    const first = (b * groups + Math.floor(h / (t.heads / groups))) * t.keys;
    return attend({
      rows: t.rows,
      keys: t.keys,
      width: values,
      sees: (row, key) => t.sees(b, row, key, h),
      score: (row, key) =>
        scaledDot(t.q, n * t.rows + row, t.k, first + key, width) + (t.bias?.(h, row, key) ?? 0),
      value: (key, e) => t.v.data[(first + key) * values + e]!,
    });
  });
  return {
    y: parts.flatMap((p) => p.y),
    lse: parts.flatMap((p) => p.lse),
  };
}

/** The launch of a case: every float in f32, vectors as long as the tensors say; `edit` changes the example's text. */
export function launchOfCase(c: MaskCase, edit: (text: string) => string = (text) => text): Launch {
  const file = openSpec(new Sources(), resolve(import.meta.dirname, `../../examples/${c.example}.attn`));
  const spec = { ...file, text: edit(file.text) };
  const plain: Variant = {
    kernel: c.example,
    set: {},
    consts: c.consts ?? {},
    absent: new Set(),
    storage: {},
  };
  const declared = irOf(spec, plain);
  const floats = [...declared.tensors, ...declared.outputs].filter((t) => STORAGE[t.storage].value === 'f32');
  const variant: Variant = { ...plain, storage: Object.fromEntries(floats.map((t) => [t.name, 'f32'])) };
  const kernel = irOf(spec, variant);
  const shapes = Object.fromEntries(kernel.tensors.map(({ name }) => [name, [...c.inputs[name]!.shape]]));
  const sizes = inferSizes(kernel, shapes);
  checkExtents(kernel, sizes);
  const given = Object.entries(c.params ?? {}).filter(([name]) => kernel.params.some((p) => p.name === name));
  const params = paramValues(kernel, sizes, Object.fromEntries(given));
  checkRequires(kernel, sizes, params);
  const inputs = new Map(
    kernel.tensors.map((t) => {
      const { shape, data } = c.inputs[t.name]!;
      return [t.name, tensorFrom(t.storage, shape, Float64Array.from(data), t.name)] as const;
    }),
  );
  return { spec, variant, features: {}, kernel, inputs, sizes, params };
}
