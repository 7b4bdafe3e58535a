/** What states and recurrences become: names, indices, order, and what is left out. */
import { describe, expect, it } from 'vitest';
import { judgeRows } from '../../src/ir/empty-rows/judge.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { printIr } from '../../src/ir/print.ts';
import { checkFile } from '../../src/model/check.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { kernelOf } from '../support/kernels.ts';

const HEAD = `axes b: B, t: N, d: D, e: E
  in q: f32[b, t, d]
  in k: f32[b, t, d]
  in v: f32[b, t, e]`;
const ir = (items: string, options = {}): IrKernel => kernelOf(`kernel k {\n ${HEAD}\n ${items}\n}`, options);
const lines = (k: IrKernel): string[] =>
  printIr(k)
    .split('\n')
    .map((l) => l.trim())
    .filter((l) => /^(state|let|aggregate|out)\b/.test(l));
/** Without those about inputs that a text does not use. */
const codes = (items: string): string[] => {
  const { file, diagnostics } = parseSource(`kernel k {\n ${HEAD}\n ${items}\n}`);
  return [...diagnostics, ...checkFile(file).diagnostics].flatMap((d) => (d.code === 'W0901' ? [] : d.code));
};

describe('assignments', () => {
  it('become definitions, one after the other', () => {
    const k = ir(`state S: f32[b, d, e] = 0
      recurrence over t {
        S = 0.5 * S
        let found = sum[d](k * S)
        S = S + k * (v - found)
        aggregate y = sum[d](q * S)
      }
      out y
      out S: f16[b, e, d]`);
    expect(lines(k)).toEqual([
      'state S[b, t, d, e]: f32 along t from 0.0 then S.2; last S.last',
      'let S.1[b, t, d, e]: f32 = 0.5 * S[b, t, d, e]',
      'let found[b, t, e]: f32 = sum[d](k[b, t, d] * S.1[b, t, d, e])',
      'let S.2[b, t, d, e]: f32 = S.1[b, t, d, e] + k[b, t, d] * (v[b, t, e] - found[b, t, e])',
      'aggregate y[b, t, e]: f32 = sum[d](q[b, t, d] * S.2[b, t, d, e])',
      'out S.out[b, e, d]: f32 = S.last[b, d, e]',
      'out y: f32[b, t, e] = y',
      'out S: f16[b, e, d] = S.out',
    ]);
  });

  it('have the order of the kernel’s axes, and of the declared indices', () => {
    const k = ir(`recurrence over b reverse { S = S + q[d ^ 1]
        y[e, b] = sum[d](S[t = 0]) }
      state S: f32[e, d, t]
      out y: f32[b, e]`);
    expect(lines(k)[0]).toBe('state S[b, e, d, t]: f32 along reverse b from 0.0 then S.1; last S.last');
    expect(lines(k)[2]).toContain('let y[e, b]: f32 = sum[d](S.1[b, e, d, 0])');
  });
});

