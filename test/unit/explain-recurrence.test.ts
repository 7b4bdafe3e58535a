/** What `explain` says about states: what their steps are, who reads them when, and how they are run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explainRecurrences, printRecurrence } from '../../src/explain/recurrence.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { expandReductions } from '../../src/ir/passes/expand-reductions.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import { explain, printExplanation, type Explanation } from '../../src/index.ts';
import { attnc } from '../support/cli.ts';
import { kernelOf } from '../support/kernels.ts';
import { RECURRENCES, type RecurrenceName } from '../support/recurrences.ts';

const root = join(import.meta.dirname, '../..');

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

const KERNEL = `kernel k {
  axes b: B, t: N, d: D, e: E
  in q: f32[b, t, d]
  in k: f32[b, t, d]
  in v: f32[b, t, e]
  in a: f32[b, t]
  state S: f32[b, d, e] = 0
  recurrence over t {
    S = a * S + k * v
    y = sum[d](q * S)
  }
  out y: f32[b, t, e]
  out S
}`;
const explained = (N: number, form: 'sequential' | 'chunked'): Explanation => {
  const { value, diagnostics } = explain(KERNEL, {
    target: 'cuda',
    set: { B: 2, N, D: 32, E: 64 },
    form: { form },
  });
  if (!value) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return value;
};

describe('steps', () => {
  it('have their own operations, and load each element once', () => {
    const e = explained(1024, 'sequential');
    const [stage] = e.stages;
    expect(stage).toMatchObject({
      steps: { axis: 't', reverse: false, carries: ['S'] },
      passes: [],
      writes: ['y', 'S'],
    });
    // An element of the state is updated and read in each step.
    expect(e.operations).toBe(2 * 64 * 1024 * 2 * (32 + 32));
    // Each block of rows loads its own values, and the keys, queries and decays of all.
    const blocks = 64 / stage!.plan.blockM;
    expect(e.loadedBytes).toBe(2 * 1024 * 4 * (64 + blocks * (32 + 32 + 1)));
    expect(explained(2048, 'sequential').operations).toBe(2 * Number(e.operations));
    const text = printExplanation(e);
    expect(text).not.toMatch(/^ {2}tiles/m);
    expect(text).toContain('  steps        along t, one after the other\n    carries S\n');
    expect(text).toContain('  operations   16,777,216 in steps\n');
  });

  it('are formulas where sizes are not known', () => {
    const { value } = explain(KERNEL, {
      target: 'cuda',
      set: { D: 32, E: 64 },
      form: { form: 'sequential' },
    });
    expect(value!.stages[0]!.operationsFormula).toBe('B * N * 8192');
    expect(value!.loadedBytes).toBeUndefined();
  });

  it('may be few, beside contractions', () => {
    const e = explained(1024, 'chunked');
    expect(e.stages.length).toBeGreaterThan(1);
    expect(e.recurrences).toMatchObject([{ class: 'scalar', form: 'chunked', axis: 't' }]);
    expect(printExplanation(e)).toMatch(/operations +[\d,]+ in contractions and in steps\n/);
  });
});

describe('attnc explain', () => {
  it('says what its page says', async () => {
    const page = readFileSync(join(root, 'docs/explain.md'), 'utf8');
    const [, command, block] = /```sh\nnpx attnc (explain [^\n]*gla[^\n]*)\n```\n\n```text\n([^`]*)```/.exec(
      page,
    )!;
    const words = command!.split(' ').map((w) => (w.endsWith('.attn') ? join(root, w) : w));
    expect((await attnc(...words)).stdout).toContain(`\n\n${block}\nlaunch `);
    const data = (await attnc(...words, '--json')).json();
    expect(data).toMatchObject({
      kernels: [
        {
          recurrences: [
            {
              axis: 't',
              reverse: false,
              class: 'axis',
              states: [{ state: 'S', step: 'S = exp(log_a) * S + k * v', read: ['after', 'last'] }],
            },
          ],
        },
      ],
    });
  });
});
