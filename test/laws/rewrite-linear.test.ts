/** Law of `rewrite-linear`: a kernel means what it meant, and nothing is left that compares positions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { children, f32, freeVars, rewrite, visit, type Expr } from '../../src/expr/expr.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import { rewriteLinear } from '../../src/ir/passes/rewrite-linear.ts';
import { recurrenceForms } from '../../src/ir/recurrence/forms/forms.ts';
import { kernelProgram } from '../../src/kernel/from-tile/program.ts';
import { normalizeIr, scheduleTile } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { scannedSpecs, separableSpecs } from '../support/separable-arbitrary.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { interpreted, prepare } from './case.ts';
import { meansTheSame, through, type Edit } from './ir-law.ts';
import { catches, demand, holds } from './law.ts';
import { afterPasses, executed, GPU } from './lowering.ts';
import { allowance, disagreement } from './rounding.ts';

/** Some reduction runs over one of two axes while the other is free. */
function compares(k: IrKernel, a: string, b: string): boolean {
  let found = false;
  for (const d of k.defs)
    visit(d.value, (e) => {
      if (e.kind !== 'reduce') return;
      const free = freeVars(e);
      if ((e.axes.includes(a) && free.has(b)) || (e.axes.includes(b) && free.has(a))) found = true;
    });
  return found;
}

const law =
  (damage: Edit = (k) => k) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const before = through(['expand-reductions'], p);
    const { kernel, notes } = rewriteLinear(before, { rewrite: true });
    verifyIr(kernel, 'rewrite-linear');
    demand(!compares(kernel, 'i', 'j'), () => `positions are compared\n${c.text}${JSON.stringify(notes)}`);
    const after = damage(kernel);
    meansTheSame(p, before, after, c);
  };

/** What was rewritten is a recurrence like any other: chunks and scans of it mean the same. */
const formed = (c: SpecCase): void => {
  const p = prepare(c);
  const before = through(['expand-reductions'], p);
  const { kernel } = rewriteLinear(before, { rewrite: true });
  const after = normalForm(recurrenceForms(normalForm(kernel), () => ({ form: 'chunked', chunk: 4 })).kernel);
  verifyIr(after, 'forms');
  meansTheSame(p, before, after, c);
};

/** And so do kernels, step by step or in chunks. */
const lowered = (c: SpecCase): void => {
  const p = prepare(c);
  const fixed = c.seed % 2 === 0 ? p.required : p.sizes;
  const form = { form: c.seed % 3 === 0 ? 'sequential' : 'chunked', chunk: 4 } as const;
  const options = { fixed, limits: GPU, rewrite: true, form };
  const tile = scheduleTile(tileProgram(normalizeIr(p.ir, options), fixed), options);
  const found = executed(afterPasses(kernelProgram(tile)), p);
  const exact = interpreted(p.ir, p);
  const wrong = disagreement(exact, found, allowance(p, exact, {}));
  demand(wrong === undefined, () => `${JSON.stringify(wrong)}\n${c.text}${JSON.stringify(p.sizes)}`);
};

const inSteps =
  (f: (e: Expr, state: string) => Expr): Edit =>
  (k) => ({
    ...k,
    defs: k.defs.map((d) => {
      const state = k.states.find((s) => s.next === d.name);
      return state ? { ...d, value: rewrite(d.value, (e) => f(e, state.name)) } : d;
    }),
  });
const reads = (e: Expr | undefined, name: string): boolean => e?.kind === 'read' && e.name === name;

describe('rewrite-linear', () => {
  it('keeps the meaning of products', () => holds(separableSpecs(), law(), 120));
  it('keeps the meaning of running maxima and what is relative to them', () =>
    holds(scannedSpecs(), law(), 100));

  it('leaves recurrences that can be cut into chunks', () =>
    holds(fc.oneof(separableSpecs(), scannedSpecs()), formed, 60));

  it('leaves recurrences that kernels compute', () =>
    holds(fc.oneof(separableSpecs(), scannedSpecs()), lowered, 40));

  it('keeps the meaning of any spec, and leaves alone what it cannot make linear', () =>
    holds(
      specs({ work: 6000 }),
      (c) => {
        const square = { ...c, text: c.text.replace('j: M', 'j: N'), sizes: { ...c.sizes, M: c.sizes.N! } };
        const p = prepare(/\bM\b/.test(square.text) ? c : square);
        const before = through(['expand-reductions'], p);
        for (const force of [undefined, true]) {
          const { kernel } = rewriteLinear(before, force === undefined ? {} : { rewrite: force });
          if (kernel === before) continue;
          verifyIr(kernel, 'rewrite-linear');
          demand(force === true || !compares(kernel, 'i', 'j'), () => `half of it is rewritten\n${c.text}`);
          meansTheSame(p, before, kernel, c);
        }
      },
      120,
    ));

  it('gives the kernel back where weights are no products', () => {
    const text = (weights: string): string =>
      `kernel k {\n axes i: N, j: N, d: D, e: E\n in q: f32[i, d]\n in k: f32[j, d]\n in v: f32[j, e]\n mask j <= i\n
      let s = sum[d](q * k)\n let p = ${weights}\n out y: f32[i, e] = sum[j](p * v)\n}`;
    for (const weights of [
      'softmax[j](s)',
      'relu(s)',
      'sigmoid(s)',
      's / (1 + abs(s))',
      'exp(s)',
      'l1_relu[j](s)',
    ]) {
      const p = prepare({ text: text(weights), sizes: { N: 4, D: 2, E: 2 }, params: {}, seed: 1, scale: 1 });
      const before = through(['expand-reductions'], p);
      expect(rewriteLinear(before).kernel).toBe(before);
    }
  });

  it('notices a dropped decay', () => {
    const damage = inSteps((e, state) =>
      e.kind === 'op' && e.op === 'mul' && reads(e.args[1], state) ? e.args[1]! : e,
    );
    return catches(separableSpecs(), law(damage), 100);
  });
  it('notices an inclusive read where an exclusive one was meant', () => {
    const damage: Edit = (k) => ({
      ...k,
      defs: k.defs.map((d) =>
        k.states.some((s) => s.next === d.name)
          ? d
          : {
              ...d,
              value: rewrite(d.value, (e) => {
                const state = e.kind === 'read' ? k.states.find((s) => s.name === e.name) : undefined;
                return state && e.kind === 'read' ? { ...e, name: state.next } : e;
              }),
            },
      ),
    });
    return catches(separableSpecs(), law(damage), 100);
  });
  it('notices a key that is masked and counted', () => {
    const damage = inSteps((e) =>
      e.kind === 'op' && e.op === 'select' && children(e)[2]!.kind === 'const' ? e.args[1]! : e,
    );
    return catches(separableSpecs(), law(damage), 100);
  });
  it('notices a sum that is not brought to a new maximum', () => {
    const damage = inSteps((e, state) =>
      e.kind === 'op' && e.op === 'mul' && reads(e.args[1], state) ? { ...e, args: [f32(1), e.args[1]!] } : e,
    );
    return catches(scannedSpecs(), law(damage), 100);
  });
});
