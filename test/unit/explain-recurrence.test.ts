/** What `explain` says about states: what their steps are, who reads them when, and how they are run. */
import { describe, expect, it } from 'vitest';
import { explainRecurrences, printRecurrence } from '../../src/explain/recurrence.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { expandReductions } from '../../src/ir/passes/expand-reductions.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import { kernelOf } from '../support/kernels.ts';
import { RECURRENCES, type RecurrenceName } from '../support/recurrences.ts';

const kernel = (name: RecurrenceName): IrKernel => normalForm(expandReductions(kernelOf(RECURRENCES[name])));
const lines = (name: RecurrenceName): readonly string[] =>
  explainRecurrences(kernel(name), []).flatMap(printRecurrence);

describe('recurrences', () => {
  it('are said in the words of the source', () => {
    expect(lines('decayThenErase')).toEqual([
      '',
      'state S along t',
      '  class        rank-one: each step reads it back over d once; the decay is one number per b, h and step',
      '  step         S = exp(log_a) * S + beta * k * v - beta * k * exp(log_a) * sum[d](k * S)',
      '  read         after its step',
    ]);
    expect(lines('reverse')[1]).toBe('state S along t, from the last position');
    expect(lines('twoErasures')[2]).toContain('reads it back over d twice');
    expect(lines('dense')).toContain('  step         S = k * v + sum[c](A * S[b, t, c, e])');
  });

  it('show states that need each other together', () => {
    expect(lines('twoStates')).toEqual([
      '',
      'states re, im along t',
      '  class        coupled: the steps of re and im are linear in all of them',
      '  step         re = cos(turn) * re - sin(turn) * im + x',
      '  step         im = sin(turn) * re + cos(turn) * im',
      '  read         re after its step',
    ]);
  });

  it('show what is kept relative to a running maximum', () => {
    const found = explainRecurrences(kernel('stabilised'), []);
    expect(found.map((r) => [r.states[0]!.state, r.class, r.relativeTo])).toEqual([
      ['m', 'max', undefined],
      ['C', 'scalar', 'm'],
      ['n', 'scalar', 'm'],
    ]);
    expect(lines('stabilised')).toContain('  step         m = max(m + f, i)');
    expect(lines('stabilised')).toContain('  relative to  m, so that nothing overflows');
  });

  it('quote what is not linear', () => {
    expect(lines('gatesFromState').slice(1)).toEqual([
      'states s, h along t',
      '  class        other: `tanh(z[b, t, c] + sum[c2](R[c, c2] * h[b, t, c2]))`: tanh is not linear',
      '  read         h after its step',
    ]);
  });

  it('say how they are run, and what stands against a faster form', () => {
    const form = (
      form: 'sequential' | 'scan' | 'chunked',
      why: string,
      chunk?: number,
    ): string | undefined => {
      const note = { state: 'S', form, why, ...(chunk === undefined ? {} : { chunk }) };
      return explainRecurrences(kernel('perToken'), [note]).flatMap(printRecurrence).at(-1);
    };
    expect(form('chunked', 'pays', 64)).toBe('  form         contractions in chunks of 64');
    expect(form('scan', 'each element decays for itself', 16)).toBe(
      '  form         a scan in chunks of 16: each element decays for itself',
    );
    expect(form('sequential', 'few steps')).toBe('  form         step by step: few steps');
    expect(form('sequential', 'the decay is one number per b, h and step')).toBe(
      '  form         step by step',
    );
  });

  it('are none in a kernel without states', () => {
    const k = kernelOf('kernel k { axes i: N  in x: f32[i]  let y = x * 2  out y: f32[i] }');
    expect(explainRecurrences(k, [])).toEqual([]);
  });
});
