/** One sequence, decoded step by step and shared by two ranks, on a target: each as its caller would put it together. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { compare } from '../../src/cli/compare.ts';
import { irOf, openSpec, type Variant } from '../../src/cli/pipeline.ts';
import { Sources } from '../../src/cli/sources.ts';
import { execute, interpret, type Target } from '../../src/cli/targets.ts';
import { inputsInRange } from '../../src/cli/verify/inputs-in-range.ts';
import { integerUses } from '../../src/cli/verify/integer-uses.ts';
import type { Artefact } from '../../src/ir/artefacts/artefact.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { inferSizes, paramValues } from '../../src/ir/sizes.ts';
import { tensorFrom, tensorValues } from '../../src/runtime/tensor.ts';
import { LIMITS } from './agrees.ts';

interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}
type Tensors = Readonly<Record<string, Values>>;

export interface ArtefactExample {
  readonly name: string;
  /** By state, the input that it starts from. */
  readonly states: Readonly<Record<string, string>>;
  readonly sizes: Readonly<Record<string, number>>;
  /** Optional inputs that are left out. */
  readonly absent?: readonly string[];
}

/** A gate per feature, a matrix that mixes values, numbers and matrices relative to a maximum, a gate per element. */
export const ARTEFACT_EXAMPLES: readonly ArtefactExample[] = [
  { name: 'gla', states: { S: 'S0' }, sizes: { B: 1, H: 2, N: 7, D: 4, E: 8 } },
  { name: 'gdn', states: { S: 'S0' }, sizes: { B: 1, H: 2, G: 1, N: 7, D: 4, E: 8 } },
  { name: 'wkv4', states: { p: 'p0', q: 'q0', m: 'm0' }, sizes: { B: 2, N: 7, C: 5 } },
  { name: 'mlstm', states: { C: 'C0', n: 'n0', m: 'm0' }, sizes: { B: 1, H: 2, N: 7, D: 4, E: 8 } },
  { name: 's6', states: { h: 'h0' }, sizes: { Z: 2, N: 7, E: 5, R: 4 }, absent: ['seq_idx'] },
];

/** Sizes that are fixed at compile time, as a model has them. */
const VECTORS: ReadonlySet<string> = new Set(['D', 'E', 'C', 'R']);
const CUT = 4;
const STEPS = 3;
const folder = fileURLToPath(new URL('../../examples', import.meta.url));

/** Positions `from` to `to` along a dimension. */
function part({ shape, data }: Values, at: number, from: number, to: number): Values {
  const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1);
  const length = shape[at]!;
  const kept = [...data].filter((_, n) => {
    const p = Math.floor(n / inner) % length;
    return p >= from && p < to;
  });
  return { shape: shape.map((n, k) => (k === at ? to - from : n)), data: Float64Array.from(kept) };
}

class Runner {
  private readonly spec;
  readonly written: IrKernel;
  readonly whole: Tensors;
  private readonly kernels = new Map<Artefact, IrKernel>();

  constructor(
    private readonly target: Target,
    private readonly example: ArtefactExample,
  ) {
    this.spec = openSpec(new Sources(), join(folder, `${example.name}.attn`));
    this.written = this.kernel('sequence');
    const params = paramValues(this.written, example.sizes, {});
    const drawn = { kernel: this.written, sizes: example.sizes, params, seed: 5 };
    this.whole = Object.fromEntries(
      [...inputsInRange(drawn, integerUses(this.written), 0)].map(([name, t]) => [
        name,
        { shape: t.shape, data: tensorValues(t) },
      ]),
    );
  }

  private variant(artefact: Artefact): Variant {
    const { name, absent = [] } = this.example;
    return { kernel: name, set: {}, consts: {}, absent: new Set(absent), storage: {}, artefact };
  }

  private kernel(artefact: Artefact): IrKernel {
    const known = this.kernels.get(artefact) ?? irOf(this.spec, this.variant(artefact));
    this.kernels.set(artefact, known);
    return known;
  }

