/**
 * Laws of the artefacts: steps one after the other are the sequence, and a sequence cut into parts that are summarised,
 * combined and given what came in is the sequence too.
 */
import { describe, it } from 'vitest';
import { rewrite, type Expr } from '../../src/expr/expr.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import { axisOf, type IrKernel, type IrState } from '../../src/ir/ir.ts';
import { cases, filled, kernelOf, startOf, type ArtefactCase, type Tensor } from './artefacts-case.ts';
import { drawInputs, made, renamed, run, slice, type Edit, type Tensors } from './artefacts-run.ts';
import { catches, demand, holds } from './law.ts';

const SIZES = new Map([
  ['D', 3],
  ['E', 2],
]);

function close(found: Tensor | undefined, exact: Tensor, what: string, c: ArtefactCase): void {
  demand(found !== undefined && found.shape.join() === exact.shape.join(), () => `${what} has another shape`);
  exact.data.forEach((x, n) =>
    demand(
      Math.abs(found!.data[n]! - x) <= 1e-9 * (1 + Math.abs(x)),
      () => `${what} is ${found!.data[n]} at ${n}, not ${x}: ${JSON.stringify(c)}`,
    ),
  );
}

/** The states before the first step, by state. */
function starts(k: IrKernel, inputs: Tensors): Map<string, Tensor> {
  return new Map(
    k.states.map((s) => {
      const from = startOf(s, inputs);
      const shape = s.indices.filter((a) => a !== s.axis).map((a) => evalConst(axisOf(k, a)!.extent, SIZES));
      return [s.name, typeof from === 'number' ? filled(shape, from) : from];
    }),
  );
}

/** The input that brings a state in. */
const inputOf = (s: IrState): string => (s.init.kind === 'read' ? s.init.name : `${s.name}_in`);

const states = (k: IrKernel, values: ReadonlyMap<string, Tensor>): Tensors =>
  Object.fromEntries(k.states.map((s) => [inputOf(s), values.get(s.name)!]));

const steps =
  (edit?: Edit) =>
  (c: ArtefactCase): void => {
    const k = kernelOf(c);
    const inputs = drawInputs(k, c);
    const exact = run(k, inputs, {}, 0, c.length);
    const step = made(k, 'step', edit);
    let carried = starts(k, inputs);
    let tails: Tensors = {};
    for (let t = 0; t < c.length; t++) {
      const found = run(step, inputs, { ...states(k, carried), ...tails }, t, t + 1);
      for (const o of k.outputs) close(found[o.name], slice(exact[o.name]!, 0, t, t + 1), o.name, c);
      carried = new Map(k.states.map((s) => [s.name, found[`${s.name}_out`]!]));
      tails = Object.fromEntries(
        step.tensors.filter((x) => x.name.endsWith('_tail')).map((x) => [x.name, found[`${x.name}_out`]!]),
      );
    }
  };

/** Three parts in the order in which the recurrence runs through them. */
function partsOf(c: ArtefactCase): readonly (readonly [number, number])[] {
  const [a, b] = c.cuts.map((x) => x % (c.length + 1)).sort((x, y) => x - y) as [number, number];
  const parts = [[0, a] as const, [a, b] as const, [b, c.length] as const];
  return c.reverse ? parts.reverse() : parts;
}

const parts =
  (edit?: Edit) =>
  (c: ArtefactCase): void => {
    const k = kernelOf(c);
    const inputs = drawInputs(k, c);
    const exact = run(k, inputs, {}, 0, c.length);
    const [summary, combine, apply] = (['summary', 'combine', 'apply'] as const).map((a) =>
      made(k, a, edit),
    ) as [IrKernel, IrKernel, IrKernel];
    const [first, second, third] = partsOf(c).map((p) => [...p] as [number, number]) as [
      [number, number],
      [number, number],
      [number, number],
    ];
    const of = (p: readonly [number, number]): Tensors => run(summary, inputs, {}, ...p);
    const together = (x: Tensors, y: Tensors): Tensors =>
      run(combine, {}, { ...renamed(x, (n) => `${n}_first`), ...renamed(y, (n) => `${n}_second`) }, 0, 0);
    // What the states were before the sequence, as the summary of a part of which nothing else is asked.
    const nothing = of([0, 0]);
    const start = { ...nothing, ...Object.fromEntries(starts(k, inputs)) };
    const both = together(of(first), of(second));
    check(first, start);
    check(second, together(start, of(first)));
    check(third, together(start, both));
    check(third, together(together(start, of(first)), of(second)));

    function check(p: readonly [number, number], before: Tensors): void {
      const incoming = new Map(k.states.map((s) => [s.name, before[s.name]!]));
      const zero = new Map(k.states.map((s) => [s.name, filled(before[s.name]!.shape, 0)]));
      const local = renamed(run(k, inputs, states(k, zero), ...p), (n) => `${n}_local`);
      const found = run(apply, inputs, { ...local, ...states(k, incoming) }, ...p);
      for (const o of k.outputs)
        if (apply.outputs.some((x) => x.name === o.name))
          close(found[o.name], slice(exact[o.name]!, 0, ...p), o.name, c);
    }
  };

