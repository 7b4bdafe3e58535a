/** Evaluates a domain's condition for actual numbers and tensors. */
import { compileExpr, evaluate, type EvalEnv, type Evaluator } from '../../expr/evaluate.ts';
import { visit, type Expr } from '../../expr/expr.ts';
import { STORAGE } from '../../expr/types.ts';
import { interpretKernel, type InterpretedTensor } from '../interpret.ts';
import type { IrKernel, IrTensor } from '../ir.ts';
import { needsOf, type Needs } from '../needs.ts';
import type { Domain } from './domains.ts';
import type { Numbers } from './numbers.ts';

/** Tensors, and definitions that conditions read, by name. */
export type Data = ReadonlyMap<string, InterpretedTensor>;

/** Thrown where a condition reads outside of a tensor: such data means nothing. */
export class OutOfRange extends Error {}

/** One element that a condition read. */
export interface Element {
  readonly name: string;
  readonly index: readonly number[];
  readonly value: number;
}

/** Closures over one frame of numbers and indices. */
export class Trial {
  private readonly frame: Float64Array;
  private readonly slots: ReadonlyMap<string, number>;
  private numbers: Numbers = new Map();
  private data: Data = new Map();
  private readonly extents = new Map<string, number>();
  /** Elements read since it was set. */
  reads: Element[] | undefined;

  constructor(private readonly kernel: IrKernel) {
    const names = [...kernel.sizes, ...kernel.params.map((p) => p.name), ...kernel.axes.map((a) => a.name)];
    this.slots = new Map(names.map((n, slot) => [n, slot]));
    this.frame = new Float64Array(names.length);
  }

  /** Closures compiled before keep working with the new numbers and data. */
  use(numbers: Numbers, data: Data): void {
    if (numbers !== this.numbers) {
      for (const [name, value] of numbers) this.frame[this.slots.get(name)!] = value;
      for (const a of this.kernel.axes) this.extents.set(a.name, evaluate(a.extent, numbers));
    }
    this.numbers = numbers;
    this.data = data;
  }

  set(axis: string, index: number): void {
    this.frame[this.slots.get(axis)!] = index;
  }
  extent = (axis: string): number => this.extents.get(axis)!;

  compile(e: Expr): Evaluator {
    const env: EvalEnv = {
      frame: this.frame,
      slot: (name) => this.slots.get(name),
      read: (r) => {
        const index = r.index.map((x) => compileExpr(x, env));
        return () => {
          const { shape, data } = this.data.get(r.name)!;
          const at = index.map((f) => f());
          if (at.some((n, d) => n < 0 || n >= shape[d]!)) throw new OutOfRange(r.name);
          const value = data[at.reduce((flat, n, d) => flat * shape[d]! + n, 0)]!;
          this.reads?.push({ name: r.name, index: at, value });
          return value;
        };
      },
    };
    return compileExpr(e, env);
  }

  /** Calls `f` for every choice of indices, the last axis fastest, until it returns true; says whether it did. */
  some(axes: readonly string[], f: () => boolean): boolean {
    const [first, ...rest] = axes;
    if (first === undefined) return f();
    for (let n = 0; n < this.extent(first); n++) {
      this.set(first, n);
      if (this.some(rest, f)) return true;
    }
    return false;
  }

  /** The index of an axis at present. */
  at(axis: string): number {
    return this.frame[this.slots.get(axis)!]!;
  }
}

/** Ways to fill tensors: all 0, all 1, some 0 and some 1, then at random. */
export const PATTERNS = 10;

function filled(t: IrTensor, shape: readonly number[], pattern: number, position: number): InterpretedTensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const type = STORAGE[t.storage].value;
  const random = sequence(pattern * 31 + position);
  const draw = (): number => {
    if (pattern < 4) return pattern < 2 ? pattern : (pattern + position) % 2;
    if (type === 'bool') return random() < 0.5 ? 0 : 1;
    return Math.floor(random() * 5) - (type === 'f32' ? 2 : 0);
  };
  const data = Array.from({ length: count }, draw);
  // Positions and lengths are often ascending.
  if (pattern % 2 === 1) data.sort((a, b) => a - b);
  return { shape, data };
}

/** Numbers from 0 to 1 that are the same in every run. */
function sequence(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What conditions need, and which of the definitions they read themselves. */
export interface ConditionNeeds extends Needs {
  readonly direct: ReadonlySet<string>;
}

export function conditionNeeds({ kernel, where, given }: Domain): ConditionNeeds {
  const direct = new Set<string>();
  for (const e of [where, given])
    visit(e, (x) => {
      if (x.kind === 'read' && kernel.defs.some((d) => d.name === x.name)) direct.add(x.name);
    });
  return { ...needsOf(kernel, [where, given]), direct };
}

/**
 * Tensors for some numbers, and the definitions that follow from them.
 * @param pattern below `PATTERNS`
 * @throws UserError when a definition reads outside of a tensor
 */
export function dataFor(kernel: IrKernel, needs: ConditionNeeds, numbers: Numbers, pattern: number): Data {
  const data = new Map<string, InterpretedTensor>();
  needs.tensors.forEach((t, n) => {
    const shape = t.dims.map((d) => evaluate(d.extent, numbers));
    data.set(t.name, filled(t, shape, pattern, n));
  });
  if (needs.direct.size === 0) return data;
  const wanted = needs.defs.filter((d) => needs.direct.has(d.name));
  const small: IrKernel = {
    ...kernel,
    tensors: needs.tensors,
    states: needs.states,
    defs: needs.defs,
    outputs: wanted.map((d) => ({ name: d.name, storage: d.type, def: d.name, indices: d.indices })),
  };
  const given = Object.fromEntries(numbers);
  for (const [name, value] of Object.entries(interpretKernel(small, Object.fromEntries(data), given, given)))
    data.set(name, value);
  return data;
}

/** True for conditions that no tensor decides. */
export function isDataFree(e: Expr): boolean {
  let free = true;
  visit(e, (x) => {
    if (x.kind === 'read') free = false;
  });
  return free;
}
