import { describe, expect, it } from 'vitest';
import { i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import { printExpr } from '../../src/expr/print.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { expandReductions } from '../../src/ir/passes/expand-reductions.ts';
import { normalForm } from '../../src/ir/passes/normal-form.ts';
import {
  analyse,
  type AffineStep,
  type CoupledStep,
  type MaxStep,
  type Step,
} from '../../src/ir/recurrence/classify.ts';
import { components } from '../../src/ir/recurrence/components.ts';
import { Definitions, substituted } from '../../src/ir/recurrence/definitions.ts';
import { readTimes, versions } from '../../src/ir/recurrence/reads.ts';
import { separated } from '../../src/ir/recurrence/separate.ts';
import { stabiliserOf } from '../../src/ir/recurrence/stabilised.ts';
import { kernelOf } from '../support/kernels.ts';
import { recurrence, RECURRENCES, type RecurrenceName } from '../support/recurrences.ts';

const normal = (k: IrKernel): IrKernel => normalForm(expandReductions(k));
const kernel = (name: RecurrenceName): IrKernel => kernelOf(RECURRENCES[name]);

/** Without the indices of batches and steps, and without brackets where nothing else is left. */
const short = (e: Expr): string =>
  printExpr(e).replace(/\[([^[\]]*)\]/g, (_, inner: string) => {
    const left = inner.split(', ').filter((x) => !['b', 'h', 't'].includes(x));
    return left.length === 0 || left.every((x) => /^[a-z]$/.test(x)) ? '' : `[${left.join(', ')}]`;
  });

function text(s: Step): string {
  switch (s.kind) {
    case 'affine': {
      const back = s.feedback.map(
        (f) => `${short(f.factor)} * sum[${f.axes.join()}](${short(f.row)} * ${s.state.name})`,
      );
      const kept = printExpr(s.decay) === '0.0' ? [] : [`(${short(s.decay)}) * ${s.state.name}`];
      return `${s.transition} ${s.state.name} = ${[...kept, ...s.rest.map(short), ...back].join(' + ')}`;
    }
    case 'max':
      return `${s.op} ${s.state.name} = ${s.op}(${s.state.name} + ${short(s.shift)}, ${short(s.value)})`;
    case 'coupled':
      return s.rows
        .map((r) => {
          const terms = r.terms.map((t) => {
            const one = read(t.state, t.index);
            const inside =
              t.axes.length > 0 ? `sum[${t.axes.join()}](${short(t.row)} * ${short(one)})` : short(one);
            return `(${short(t.factor)}) * ${inside}`;
          });
          return `${s.transition} ${r.state.name} = ${[...terms, ...r.rest.map(short)].join(' + ')}`;
        })
        .join('; ');
    case 'none':
      return `none: ${s.why}`;
  }
}

const EXPECTED: Readonly<Record<RecurrenceName, readonly string[]>> = {
  sum: ['sum S = (1.0) * S + k * v'],
  constant: ['scalar S = (exp(log_a)) * S + k * v'],
  perToken: ['scalar S = (exp(log_a)) * S + k * v'],
  sharedKeys: ['scalar s = (exp(dt * A)) * s + dt * Bm * x'],
  perFeature: ['axis S = (exp(log_a)) * S + k * v'],
  tiedKey: ['axis S = (f) * S + (1.0 - f) * v'],
  normalised: ['axis S = (exp(log_a)) * S + k * v', 'axis z = (exp(log_a)) * z + k'],
  perElement: ['elementwise s = (f) * s + (1.0 - f) * c'],
  selective: ['elementwise s = (exp(dt * A)) * s + dt * Bm * x'],
  valueGate: ['elementwise S = (g) * S + k * v'],
  exclusive: ['axis S = (w) * S + k * v'],
  eraseAndWrite: ['rank-one S = (1.0) * S + beta * k * v + -beta * k * sum[d](k * S)'],
  decayThenErase: ['rank-one S = (exp(log_a)) * S + beta * k * v + -beta * k * exp(log_a) * sum[d](k * S)'],
  vectorDecayThenErase: [
    'rank-one S = (exp(log_a)) * S + beta * k * v + -beta * k * sum[d](k * exp(log_a) * S)',
  ],
  undecayedErase: ['rank-one S = (w) * S + k * v + bb * sum[d](aa * S)'],
  twoErasures: [
    'rank-one S = (a) * S + k * v + k2 * v2 + -k2 * (v * sum(k2 * k)) + ' +
      '-k * a + k2 * (a * sum(k2 * k)) * sum[d](k * S) + -k2 * a * sum[d](k2 * S)',
  ],
  stabilised: [
    'max m = max(m + f, i)',
    'scalar C = (exp(f + m_old - m.1)) * C + exp(i - m.1) * k * v',
    'scalar n = (exp(f + m_old - m.1)) * n + exp(i - m.1) * k',
  ],
  stabilisedPerChannel: [
    'max m = max(m + w, k)',
    'elementwise p = (exp(w + m - next)) * p + exp(k - next) * v',
    'elementwise z = (exp(w + m - next)) * z + exp(k - next)',
  ],
  pairs: [
    'coupled s = (size * cos(turn)) * s + (size * (f32(if p == 0 then -1 else 1) * sin(turn))) * s[c, 1 - p] + x',
  ],
  twoStates: [
    'coupled re = (cos(turn)) * re + (-sin(turn)) * im + x; coupled im = (sin(turn)) * re + (cos(turn)) * im',
  ],
  momentum: ['scalar M = (mu) * M + k * v', 'sum S = (1.0) * S + M.1'],
  dense: ['dense S = k * v + 1.0 * sum[c](A * S)'],
  reset: ['scalar S = (if start then 0.0 else 1.0) * S + k * v'],
  reverse: ['scalar S = (a) * S + k * v'],
  gatesFromState: ['none: `tanh(z[b, t, c] + sum[c2](R[c, c2] * h[b, t, c2]))`: tanh is not linear'],
};

describe('the step of a recurrence', () => {
  it.each(Object.keys(RECURRENCES) as RecurrenceName[])('%s', (name) => {
    expect(analyse(kernel(name)).map(text)).toEqual(EXPECTED[name]);
  });

  it.each(Object.keys(RECURRENCES) as RecurrenceName[])('%s, in normal form', (name) => {
    expect(analyse(normal(kernel(name))).map(text)).toEqual(EXPECTED[name]);
  });
});

const vectors = (step: readonly string[], more: readonly string[] = []): string =>
  recurrence({
    axes: 'b: B, t: N, d: D, c: D, e: E',
    inputs: ['x[b, t, d, e]', 'a[b, t]', 'k[b, t, d]', ...more],
    states: ['S[b, d, e]'],
    step: [...step, 'y = S'],
    outputs: ['y: f32[b, t, d, e]'],
  });
const only = (source: string): Step => {
  const steps = analyse(kernelOf(source));
  expect(steps.length).toBe(1);
  return steps[0]!;
};
const stepText = (...step: string[]): string => text(only(vectors(step)));

describe('linear steps', () => {
  it('are distributed where the state is in a product', () => {
    expect(stepText('S = (S + x) * a - (S - 2 * x) / 3')).toBe(
      'scalar S = (a - 1.0 / 3.0) * S + x * a + 2.0 * x / 3.0',
    );
  });
  it('are read through values, functions of fewer indices and averages', () => {
    const mean = 'rank-one S = (1.0) * S + 1.0 / f32(D) * sum[d](1.0 * S)';
    expect(stepText('m = mean[d](S)', 'S = S + m')).toBe(mean);
    expect(stepText('half = S / 2', 'quarter = half / 2', 'S = quarter + x')).toContain(
      '(1.0 / 2.0 / 2.0) * S',
    );
  });
  it('keep conditions that are free of the state', () => {
    expect(stepText('S = if t > 3 then a * S else S + x')).toBe(
      'scalar S = (if t > 3 then a else 1.0) * S + if t > 3 then 0.0 else x',
    );
    expect(stepText('S = S - k * sum[c in 0..2](k[b, t, c] * S[b, c, e])')).toContain(
      '-k * sum[c](if c < 2 then k else 0.0 * S)',
    );
  });
  it('pull what does not move with a sum out of it', () => {
    expect(stepText('S = sum[c](a * k * k[b, t, c] * S[b, c, e])')).toBe(
      'rank-one S = a * k * sum[c](k * S)',
    );
    expect(stepText('S = sum[c](k[b, t, c] * (x[b, t, c, e] + a * S))')).toContain('(a * sum(k)) * S');
  });
  it('may forget the state', () => {
    expect(
      only(vectors(['S = x']).replace('y = S', 'y = x').replace('  out y', '  out S\n  out y')),
    ).toMatchObject({ transition: 'scalar', why: 'each step replaces it' });
  });
  it('may read the state at other places', () => {
    const step = only(vectors(['S = if d > 0 then S[b, d - 1, e] else x'])) as CoupledStep;
    expect(text(step)).toBe(
      'coupled S = (if d > 0 then 1.0 else 0.0) * S[d - 1, e] + if d > 0 then 0.0 else x',
    );
    expect(step.why).toBe('its step reads its elements at other indices');
  });
  it('are dense where a sum skips over the axis', () => {
    expect(only(vectors(['S = sum[c](k[b, t, c] * S[b, D - 1 - c, e])']))).toMatchObject({
      kind: 'coupled',
      transition: 'dense',
    });
  });
  it('read what another state was before and after its own step', () => {
    expect(analyse(kernel('momentum')).map((s) => s.kind)).toEqual(['affine', 'affine']);
    expect(components(kernel('twoStates')).map((c) => c.states.map((s) => s.name))).toEqual([['re', 'im']]);
    expect(components(kernel('stabilised')).map((c) => c.states.map((s) => s.name))).toEqual([
      ['m'],
      ['C'],
      ['n'],
    ]);
  });
});

describe('maxima', () => {
  it('may be shifted, nested and minima', () => {
    expect(stepText('S = max(x, max(S, k)) - a')).toBe('max S = max(S + -a, max(x, k) - a)');
    expect(stepText('S = min(x, a + S)')).toBe('min S = min(S + a, x)');
    expect(stepText('S = if t > 2 then max(S, x) else max(S - 1, a)')).toContain('max S = max(S + if t > 2');
  });
  it('are none where the state is scaled or elsewhere', () => {
    expect(stepText('S = max(2 * S, x)')).toContain('none:');
    expect(stepText('S = max(S[b, D - 1 - d, e], x)')).toContain('none:');
    expect(stepText('S = max(S, min(S, x))')).toContain('none:');
  });
  it('are what other states are kept relative to', () => {
    for (const name of ['stabilised', 'stabilisedPerChannel'] as const)
      for (const k of [kernel(name), normal(kernel(name))]) {
        const [m, ...others] = analyse(k) as [MaxStep, AffineStep, AffineStep];
        expect(others.map((s) => stabiliserOf(k, s, [m]))).toEqual([m, m]);
      }
  });
  it('are not where the exponent is another', () => {
    const source = RECURRENCES.stabilised.replace('exp(f + m_old - m) * C', 'exp(m_old - m) * C');
    const k = kernelOf(source);
    const [m, C, n] = analyse(k) as [MaxStep, AffineStep, AffineStep];
    expect([C, n].map((s) => stabiliserOf(k, s, [m]))).toEqual([undefined, m]);
  });
});

describe('steps that are not affine', () => {
  it.each([
    ['S = tanh(S) + x', '`tanh(S[b, t, d, e])`: tanh is not linear'],
    ['S = S * S + x', '`S[b, t, d, e] * S[b, t, d, e]`: both factors depend on the state'],
    ['S = exp(S) * a', '`exp(S[b, t, d, e])`: exp is not linear'],
    ['S = x / S', '`x[b, t, d, e] / S[b, t, d, e]`: it divides by the state'],
    [
      'S = if S > 0 then a else x',
      '`if S[b, t, d, e] > 0.0 then a[b, t] else x[b, t, d, e]`: its condition depends on the state',
    ],
    ['S = max[c](S[b, c, e]) + x', '`max[c](S[b, t, c, e])`: max is not linear'],
    ['S = k[b, t, i32(S)] * x', '`k[b, t, i32(S[b, t, d, e])]`: its index depends on the state'],
    ['S = a * bf16(S) + x', '`bf16(S[b, t, d, e])`: round_bf16 is not linear'],
  ])('%s', (step, why) => {
    const found = only(vectors([step]));
    expect(found.kind).toBe('none');
    expect(found.why).toContain(why);
  });
  it('say so of states that are products of each other', () => {
    const source = RECURRENCES.twoStates.replace('cos(turn) * re - ', 'cos(turn) * re * im - ');
    expect(text(only(source))).toBe(
      'none: `cos(turn[b, t, c]) * re[b, t, c] * im[b, t, c]`: both factors depend on the state',
    );
    const largest = RECURRENCES.twoStates.replace('cos(turn) * re - sin(turn) * im', 'max(re, im)');
    expect(text(only(largest))).toContain('`max(re[b, t, c], im[b, t, c])`: max is not linear');
  });
  it('are those of integers', () => {
    const source =
      'kernel k { axes t: N  in x: i32[t]  state c: i32 = 0  recurrence over t { c = c + x }  out c }';
    expect(only(source)).toMatchObject({ kind: 'none', why: expect.stringContaining('`c` is i32') });
  });
  it('quote no more than a line', () => {
    const long = Array.from({ length: 30 }, () => 'x').join(' + ');
    expect(only(vectors([`S = tanh(S + ${long})`])).why).toMatch(/^`.{59}…`: tanh is not linear$/);
  });
});

describe('axes', () => {
  const axes = (name: RecurrenceName): readonly (readonly string[])[] => {
    const [step] = analyse(kernel(name)) as [AffineStep];
    return [step.contracted, step.values, step.decayAxes];
  };
  it('are told apart by what sums over them and by what moves with them', () => {
    expect(axes('perToken')).toEqual([['d'], ['e'], ['b', 'h']]);
    expect(axes('constant')).toEqual([['d'], ['e'], ['h']]);
    expect(axes('perFeature')).toEqual([['d'], ['e'], ['b', 'h', 'd']]);
    expect(axes('sharedKeys')).toEqual([['n'], ['p'], ['b', 'h']]);
    expect(axes('selective')).toEqual([['n'], [], ['b', 'd', 'n']]);
    expect(axes('valueGate')).toEqual([['d'], [], ['b', 'h', 'e']]);
    expect(axes('perElement')).toEqual([[], [], ['b', 'd']]);
    expect(axes('decayThenErase')).toEqual([['d'], ['e'], ['b', 'h']]);
  });
  it('are not of values where a factor of the write mixes them', () => {
    const source = RECURRENCES.perToken.replace('k * v', 'tanh(k + v)');
    expect(only(source)).toMatchObject({ values: [], transition: 'elementwise' });
    const sum = RECURRENCES.perToken.replace('k * v', '(k + v) * k');
    expect(only(sum)).toMatchObject({ values: ['e'], transition: 'scalar' });
  });
  it('count reads under other names, nested and through values', () => {
    const source = (read: string): string =>
      recurrence({
        axes: 'b: B, t: N, d: D, c: D, e: E, f: E',
        inputs: ['q[b, t, d]', 'k[b, t, d]', 'v[b, t, e]', 'W[e, f]'],
        states: ['S[b, d, e]'],
        step: ['S = 0.9 * S + k * v', ...read.split('; ')],
        outputs: ['y'],
      });
    const found = (read: string): unknown => (only(source(read)) as AffineStep).contracted;
    expect(found('y[b, t, e] = sum[c](q[b, t, c] * S[b, c, e])')).toEqual(['d']);
    expect(found('y = sum[e](W * sum[d](q * S))')).toEqual(['d']);
    expect(found('r = q * S; y = sum[d](r)')).toEqual(['d']);
    expect(found('y = sum[d, e](q * S)')).toEqual(['d', 'e']);
    expect(found('y = sum[d](S * S)')).toEqual([]);
    expect(found('y = max[d](S)')).toEqual([]);
  });
  it('divide products', () => {
    const k = kernel('perToken');
    const d = new Definitions(k);
    const at = (name: string, ...index: string[]): Expr =>
      read(
        name,
        index.map((a) => variable(a)),
      );
    const [key, value] = [at('k', 'b', 'h', 't', 'd'), at('v', 'b', 'h', 't', 'e')];
    const parts = separated(
      d,
      op('mul', op('sub', value, key), op('div', value, op('exp', key))),
      ['d'],
      ['e'],
    );
    expect(parts?.map((p) => [short(p.inner), short(p.outer)])).toEqual([
      ['1.0 / exp(k)', 'v * v'],
      ['-k * (1.0 / exp(k))', 'v'],
    ]);
    expect(separated(d, op('exp', op('add', key, value)), ['d'], ['e'])).toBeUndefined();
  });
});

describe('reads', () => {
  it('are before, between or after the assignments of a step', () => {
    const times = (name: RecurrenceName): unknown => {
      const k = kernel(name);
      return readTimes(k, k.states[0]!);
    };
    expect(times('perToken')).toEqual(['after']);
    expect(times('constant')).toEqual(['after', 'last']);
    expect(times('exclusive')).toEqual(['before']);
    expect(times('eraseAndWrite')).toEqual(['after']);
    const between = kernelOf(
      RECURRENCES.decayThenErase
        .replace('  pred = ', '  z = sum[d](q * S)\n    pred = ')
        .replace('  out y', '  out z: f32[b, h, t, e]\n  out y'),
    );
    expect(readTimes(between, between.states[0]!)).toEqual(['between', 'after']);
  });
  it('know the definitions that update a state', () => {
    const k = kernel('twoErasures');
    expect([...versions(k, k.states[0]!).keys()]).toEqual(['S', 'S.1', 'S.2', 'S.3', 'S.last']);
  });
});

describe('substitution', () => {
  it('refuses to be caught by a bound axis', () => {
    const body = op('mul', read('q', [variable('d')]), read('k', [variable('i')]));
    const sum: Expr = { kind: 'reduce', type: 'f32', op: 'sum', axes: ['d'], body };
    expect(substituted(sum, new Map([['i', variable('d')]]))).toBeUndefined();
    expect(substituted(sum, new Map([['d', variable('e')]]))).toEqual(sum);
    expect(printExpr(substituted(sum, new Map([['i', i32(3)]]))!)).toBe('sum[d](q[d] * k[3])');
  });
});
