/** What a recurrence is taken apart into: names, shapes, tails, and what has no such artefact. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { attn, compile, explain, interpret, printExplanation } from '../../src/index.ts';
import { artefactOf, type Artefact } from '../../src/ir/artefacts/artefact.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { printIr } from '../../src/ir/print.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { kernelOf, randomTensor, type RunOptions } from '../support/kernels.ts';

function made(text: string, artefact: Artefact, options: RunOptions = {}): IrKernel {
  const k = artefactOf(kernelOf(text, options), artefact);
  verifyIr(k);
  return k;
}
const shown = (text: string, artefact: Artefact, options?: RunOptions): string =>
  printIr(made(text, artefact, options));

function refusal(text: string, artefact: Artefact): string {
  try {
    made(text, artefact);
  } catch (e) {
    if (e instanceof UserError) return `${e.diagnostic.code} ${e.message}`;
    throw e;
  }
  return 'no error';
}

const gated = (
  body: string,
  declared = '',
  state = 'state S: f32[d, e]',
  outputs = 'out y: f32[t, e]',
): string =>
  `kernel k {
    axes t: N, d: D, e: E, i: 3, j: N
    in q: f32[t, d]
    in k: f32[t, d]
    in v: f32[t, e]
    in a: f32[t, d]
    ${declared}
    ${state}
    recurrence over t {
      ${body}
    }
    ${outputs}
  }`;
const PLAIN = gated('S = a * S + k * v\n y = sum[d](q * S)');

describe('a step', () => {
  it('has one position, starts from inputs and hands on outputs', () => {
    expect(shown(PLAIN, 'step')).toBe(`kernel k_step {
  sizes D, E
  axis t: 1
  axis d: D
  axis e: E
  in q: f32[t, d]
  in k: f32[t, d]
  in v: f32[t, e]
  in a: f32[t, d]
  in S_in: f32[d, e]
  state S[t, d, e]: f32 along t from S_in[d, e] then S.1; last S.last
  let S.1[t, d, e]: f32 = a[t, d] * S[t, d, e] + k[t, d] * v[t, e]
  let y[t, e]: f32 = sum[d](q[t, d] * S.1[t, d, e])
  out S_out_value[d, e]: f32 = S.last[d, e]
  out y: f32[t, e] = y
  out S_out: f32[d, e] = S_out_value
}
`);
    expect(made(PLAIN, 'step').notes).toEqual(['hands on S_in as S_out, at first 0.0']);
  });

  it('keeps the names of what is an input and an output already', () => {
    const own = gated(
      'S = a * S + k * v\n y = sum[d](q * S)',
      'in S0: f16[d, e] = 0',
      'state S: f32[d, e] = S0',
      'out y: f32[t, e]\n out S',
    );
    const step = made(own, 'step');
    expect(step.tensors.find((t) => t.name === 'S0')).toMatchObject({ storage: 'f16', optional: false });
    expect(step.outputs.map((o) => o.name)).toEqual(['y', 'S']);
    // Without the input, the state still comes in.
    const without = made(own, 'step', { absent: new Set(['S0']) });
    expect(without.tensors.map((t) => t.name)).toContain('S_in');
  });

  it('takes an input of its own where the initial value is read elsewhere, too', () => {
    const both = gated(
      'S = a * S + k * v\n y = sum[d](q * S + S0)',
      'in S0: f32[d, e]',
      'state S: f32[d, e] = S0',
    );
    expect(made(both, 'step').tensors.map((t) => t.name)).toEqual(expect.arrayContaining(['S0', 'S_in']));
  });

  it('asks where it is only where that matters', () => {
    const turned = gated('S = a * S + k * v * cos(f32(t))\n y = sum[d](q * S)');
    expect(shown(turned, 'step')).toContain('cos(f32(t0))');
    expect(made(turned, 'step').params).toEqual([{ name: 't0', type: 'i32' }]);
    expect(made(PLAIN, 'step').params).toEqual([]);
  });

  it('looks into a tail for the positions before it', () => {
    const conv = gated(
      'S = a * S + c * v\n y = sum[d](q * S)',
      'in w: f32[i]\n let c = sum[i in 0..min(3, t + 1)](w * k[t = t - i])',
    );
    const step = made(conv, 'step');
    expect(step.tensors.find((t) => t.name === 'k_tail')?.dims.map((d) => d.extent)).toMatchObject([
      { value: 2 },
      { name: 'D' },
    ]);
    expect(step.notes).toContain('hands on k_tail as k_tail_out');
    // The tail is as long as the farthest read asks.
    const before = gated(
      'S = (if t > 0 && id[t = t] != id[t = max(t - 1, 0)] then 0.0 else a) * S + k * v\n y = sum[d](q * S)',
      'in id: i32[t]',
    );
    expect(shown(before, 'step')).toContain('in id_tail: i32[id_tail_at]');
    expect(shown(before, 'step')).toContain('out id_tail_out_value[id_tail_at]: i32 = id[0]');
  });

  it('looks into a tail for a window of fixed length, and for what leaves it', () => {
    const hybrid = (width: string): string =>
      gated(
        'S = S + (if t >= width then f[j = t - width] * v[t = t - width] else 0.0)\n y = near + sum[d](q * S)',
        `${width} width: int = 4
         let s = sum[d](q * k[t = j])
         let f = exp(k)[t = j]
         let near = sum[j in max(t - width + 1, 0)..t + 1](exp(s) * v[t = j])`,
      );
    const step = made(hybrid('const'), 'step');
    expect(step.tensors.map((t) => t.name)).toEqual(expect.arrayContaining(['k_tail', 'v_tail']));
    expect(step.axes.find((a) => a.name === 'j_back')?.extent).toMatchObject({ value: 4 });
    expect(step.sizes).toEqual(['D', 'E']);
    // A parameter decides how much of it is looked at; the caller, how long the tail is.
    const open = made(hybrid('require width >= 1\n param'), 'step');
    expect(open.sizes).toEqual(['D', 'E', 'tail']);
    expect(open.requires.map((r) => r.text)).toEqual(expect.arrayContaining(['width <= tail']));
    expect(refusal(hybrid('param'), 'step')).toContain('E0631');
  });

  it('keeps whole what has an axis of its own, and positions in it', () => {
    const cached = gated(
      'S = a * S + k * v\n y = sum[d](q * S) + far',
      'in c: f32[j]\n let far = sum[j in 0..t + 1](c)',
    );
    const step = made(cached, 'step');
    expect(step.sizes).toContain('N');
    expect(shown(cached, 'step')).toContain('j < t0 + 1');
  });

  it('carries sums that are no states as written', () => {
    const step = shown(
      `kernel k {
        axes i: N, j: N, d: D, e: E
        in q: f32[i, d]
        in k: f32[j, d]
        in v: f32[j, e]
        mask j <= i
        score s = sum[d](exp(q) * exp(k))
        aggregate y = sum[j](s * v)
        out y: f32[i, e]
      }`,
      'step',
    );
    expect(step).toContain('axis i: 1');
    expect(step).toContain('in k: f32[i, d]');
    expect(step).toMatch(/in y_S_in: f32\[d, e\]/);
    expect(step).not.toContain('axis j');
  });
});

describe('what cannot be taken apart', () => {
  it.each<[string, Artefact, string, string]>([
    ['no state', 'step', 'kernel k { axes i: N\n in x: f32[i]\n out y: f32[i] = exp(x) }', 'E0630'],
    [
      'the future',
      'step',
      PLAIN.replace('over t {', 'over t reverse {'),
      'E0631 a step would need the future: state S',
    ],
    [
      'a later position',
      'step',
      gated('S = a * S + (if t < N - 1 then k[t = t + 1] else 0.0) * v\n y = sum[d](q * S)'),
      'E0631 a step would need the future: k[t + 1, d] at position t',
    ],
    [
      'a distance from data',
      'step',
      gated('S = a * S + k[t = max(t - far, 0)] * v\n y = sum[d](q * S)', 'in far: i32[t]'),
      'E0632 a part of the sequence does not hold what is read: k[max(t - far[t], 0), d] at position t',
    ],
    [
      'all positions',
      'apply',
      gated('S = a * S + k * v\n y = sum[d](q * S) / total', 'let total = sum[t, d](abs(k))'),
      'E0632 a part of the sequence does not hold what is read: sum[t] runs over all positions',
    ],
    [
      'the last value at each position',
      'summary',
      gated('S = a * S + k * v', '', 'state S: f32[d, e]', 'out y: f32[t, e] = sum[d](q * S)'),
      'E0632 a part of the sequence does not hold what is read: y needs the last value of S',
    ],
    [
      'another function of the state',
      'summary',
      gated('S = tanh(a * S) + k * v\n y = sum[d](q * S)'),
      'E0633 state `S` has no summary: ',
    ],
  ])('%s', (_, artefact, text, message) => expect(refusal(text, artefact)).toContain(message));
});

describe('a summary', () => {
  it('has a transition over the axes that it moves with', () => {
    const outputs = made(PLAIN, 'summary').outputs;
    expect(outputs.map((o) => [o.name, o.indices])).toEqual([
      ['S', ['d', 'e']],
      ['S_transition', ['d']],
    ]);
    expect(made(PLAIN, 'summary').tensors.map((t) => t.name)).toEqual(['k', 'v', 'a']);
  });
  it('has a matrix where a step mixes values', () => {
    const delta = gated('pred = sum[d](k * S)\n S = S + k * (v - pred)\n y = sum[d](q * S)');
    expect(made(delta, 'summary').outputs.map((o) => [o.name, o.indices])).toEqual([
      ['S', ['d', 'e']],
      ['S_transition', ['d', 'd_in']],
    ]);
  });
  it('leaves out the identity, and says so', () => {
    const sum = made(gated('S = S + k * v\n y = sum[d](q * S)'), 'summary');
    expect(sum.outputs.map((o) => o.name)).toEqual(['S']);
    expect(sum.notes).toEqual(['the transition of S is the identity and is left out']);
  });
  it('sums the shifts of a maximum, and what is relative to it needs nothing else', () => {
    const scaled = gated(
      'top = max(m + f, s)\n S = exp(m + f - top) * S + exp(s - top) * k * v\n m = top\n y = sum[d](q * S)',
      'in f: f32[t]\n in s: f32[t]',
      'state m: f32[] = -1e30\n state S: f32[d, e]',
    );
    expect(made(scaled, 'summary').outputs.map((o) => [o.name, o.indices])).toEqual([
      ['m', []],
      ['S', ['d', 'e']],
      ['m_transition', []],
    ]);
    expect(shown(scaled, 'combine')).toContain('exp(m_second[] - m_value_2[]) * S_second[d, e]');
    // A decay of its own on top is handed over, too.
    const decayed = scaled.replace('exp(m + f - top) * S', 'exp(m + f - top) * a * S');
    expect(made(decayed, 'summary').outputs.map((o) => [o.name, o.indices])).toContainEqual([
      'S_transition',
      ['d'],
    ]);
  });
});

describe('applying what came in', () => {
  it('adds to local outputs where they are affine in the states', () => {
    const apply = made(PLAIN, 'apply');
    expect(apply.tensors.map((t) => t.name)).toEqual(['q', 'a', 'S_in', 'y_local']);
    expect(apply.notes).toEqual(['adds what came in to the outputs of the part alone']);
  });
  it('needs no recurrence where a step only adds', () => {
    expect(made(gated('S = S + k * v\n y = sum[d](q * S)'), 'apply').states).toEqual([]);
  });
  it.each([
    [
      'a normaliser',
      gated('S = a * S + k * v\n o = sum[d](q * S)\n y = o / (abs(o) + 1)'),
      'output y is not affine',
    ],
    [
      'a number to start from',
      gated('S = a * S + k * v\n y = sum[d](q * S)', '', 'state S: f32[d, e] = 1'),
      'start from 0',
    ],
    ['positions', gated('S = a * S + k * v * cos(f32(t))\n y = sum[d](q * S)'), 'where the part is'],
    ['a step that is not affine', gated('S = tanh(S) + k * v\n y = sum[d](q * S)'), 'the step of S'],
  ])('runs again for %s', (_, text, why) => {
    const apply = made(text, 'apply');
    expect(apply.notes![0]).toContain(`runs the part again from what came in, because`);
    expect(apply.notes![0]).toContain(why);
    expect(apply.tensors.map((t) => t.name)).toContain('S_in');
  });
  it('tells sizes of the whole from sizes of the part', () => {
    const scaled = gated('S = a * S + k * v\n y = sum[d](q * S) / N');
    const apply = made(scaled, 'apply');
    expect(apply.sizes).toEqual(expect.arrayContaining(['N', 'N_part']));
    expect(apply.axes.find((a) => a.name === 't')!.extent).toMatchObject({ name: 'N_part' });
  });
});

describe('the public API', () => {
  const spec = attn`${PLAIN}`;
  const tensors = (from: number, to: number) => {
    const cut = (seed: number, width: number) => {
      const { data } = randomTensor(seed, 6, width);
      return { shape: [to - from, width], data: data.slice(from * width, to * width) };
    };
    return { q: cut(1, 3), k: cut(2, 3), v: cut(3, 2), a: cut(4, 3) };
  };

  it('interprets artefacts: steps are the sequence', () => {
    const whole = spec.interpret({ inputs: tensors(0, 6) }).value!['y']!;
    let S: { shape: readonly number[]; data: Float64Array } = { shape: [3, 2], data: new Float64Array(6) };
    for (let t = 0; t < 6; t++) {
      const { value, diagnostics } = spec.interpret({
        artefact: 'step',
        inputs: { ...tensors(t, t + 1), S_in: S },
      });
      expect(diagnostics).toEqual([]);
      expect([...value!['y']!.data]).toEqual([...whole.data.slice(2 * t, 2 * t + 2)]);
      S = value!['S_out']!;
    }
  });

  it('interprets steps of sums that are no states as written', () => {
    const sums = attn`kernel k {
      axes i: N, j: N, d: D, e: E
      in q: f32[i, d]
      in k: f32[j, d]
      in v: f32[j, e]
      mask j <= i
      score s = sum[d](exp(q) * exp(k))
      normalize p = l1[j](s)
      aggregate y = sum[j](p * v)
      out y: f32[i, e]
    }`;
    const given = ({ q, k, v }: ReturnType<typeof tensors>) => ({ q, k, v });
    const whole = sums.interpret({ inputs: given(tensors(0, 6)) }).value!['y']!;
    const step = artefactOf(kernelOf(sums.text), 'step');
    const shape = (name: string): number[] =>
      step.tensors.find((t) => t.name === name)!.dims.map((d) => ({ d: 3, e: 2 })[d.axis!]!);
    const incoming = step.tensors.filter((t) => t.name.endsWith('_in'));
    let states: Record<string, { shape: number[]; data: Float64Array }> = Object.fromEntries(
      incoming.map(({ name }) => [
        name,
        { shape: shape(name), data: new Float64Array(shape(name).reduce((a, b) => a * b, 1)) },
      ]),
    );
    for (let t = 0; t < 6; t++) {
      const inputs = { ...given(tensors(t, t + 1)), ...states };
      const { value } = sums.interpret({ artefact: 'step', inputs });
      [...value!['y']!.data].forEach((x, n) => expect(x).toBeCloseTo(whole.data[2 * t + n]!, 12));
      states = Object.fromEntries(
        incoming.map(({ name }) => {
          const { shape, data } = value![name.replace(/_in$/, '_out')]!;
          return [name, { shape: [...shape], data }];
        }),
      );
    }
  });

  it('compiles them under names of their own, and says how they were made', () => {
    const { value, diagnostics } = compile(PLAIN, { target: 'wgsl', artefact: 'apply', set: { D: 4, E: 4 } });
    expect(diagnostics).toEqual([]);
    expect(value!.files.map((f) => f.path)).toEqual(['k_apply.wgsl', 'k_apply.wgsl.json']);
    const manifest = JSON.parse(value!.files[1]!.text) as { notes: string[] };
    expect(manifest.notes).toEqual(['adds what came in to the outputs of the part alone']);
    const explained = explain(PLAIN, { target: 'cuda', artefact: 'apply', set: { D: 4, E: 4 } }).value!;
    expect(printExplanation(explained)).toContain('  adds what came in to the outputs of the part alone\n');
  });

  it('takes a step in one launch that holds the state in its lanes', () => {
    const step = explain(PLAIN, { target: 'cuda', artefact: 'step', set: { D: 16, E: 16 } }).value!;
    expect(step.launches).toBe(1);
    expect(step.workspaceBytes).toBe(0);
  });

  it('gives a diagnostic where there is no such artefact', () => {
    const { value, diagnostics } = interpret(PLAIN.replace('over t {', 'over t reverse {'), {
      artefact: 'step',
      inputs: tensors(0, 1),
    });
    expect(value).toBeUndefined();
    expect(diagnostics.map((d) => d.code)).toContain('E0631');
  });
});