  /** What a kernel gives at positions `from` to `to` of the sequence, with `given` in the place of some tensors. */
  async run(artefact: Artefact, given: Tensors, from: number, to: number, on: Target = this.target) {
    const kernel = this.kernel(artefact);
    const inputs = new Map(
      kernel.tensors.map((t) => {
        const own = t.dims.findIndex((d) => d.axis === 't');
        const all = given[t.name] ?? this.whole[t.name];
        if (!all) throw new Error(`${kernel.name}: nobody gives ${t.name}`);
        const cut = given[t.name] || own < 0 ? all : part(all, own, from, to);
        return [t.name, tensorFrom(t.storage, [...cut.shape], cut.data, t.name)] as const;
      }),
    );
    const shapes = Object.fromEntries([...inputs].map(([name, t]) => [name, [...t.shape]]));
    const sizes = inferSizes(kernel, shapes);
    const params = paramValues(kernel, sizes, kernel.params.some((p) => p.name === 't0') ? { t0: from } : {});
    const vectors = kernel.sizes.filter((name) => VECTORS.has(name));
    const set = Object.fromEntries(vectors.map((name) => [name, sizes[name]!]));
    const variant = { ...this.variant(artefact), set };
    const launch = { spec: this.spec, variant, features: {}, kernel, inputs, sizes, params };
    const { outputs } = on === 'interp' ? interpret(launch) : await execute(on, launch);
    return Object.fromEntries(
      [...outputs].map(([name, { shape, values }]): [string, Values] => [name, { shape, data: values }]),
    );
  }

  /** The states of a run or a summary, as inputs. */
  incoming(found: Tensors): Tensors {
    return Object.fromEntries(Object.entries(this.example.states).map(([s, input]) => [input, found[s]!]));
  }
}

const renamed = (t: Tensors, suffix: string): Tensors =>
  Object.fromEntries(Object.entries(t).map(([name, x]) => [`${name}${suffix}`, x]));

function agrees(found: Values | undefined, exact: Values, what: string): void {
  expect(found?.shape, what).toEqual(exact.shape);
  const { worst } = compare(found!.data, exact.data);
  expect(worst, what).toBeLessThan(LIMITS.f32);
}

/** Decodes the first positions one by one. */
export async function expectSteps(target: Target, example: ArtefactExample): Promise<void> {
  const r = new Runner(target, example);
  let states: Tensors = {};
  for (let t = 0; t < STEPS; t++) {
    const exact = await r.run('sequence', {}, 0, t + 1, 'interp');
    const found = await r.run('step', states, t, t + 1);
    for (const o of r.written.outputs) {
      const at = o.indices.indexOf('t');
      const wanted = exact[o.name]!;
      agrees(found[o.name], at < 0 ? wanted : part(wanted, at, t, t + 1), `${o.name} at ${t}`);
    }
    states = r.incoming(found);
  }
}

/** Two ranks: each summarises its part, what came in is combined, and the second rank applies it. */
export async function expectParts(target: Target, example: ArtefactExample): Promise<void> {
  const r = new Runner(target, example);
  const length = example.sizes['N']!;
  const exact = await r.run('sequence', {}, 0, length, 'interp');
  const first = await r.run('summary', {}, 0, CUT);
  const second = await r.run('summary', {}, CUT, length);
  const start = Object.fromEntries(
    Object.entries(example.states).map(([s, input]) => [s, r.whole[input]!] as const),
  );
  // The states before the sequence, as a summary of which only the states are asked.
  const before = await r.run(
    'combine',
    { ...renamed({ ...first, ...start }, '_first'), ...renamed(first, '_second') },
    0,
    0,
  );
  const after = await r.run('combine', { ...renamed(before, '_first'), ...renamed(second, '_second') }, 0, 0);
  for (const s of Object.keys(example.states)) agrees(after[s], exact[s]!, `${s} after both parts`);

  const zero = Object.fromEntries(
    Object.entries(example.states).map(([s, input]) => {
      const { shape, data } = before[s]!;
      return [input, { shape, data: data.map(() => 0) }] as const;
    }),
  );
  const local = await r.run('sequence', zero, CUT, length);
  const found = await r.run('apply', { ...renamed(local, '_local'), ...r.incoming(before) }, CUT, length);
  for (const o of r.written.outputs) {
    const at = o.indices.indexOf('t');
    const wanted = exact[o.name]!;
    agrees(found[o.name], at < 0 ? wanted : part(wanted, at, CUT, length), `${o.name} of the second part`);
  }
}
