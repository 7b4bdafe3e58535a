/** From a random spec to what laws compare: its semantic IR, its inputs, and runs of both interpreters. */
import { checkText, requiredSizes, semanticIr } from '../../src/compile.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { STORE_ROUND } from '../../src/kernel/rounding.ts';
import { seededRandom } from '../support/mutate.ts';
import type { SpecCase } from '../support/spec-arbitrary.ts';

export interface Prepared {
  readonly ir: IrKernel;
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  /** Exact values of the storage of each input. */
  readonly inputs: Readonly<Record<string, Float64Array>>;
  /** Sizes that compiling needs. */
  readonly required: Readonly<Record<string, number>>;
}

/** Checks and lowers the text; an error in it is a fault of the generator or of the front end. */
export function prepare(c: SpecCase): Prepared {
  const checked = checkText(c.text);
  const wrong = checked.diagnostics.filter((d) => d.severity === 'error');
  if (wrong.length > 0)
    throw new Error(`${wrong.map((d) => `${d.code} ${d.message}`).join('\n')}\n${c.text}`);
  const ir = semanticIr(checked);
  const pick = (names: readonly string[], from: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(names.map((n) => [n, from[n]!]));
  const sizes = pick(ir.sizes, c.sizes);
  const params = pick(
    ir.params.map((p) => p.name),
    c.params,
  );
  return { ir, sizes, params, inputs: inputsOf(ir, sizes, c), required: pick(requiredSizes(ir), sizes) };
}

/** Multiples of a hundredth up to 30, scaled; small integers; truth values that keep a row empty now and then. */
function inputsOf(
  ir: IrKernel,
  sizes: Readonly<Record<string, number>>,
  c: SpecCase,
): Record<string, Float64Array> {
  const random = seededRandom(c.seed);
  const known = new Map(Object.entries(sizes));
  const out: Record<string, Float64Array> = {};
  for (const t of ir.tensors) {
    const count = t.dims.reduce((n, d) => n * evalConst(d.extent, known), 1);
    const often = random();
    const draw = (): number => {
      if (t.storage === 'bool') return +(random() < often);
      if (t.storage === 'i32' || t.storage === 'u32') return Math.floor(random() * 5);
      return ((Math.floor(random() * 6001) - 3000) / 100) * c.scale;
    };
    const round = STORE_ROUND[t.storage];
    out[t.name] = Float64Array.from({ length: count }, () => round(draw()));
  }
  return out;
}

/** Runs the definition. */
export function interpreted(
  ir: IrKernel,
  { inputs, sizes, params }: Pick<Prepared, 'inputs' | 'sizes' | 'params'>,
): Record<string, Float64Array> {
  const known = new Map(Object.entries(sizes));
  const tensors = Object.fromEntries(
    ir.tensors.map((t) => [
      t.name,
      { shape: t.dims.map((d) => evalConst(d.extent, known)), data: inputs[t.name]! },
    ]),
  );
  const results = interpretKernel(ir, tensors, sizes, params);
  return Object.fromEntries(Object.entries(results).map(([name, r]) => [name, r.data]));
}
