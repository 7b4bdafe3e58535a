/**
 * Every form of a mechanism against its reference, in float64: what chunks and scans compute is exact but for the order of
 * sums, however long the chunks are and whatever the gates.
 */
import { describe, it } from 'vitest';
import type { IrKernel } from '../../src/ir/ir.ts';
import { expandReductions } from '../../src/ir/passes/expand-reductions.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import { recurrenceForms, type Form } from '../../src/ir/recurrence/forms/forms.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { expectReference, referenceCases } from './references.ts';

const cases = await referenceCases();

const formed =
  (form: Form, chunk: number) =>
  (k: IrKernel): IrKernel => {
    if (k.states.length === 0) return k;
    const { kernel } = recurrenceForms(normalForm(expandReductions(k)), () => ({ form, chunk }));
    verifyIr(kernel, 'forms');
    return kernel;
  };

describe.each([
  ['chunked', 16],
  ['chunked', 7],
  ['scan', 5],
] as const)('%s, %i positions at a time', (form, chunk) => {
  it.each(cases)('$title', (c) =>
    expectReference('interp', c, {
      alter: formed(form, chunk),
      takes: (length) => length === 5 || length === 65,
      tolerance: 1e-8,
    }),
  );
});
