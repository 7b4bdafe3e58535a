/** Law of the analysis of steps: what it says a step is evaluates to what the step says, and classes keep their word. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { f32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { expandReductions } from '../../src/ir/passes/expand-reductions.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import { analyse, type Step } from '../../src/ir/recurrence/classify.ts';
import { Definitions } from '../../src/ir/recurrence/definitions.ts';
import { separated } from '../../src/ir/recurrence/separate.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { kernelOf } from '../support/kernels.ts';
import { seededRandom } from '../support/mutate.ts';
import { catches, demand, holds } from './law.ts';

const SIZES: Readonly<Record<string, number>> = { B: 2, N: 5, D: 3, E: 2 };
/** What a step can be made of that is free of the state, by whether it may be used under a sum over d. */
const FREE = ['a', 'k', 'v', 'x', '0.5', 'exp(k) * v', '(k - v)', 'w'];
const FREE_OF_D = ['a', 'v', '2', 'w'];

/** A random step that is linear in S, over two assignments at least; `u` is what the state was read as on the way. */
function stepText(seed: number): string {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = (all: readonly string[]): string => all[below(all.length)]!;
  const state = (): string => pick(['S', 'S', 'u']);
  const linear = (depth: number): string => {
    const inner = (): string => linear(depth - 1);
    switch (depth === 0 ? below(2) : 2 + below(9)) {
      case 0:
        return state();
      case 1:
        return pick(FREE);
      case 2:
        return `(${inner()} + ${inner()})`;
      case 3:
        return `(${inner()} - ${inner()})`;
      case 4:
        return `${pick(FREE)} * ${inner()}`;
      case 5:
        return `${inner()} / (2 + ${pick(['k * k', 'v * v', 'a * a'])})`;
      case 6:
        return `(if ${pick(['t > 1', 'd == 0', 'a > v'])} then ${inner()} else ${inner()})`;
      case 7:
        return `${pick(FREE)} * sum[d](${pick(FREE)} * ${inner()})`;
      case 8:
        return `mean[e](${inner()}) * ${pick(FREE_OF_D)}`;
      case 9:
        return `-${state()}`;
      default:
        return `${pick(FREE)} * sum[${pick(['c', 'c', 'c in 0..2'])}](k[b, t, c] * ${pick(['S[b, c, e]', 'u[b, t, c, e]', 'x[b, t, c, e] * S'])})`;
    }
  };
  const steps = Array.from({ length: 1 + below(2) }, () => `S = ${linear(2 + below(2))}`);
  return ['u = S', ...steps, 'u2 = S * a', `S = 0.3 * ${pick(['S', 'u2', `(S + ${linear(1)})`])}`].join(
    '\n    ',
  );
}

const kernelText = (step: string): string => `kernel k {
  axes b: B, t: N, d: D, c: D, e: E
  in a: f32[b, t]
  in k: f32[b, t, d]
  in v: f32[b, t, e]
  in x: f32[b, t, d, e]
  in q: f32[b, t, d]
  param w: float
  state S: f32[b, d, e] = 1
  recurrence over t {
    ${step}
    y = sum[d](q * S)
  }
  out y: f32[b, t, e]
  out S
}
`;

/** States that need each other, neighbouring elements, and running extremes. */
function otherText(seed: number): string {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = (all: readonly string[]): string => all[below(all.length)]!;
  const around = (step: string, more = ''): string =>
    kernelText(step).replace('  recurrence', `${more}  recurrence`);
  const by = (): string => pick(['a', 'k', '0.5', 'cos(k)', 'v']);
  switch (below(4)) {
    case 0:
      return around(`S = ${by()} * S + ${by()} * S[b, D - 1 - d, e] + ${pick(['x', 'k * v'])}`);
    case 1:
      return around(`S = ${by()} * S + (if d > 0 then ${by()} * S[b, d - 1, e] else ${by()})`);
    case 2:
      return around(
        `old = S\n    S = ${by()} * S - ${by()} * T + x\n    T = ${by()} * old + ${by()} * ${pick(['T', 'S', 'sum[d](k * S)'])}`,
        '  state T: f32[b, d, e] = 0.25\n',
      );
    default:
      return around(
        `S = ${pick(['max', 'min'])}(${pick(['S', 'S + a', 'a + S - k', '(if t > 1 then S else S + v)'])}, ${pick(['x', 'k * v'])})${pick(['', ' + v', ' - a'])}`,
      );
  }
}

const add = (all: readonly Expr[]): Expr => all.reduce((x, y) => op('add', x, y), f32(0));
const sumOver = (axes: readonly string[], body: Expr): Expr =>
  axes.length === 0 ? body : { kind: 'reduce', type: 'f32', op: 'sum', axes, body };