/** Replaces the first expression of a definition for which `f` gives another one. */
function editFirst(k: IrKernel, f: (e: Expr) => Expr | undefined): IrKernel {
  let done = false;
  const change = (e: Expr): Expr =>
    rewrite(e, (x) => {
      const y = done ? undefined : f(x);
      if (y) done = true;
      return y ?? x;
    });
  return { ...k, defs: k.defs.map((d) => ({ ...d, value: change(d.value) })) };
}

/** A decay in front of a state is gone. */
const withoutDecay: Edit = (k) =>
  editFirst(k, (e) => {
    const [a, b] = e.kind === 'op' && e.op === 'mul' ? e.args : [];
    return b?.kind === 'read' && k.states.some((s) => s.name === b.name) && a ? b : undefined;
  });

/** Reads that should see the state after the step see the one before it. */
const readsBefore: Edit = (k) => {
  const step = new Map(k.states.map((s) => [s.next, s]));
  const outputs = new Set(k.outputs.map((o) => o.def));
  return {
    ...k,
    defs: k.defs.map((d) =>
      outputs.has(d.name)
        ? {
            ...d,
            value: rewrite(d.value, (x) => {
              const s = x.kind === 'read' ? step.get(x.name) : undefined;
              return x.kind === 'read' && s ? { ...x, name: s.name } : x;
            }),
          }
        : d,
    ),
  };
};

/** A part starts from nothing instead of from what came in. */
const withoutCarry: Edit = (k) => ({
  ...k,
  states: k.states.map((s) => ({ ...s, init: { kind: 'const' as const, type: s.type, value: 0 } })),
});

describe('artefacts', () => {
  it('steps are the sequence', () => holds(cases({ reverse: false }), steps(), 300));
  it('parts are the sequence', () => holds(cases(), parts(), 300));

  it('notices a step without decay', () =>
    catches(cases({ reverse: false, kinds: ['axis'] }), steps(withoutDecay), 60));
  it('notices a step that is read too early', () =>
    catches(cases({ reverse: false, exclusive: false, kinds: ['scalar'] }), steps(readsBefore), 60));
  it('notices a step without carry', () =>
    catches(cases({ reverse: false, kinds: ['sum'] }), steps(withoutCarry), 60));
  it('notices a summary without decay', () =>
    catches(
      cases({ kinds: ['scalar'] }),
      parts((k, a) => (a === 'summary' ? withoutDecay(k, a) : k)),
      60,
    ));
  it('notices an application without carry', () =>
    catches(
      cases({ kinds: ['axis'] }),
      parts((k, a) => (a === 'apply' ? withoutCarry(k, a) : k)),
      60,
    ));
  it('notices a combination in the wrong order', () =>
    catches(
      cases({ kinds: ['dense'] }),
      parts((k, a) => (a === 'combine' ? swapped(k) : k)),
      60,
    ));
  it('notices scaled states that forget the maxima', () =>
    catches(
      cases({ kinds: ['scaled'] }),
      parts((k, a) =>
        a === 'combine'
          ? editFirst(k, (e) =>
              e.kind === 'op' && e.op === 'exp' ? { kind: 'const', type: 'f32', value: 1 } : undefined,
            )
          : k,
      ),
      60,
    ));
});

/** Earlier and later change places. */
function swapped(k: IrKernel): IrKernel {
  const other = (n: string): string =>
    n.endsWith('_first') ? n.replace(/_first$/, '_second') : n.replace(/_second$/, '_first');
  return {
    ...k,
    tensors: k.tensors.map((t) => ({ ...t, name: other(t.name) })),
    defs: k.defs.map((d) => ({
      ...d,
      value: rewrite(d.value, (x) => (x.kind === 'read' ? { ...x, name: other(x.name) } : x)),
    })),
  };
}
