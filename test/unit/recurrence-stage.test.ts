/** Which launches recurrences become, what their lanes hold, and what is said where no launch can take the steps. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { f32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { IrDef, IrKernel, IrState } from '../../src/ir/ir.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { lowerIr, type LoweringOptions } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { NO_LIMITS } from '../../src/tile/plan.ts';
import type { Stage } from '../../src/tile/tile.ts';
import { verifyTile } from '../../src/tile/verify.ts';
import { kernelOf, run } from '../support/kernels.ts';

const HEAD = `axes b: B, h: H, t: N, d: D, e: E
  in q: f32[b, h, t, d]
  in k: f32[b, h, t, d]
  in v: f32[b, h, t, e]
  in g: f32[b, h, t]`;
const text = (items: string): string => `kernel k {\n ${HEAD}\n ${items}\n}`;
const FIXED = { D: 4, E: 16 };

function stages(items: string, fixed: Readonly<Record<string, number>> = FIXED): readonly Stage[] {
  const ir = normalForm(kernelOf(text(items)));
  const options: LoweringOptions = { fixed, limits: NO_LIMITS, form: { form: 'sequential' } };
  return lowerIr(ir, options).tile.stages;
}
const names = (xs: readonly { readonly name: string }[]): string => xs.map((a) => a.name).join(' ');
const shape = (s: Stage): string =>
  `${names(s.batch)} | ${names(s.row)} | ${names(s.vectors)}${s.recurrence ? ` along ${s.recurrence.axis.name}` : ''}`;
const written = (s: Stage): readonly string[] =>
  s.recurrence
    ? [...s.recurrence.stores, ...s.recurrence.finals].map((x) => x.output)
    : s.stores.map((x) => x.output);

const STEP = `state S: f32[b, h, d, e]
  recurrence over t { S = g * S + k * v
    y = sum[d](q * S) }`;

describe('stages of recurrences', () => {
  it('spread what is not reduced over lanes, and hold the rest in a lane', () => {
    const [s, ...others] = stages(`${STEP} out y out S`);
    expect(others).toEqual([]);
    expect(shape(s!)).toBe('b h | e | d along t');
    expect(written(s!)).toEqual(['y', 'S']);
  });

  it('repeat states that differ between no rows', () => {
    const [s, ...others] = stages(`state S: f32[b, h, d, e] state z: f32[b, h, d] state m: f32[b, h]
      recurrence over t { m = max(m, g)
        S = S + k * v
        z = z + k
        y = sum[d](q * S) / (sum[d](q * z) + m) }
      out y out z out m`);
    expect(others).toEqual([]);
    expect(shape(s!)).toBe('b h | e | d along t');
  });

  it('leave sums over rows to launches after them', () => {
    const [first, second, ...others] = stages(`${STEP} let n = y * rsqrt(mean[e](y * y) + 1) out n`);
    expect(others).toEqual([]);
    expect(written(first!)).toEqual(['ws.y']);
    expect(second!.recurrence).toBeUndefined();
  });

  it('leave sums that read no state to launches before them', () => {
    const [first, second] = stages(`state S: f32[b, h, d, e]
      recurrence over t { S = S + k * rsqrt(sum[d](k * k) + 1) * v
        y = sum[d](q * S) }
      out y`);
    expect(first!.recurrence).toBeUndefined();
    expect(shape(second!)).toBe('b h | e | d along t');
  });

  it('keep what is as small as an input rather than hold what it is reduced from', () => {
    const [carried, reduced] = stages(`state c: f32[b, h, e]
      recurrence over t { c = 0.5 * c + v
        u = c * g }
      let y = sum[e](u)
      out y`);
    expect(shape(carried!)).toBe('b h | e |  along t');
    expect(reduced!.recurrence).toBeUndefined();
  });

  it('are apart in opposite directions, and the later one makes what reads both', () => {
    const found = stages(`state S: f32[b, h, e] state T: f32[b, h, e]
      recurrence over t { S = 0.5 * S + v
        y = S + 0.0 }
      recurrence over t reverse { T = 0.5 * T + v
        z = T + 0.0 }
      let both = y + z
      out both`);
    expect(found.map((s) => s.recurrence?.reverse)).toEqual([false, true]);
    expect(written(found[1]!)).toEqual(['both']);
  });

  it('read other steps from memory', () => {
    const [first, second] = stages(`${STEP} let before = if t > 0 then y[t = t - 1] else 0.0 out before`);
    expect(written(first!)).toEqual(['ws.y']);
    expect(second!.recurrence).toBeUndefined();
  });

  it('hold vectors whole that a step turns round', () => {
    const [s] = stages(`state S: f32[b, h, d, e]
      recurrence over t { S = 0.5 * S[d = D - 1 - d] + k * v }
      out S`);
    expect(shape(s!)).toBe('b h | e | d along t');
  });

  it('lay rows along two axes where the innermost is short', () => {
    const [s] = stages(`state c: f32[b, h, e] recurrence over t { c = 0.5 * c + v } out c`, { E: 3, H: 5 });
    expect(names(s!.row)).toBe('h e');
  });
});

describe('what no launch can do', () => {
  const failure = (f: () => unknown): string => {
    try {
      f();
    } catch (e) {
      if (e instanceof UserError) return e.diagnostic.code;
      throw e;
    }
    return '';
  };

  it('is to hold vectors of open extent', () => {
    expect(failure(() => stages(`${STEP} out y`, {}))).toBe('E0610');
  });

  it('is to take steps along two axes for each other', () => {
    const v = (name: string): Expr => variable(name);
    const state = (name: string, axis: string, init: Expr): IrState => ({
      name,
      axis,
      reverse: false,
      indices: ['t', 'r'],
      type: 'f32',
      init,
      next: `${name}.1`,
      final: `${name}.last`,
    });
    const def = (name: string, value: Expr): IrDef => ({
      name,
      role: 'let',
      indices: ['t', 'r'],
      type: 'f32',
      value,
    });
    const at = (name: string): Expr => read(name, [v('t'), v('r')]);
    const k: IrKernel = {
      name: 'k',
      sizes: ['N', 'M'],
      axes: [
        { name: 't', extent: v('N') },
        { name: 'r', extent: v('M') },
      ],
      params: [],
      requires: [],
      tensors: [],
      masks: [],
      states: [state('S', 't', f32(0)), state('F', 'r', f32(1))],
      defs: [def('S.1', op('add', at('S'), at('F'))), def('F.1', op('mul', at('F'), at('S')))],
      outputs: [{ name: 'y', storage: 'f32', def: 'S.1', indices: ['t', 'r'] }],
    };
    verifyIr(k);
    expect(failure(() => tileProgram(normalForm(k), {}))).toBe('E0613');
  });
});

describe('steps', () => {
  const inputs = (N: number): Record<string, { shape: number[]; data: number[] }> => {
    const tensor = (...shape: number[]) => ({
      shape,
      data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => ((n * 7) % 13) / 8 - 0.75),
    });
    return { q: tensor(1, 2, N, 4), k: tensor(1, 2, N, 4), v: tensor(1, 2, N, 3), g: tensor(1, 2, N) };
  };

  it.each([0, 1, 2, 5])('number %i are taken from what is given', (N) => {
    const items = `in S0: f32[b, h, d, e] state S: f32[b, h, d, e] = 2 * S0
      recurrence over t reverse { y = sum[d](q * S)
        S = g * S + k * v }
      out y out S`;
    const data = Array.from({ length: 24 }, (_, n) => n / 16);
    const given = { ...inputs(N), S0: { shape: [1, 2, 4, 3], data } };
    const sizes = { B: 1, H: 2, N, D: 4, E: 3 };
    const exact = run(text(items), given, { sizes });
    const { program, tile } = lowerIr(kernelOf(text(items)), {
      fixed: { D: 4, E: 3 },
      limits: NO_LIMITS,
      form: { form: 'sequential' },
    });
    verifyTile(tile);
    const values = Object.fromEntries(Object.entries(given).map(([n, t]) => [n, Float64Array.from(t.data)]));
    const { outputs, errors } = interpretProgram(program, values, sizes);
    expect(errors).toEqual([]);
    for (const [name, x] of Object.entries(exact))
      x.forEach((value, n) => expect(outputs[name]![n]).toBeCloseTo(value, 4));
  });
});