/** The steps of a component's states as the analysis has them. */
function restated(k: IrKernel, step: Step): readonly (readonly [string, Expr])[] {
  if (step.kind === 'none') return [];
  if (step.kind === 'coupled')
    return step.rows.map(({ state, rest, terms }) => {
      const parts = terms.map((t) => {
        const value = op('mul', t.factor, sumOver(t.axes, op('mul', t.row, read(t.state, t.index))));
        return op('select', op('ne', t.factor, f32(0)), value, f32(0));
      });
      return [state.next, add([...rest, ...parts])];
    });
  const { state } = step;
  const before = read(
    state.name,
    state.indices.map((a) => variable(a)),
  );
  if (step.kind === 'max') return [[state.next, op(step.op, op('add', before, step.shift), step.value)]];
  const d = new Definitions(k);
  const rest = step.rest.flatMap((e) => {
    const parts = separated(d, e, step.contracted, step.values);
    demand(
      step.values.length === 0 || parts !== undefined,
      () => 'values are mixed with what is summed over',
    );
    return (parts ?? [{ inner: e, outer: f32(1) }]).map((p) => op('mul', p.inner, p.outer));
  });
  const back = step.feedback.map((f) =>
    op('mul', f.factor, sumOver(f.axes, op('mul', f.row, read(state.name, f.index)))),
  );
  return [[state.next, add([op('mul', step.decay, before), ...rest, ...back])]];
}

type Damage = (step: Step) => Step;

function law(text: (seed: number) => string, damage: Damage = (s) => s) {
  return (seed: number): void => {
    const source = text(seed);
    const random = seededRandom(seed + 1);
    const written = kernelOf(source);
    const inputs = Object.fromEntries(
      written.tensors.map((t) => {
        const shape = t.dims.map((x) => SIZES[x.extent.kind === 'var' ? x.extent.name : '']!);
        const count = shape.reduce((n, x) => n * x, 1);
        return [t.name, { shape, data: Float64Array.from({ length: count }, () => random() * 2 - 1) }];
      }),
    );
    const run = (k: IrKernel) => interpretKernel(k, inputs, SIZES, { w: 0.75 });
    for (const k of [written, normalForm(expandReductions(written))]) {
      const exact = run(k);
      const steps = analyse(k);
      for (const s of steps)
        demand(s.kind !== 'none' || /two names/.test(s.why), () => `${s.why}\n${source}`);
      const values = new Map(steps.flatMap((s) => restated(k, damage(s))));
      const after: IrKernel = {
        ...k,
        defs: k.defs.map((d) => ({ ...d, value: values.get(d.name) ?? d.value })),
      };
      verifyIr(after, 'restated');
      const found = run(after);
      for (const [name, { data }] of Object.entries(exact)) {
        const size = data.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
        const worst = data.reduce((m, x, n) => Math.max(m, Math.abs(x - found[name]!.data[n]!)), 0);
        demand(worst <= 1e-10 * size, () => `${name} is off by ${worst}\n${source}`);
      }
    }
  };
}

const seeds = fc.integer({ min: 0, max: 2 ** 30 });
const affine = (seed: number): string => kernelText(stepText(seed));
const on =
  (f: (s: Extract<Step, { kind: 'affine' }>) => Partial<Extract<Step, { kind: 'affine' }>>): Damage =>
  (s) =>
    s.kind === 'affine' ? { ...s, ...f(s) } : s;

describe('the analysis of steps', () => {
  it('restates affine steps', () => holds(seeds, law(affine), 150));
  it('restates coupled steps and extremes', () => holds(seeds, law(otherText), 60));

  it('notices a decay that is gone', () =>
    catches(
      seeds,
      law(
        affine,
        on(() => ({ decay: f32(0) })),
      ),
      60,
    ));
  it('notices feedback that is gone', () =>
    catches(
      seeds,
      law(
        affine,
        on((s) => ({ feedback: s.feedback.slice(1) })),
      ),
      60,
    ));
  it('notices a summand that is gone', () =>
    catches(
      seeds,
      law(
        affine,
        on((s) => ({ rest: s.rest.slice(1) })),
      ),
      60,
    ));
  it('notices feedback that reads the decayed state', () =>
    catches(
      seeds,
      law(
        affine,
        on((s) => ({ feedback: s.feedback.map((f) => ({ ...f, row: op('mul', f.row, s.decay) })) })),
      ),
      60,
    ));
  it('notices a neighbour that is the element itself', () => {
    const damage: Damage = (s) =>
      s.kind !== 'coupled'
        ? s
        : {
            ...s,
            rows: s.rows.map((r) => ({
              ...r,
              terms: r.terms.map((t) => ({
                ...t,
                index: t.index.map((x) => (x.kind === 'op' ? variable('d') : x)),
              })),
            })),
          };
    return catches(seeds, law(otherText, damage), 60);
  });
  it('notices a maximum that does not move', () =>
    catches(
      seeds,
      law(otherText, (s) => (s.kind === 'max' ? { ...s, shift: f32(0) } : s)),
      60,
    ));
});