describe('states', () => {
  const steps = 'recurrence over t { S = S + k * v }';

  it('start from inputs, values and other states', () => {
    const text = `in S0: f32[b, d, e] = 0
      state S: f32[b, d, e] = S0
      state R: f32[b, d] = 2 * sum[e](S)
      ${steps}
      recurrence over t reverse { R = max(R, q) }
      out R`;
    const inits = (k: IrKernel): string[] => lines(k).filter((l) => l.startsWith('state'));
    expect(inits(ir(text))).toEqual([
      'state S[b, t, d, e]: f32 along t from S0[b, d, e] then S.1; last S.last',
      'state R[b, t, d]: f32 along reverse t from 2.0 * sum[e](S.last[b, d, e]) then R.1; last R.last',
    ]);
    expect(inits(ir(text, { absent: new Set(['S0']) }))[0]).toContain('from 0.0 then');
  });

  it('are left out when nothing needs them, with what only they need', () => {
    const k = ir(`state S: f32[b, d, e] = 0
      state unused: f32[b, d] = 0
      recurrence over t {
        let twice = 2 * k
        unused = unused + twice + sum[e](S)
        S = S + k * v
        y = sum[d](S)
      }
      out y`);
    expect(k.states.map((s) => s.name)).toEqual(['S']);
    expect(k.defs.map((d) => d.name)).toEqual(['S.1', 'y']);
  });

  it('come after what they need in the order of definitions', () => {
    const k = ir(`out z: f32[b] = sum[d, e](S) * first
      ${steps}
      state S: f32[b, d, e] = first
      let first = sum[d, t](q * top)
      recurrence over t { top = m
        m = max(m, sum[d](q)) }
      state m: f32[b] = -inf`);
    const order = k.defs.map((d) => d.name);
    for (const [before, after] of [
      ['top', 'first'],
      ['first', 'S.1'],
      ['S.1', 'z'],
    ] as const)
      expect(order.indexOf(before), `${before} before ${after} in ${order.join()}`).toBeLessThan(
        order.indexOf(after),
      );
  });

  it('are the same wherever the block stands, for values that follow', () => {
    const k = ir(`state S: f32[b, d, e] = 0
      gate z = y * sigmoid(v)
      recurrence over t {
        S = S + k * v
        y = sum[d](q * S)
        w = softmax[e](y)
      }
      out z
      out w: f16[b, e, t]
      out change: f32[b, t, e] = y - (if t > 0 then y[b, t - 1, e] else 0)`);
    expect(k.outputs.map((o) => o.indices.join(''))).toEqual(['bte', 'bet', 'bte']);
    expect(lines(k).find((l) => l.includes('change['))).toContain('y[b, t - 1, e]');
  });

  it('do not feel masks, which reductions inside of a block do', () => {
    const k = ir(`axes j: N
      mask j <= t && d > 0
      state S: f32[b, d] = 0
      recurrence over t {
        let near[b, t, d] = sum[j](q[t = j])
        S = S + near
      }
      out S`);
    const where = (name: string): boolean => printIr({ ...k, masks: [] }).includes(`let ${name}`);
    expect(where('near')).toBe(true);
    expect(lines(k)).toContain('let near[b, t, d]: f32 = sum[j where j <= t && d > 0](q[b, j, d])');
    expect(lines(k)).toContain('let S.1[b, t, d]: f32 = S[b, t, d] + near[b, t, d]');
  });

  it('are seen by derived axes and by functions as other values are', () => {
    const k = kernelOf(`fn decayed(a, x) { let f = exp(sum_of(a))
        f * x }
      fn sum_of(a) = a
      kernel k {
        axes h: H, g: G = h / (H / G), t: N
        in x: f32[h, t]
        in a: f32[g, t]
        state S: f32[h] = 0
        state R: f32[g] = 0
        recurrence over t {
          R = R + a
          S = decayed(a, S) + x * R
        }
        out S
      }`);
    const shown = lines(k);
    expect(shown.find((l) => l.startsWith('let S.1['))).toContain('R.1[h / (H / G), t]');
    expect(shown.find((l) => l.startsWith('let S.1.f'))).toContain('exp(a[');
  });
});

describe('the check', () => {
  it('lets inputs and values without a state be read at other steps', () => {
    expect(
      codes(`state S: f32[b, d] = 0
      recurrence over t {
        u = q * k
        S = S + u + (if t > 0 then u[b, t - 1, d] else 0) + q[b, N - 1 - t, d] + mean[t](u)
      }
      out S`),
    ).toEqual([]);
  });

  it('follows cycles within a step', () => {
    expect(
      codes(`state S: f32[b] = 0
      let z = y + 1
      recurrence over t {
        S = S + z
        y = S
      }
      out S`),
    ).toEqual(['E0205']);
  });

  it('lets one block use the last values of an earlier one, in either direction', () => {
    expect(
      codes(`state S: f32[b, d] = 0
      state R: f32[b, d] = S
      recurrence over t { S = S + q }
      recurrence over t reverse { R = R + k * S
        y = R }
      out y`),
    ).toEqual([]);
  });

  it('decides rows that masks empty where states are in the conditions', () => {
    const text = `kernel k {
      axes t: N, j: N
      in x: f32[t]
      in s: f32[j]
      state m: f32[] = 0
      recurrence over t {
        m = max(m, x)
        before = m - x
        y = if m > 1 then max[j](s) else 0
      }
      mask j <= t && s[j = t] > before - 1
      out p: f32[t, j] = softmax[j](s)
      out y
    }`;
    const k = kernelOf(text);
    expect(judgeRows(k, () => true).kind).toBe('empty');
  });

  it('tells editors what a state is, and where it is used', () => {
    const text = `kernel k {
      axes t: N, d: D
      in x: f32[t, d]
      // What was seen so far.
      state S: f32[d] = 0
      recurrence over t {
        S = S + x
        y = S // after the step
      }
      out y
      out S
    }`;
    const { model } = checkFile(parseSource(text, 'a.attn').file);
    const [k] = model.kernels;
    const of = (name: string) => k!.symbols.find((s) => s.name === name);
    expect(of('S')).toMatchObject({
      kind: 'state',
      detail: 'state S: f32[d] over t',
      doc: 'What was seen so far.',
    });
    expect(of('y')).toMatchObject({ kind: 'definition', detail: 'let y: f32[t, d]', doc: 'after the step' });
    const uses = k!.references.filter((r) => r.symbol.name === 'S');
    for (const { span } of uses) expect(text.slice(span.start, span.end)).toBe('S');
    expect(uses.map((r) => text.slice(0, r.span.start).split('\n').length)).toEqual([5, 7, 7, 8, 11]);
    expect(k!.references.filter((r) => r.symbol.name === 't')).toHaveLength(3);
  });
});
