/** Random tensors for a kernel, with values that its formulas can mean. */
import { evalConst } from '../../expr/evaluate.ts';
import { holdsIntegers, STORAGE } from '../../expr/types.ts';
import type { IrKernel, IrTensor } from '../../ir/ir.ts';
import { axisExtents } from '../../ir/sizes.ts';
import { deriveSeed, randomFrom, type Random } from '../../runtime/random.ts';
import { elementCount, tensorFrom, type Tensor } from '../../runtime/tensor.ts';
import type { IntegerUse } from './integer-uses.ts';

/**
 * Draws every input. The same arguments give the same tensors.
 * @param shrink halves the range of integers that index indirectly, once per unit: for retries after an index fell outside
 * @param temper changes the values of a float input, by its name
 */
export function drawInputs(
  kernel: IrKernel,
  uses: ReadonlyMap<string, IntegerUse>,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  shrink: number,
  temper: (name: string, x: number) => number = (_, x) => x,
): Map<string, Tensor> {
  const known = new Map(Object.entries(sizes));
  const extents = axisExtents(kernel, known);
  const out = new Map<string, Tensor>();
  for (const tensor of kernel.tensors) {
    const random = randomFrom(deriveSeed(seed, tensor.name));
    const shape = tensor.dims.map((d) => evalConst(d.extent, known));
    const draw = drawer(tensor, random, () => mostOf(uses.get(tensor.name), known, extents, shrink));
    const values = Float64Array.from({ length: elementCount(shape) }, draw);
    if (STORAGE[tensor.storage].value === 'f32')
      values.forEach((x, n) => (values[n] = temper(tensor.name, x)));
    // Lengths and document ids are often ascending, and masks treat runs specially.
    if (holdsIntegers(tensor.storage) && random.next() < 0.5) values.sort();
    out.set(tensor.name, tensorFrom(tensor.storage, shape, values, tensor.name));
  }
  return out;
}

const ANY_BITS = 'any bits';
/** Of integers that select nothing. */
const UNUSED = 'unused';
const SMALL = 3;
type Most = number | typeof ANY_BITS | typeof UNUSED;

function drawer(tensor: IrTensor, random: Random, most: () => Most): () => number {
  if (tensor.storage === 'bool') {
    const often = random.pick([0.5, 0.8, 1]);
    return () => +(random.next() < often);
  }
  if (holdsIntegers(tensor.storage)) {
    const limit = most();
    const { value, bytes } = STORAGE[tensor.storage];
    const signed = value === 'i32';
    // Bytes that select nothing are quantised numbers.
    if (bytes === 1) {
      if (typeof limit !== 'number') return () => (signed ? random.int(-127, 127) : random.int(0, 255));
      return () => random.int(0, Math.min(limit, signed ? 127 : 255));
    }
    if (limit === ANY_BITS) {
      return () => (signed ? random.int(0, 0xffffffff) | 0 : random.int(0, 0xffffffff));
    }
    return () => random.int(0, limit === UNUSED ? SMALL : limit);
  }
  const style = random.pick([
    'normal',
    'normal',
    'normal',
    'small',
    'wide',
    'whole',
    'sparse',
    'equal',
  ] as const);
  const constant = random.normal();
  switch (style) {
    case 'normal':
      return random.normal;
    case 'small':
      return () => 0.1 * random.normal();
    case 'wide':
      return () => 2.5 * random.normal();
    case 'whole':
      return () => random.int(-3, 3);
    case 'sparse':
      return () => (random.next() < 0.8 ? 0 : random.normal());
    case 'equal':
      return () => constant;
  }
}

/** Largest values of integer inputs that mean places or are compared with places; others are left out. */
export function integerLimits(
  kernel: IrKernel,
  uses: ReadonlyMap<string, IntegerUse>,
  sizes: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const known = new Map(Object.entries(sizes));
  const extents = axisExtents(kernel, known);
  return Object.fromEntries(
    kernel.tensors.flatMap((t) => {
      const most = holdsIntegers(t.storage) ? mostOf(uses.get(t.name), known, extents, 0) : UNUSED;
      return typeof most === 'number' ? [[t.name, most]] : [];
    }),
  );
}

/** Largest integer that makes sense for an input. */
function mostOf(
  use: IntegerUse | undefined,
  known: ReadonlyMap<string, number>,
  extents: ReadonlyMap<string, number>,
  shrink: number,
): Most {
  if (use === undefined) return UNUSED;
  const below = use.below.map((e) => evalConst(e, known) - 1);
  const near = use.near.map((e) => Math.floor((evalConst(e, known) - 1) / 2 ** shrink));
  if (below.length + near.length > 0) return Math.max(0, Math.min(...below, ...near));
  if (use.bits) return ANY_BITS;
  if (use.comparedWith.length > 0) return Math.max(...use.comparedWith.map((axis) => extents.get(axis)!));
  return UNUSED;
}
