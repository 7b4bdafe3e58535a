/** Tensors for recurrences: results of many steps stay in range, and gates still forget. */
import { describe, expect, it } from 'vitest';
import { inputsInRange } from '../../src/cli/verify/inputs-in-range.ts';
import { integerUses } from '../../src/cli/verify/integer-uses.ts';
import { stateFactors } from '../../src/cli/verify/state-factors.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { tensorValues } from '../../src/runtime/tensor.ts';
import { kernelOf } from '../support/kernels.ts';

const text = (steps: string): string => `kernel k {
  axes t: N, d: D, e: E
  in q: f32[t, d]
  in k: f32[t, d]
  in v: f32[t, e]
  in g: f32[t, d]
  in beta: f32[t]
  state S: f32[d, e] = 0
  state m: f32[e] = 0
  let step = exp(g)
  recurrence over t {
    ${steps}
    m = max(m, sum[d](S))
    y = sum[d](q * S)
  }
  out y: f32[t, e]
  out m
}`;
const write = '+ k * v';
const STEPS = {
  decay: `S = exp(g) * S ${write}`,
  through: `S = step * S ${write}`,
  opposite: `S = exp(-2.0 * g + beta) * S ${write}`,
  plain: `S = g * S ${write}`,
  sigmoid: `S = sigmoid(g) * S ${write}`,
  scaled: `S = exp(g * log1p(exp(beta))) * S ${write}`,
  product: `S = exp(g * beta) * S ${write}`,
  delta: `let found = sum[d](k * S)\n S = S + beta * k * (v - found)`,
};
const factorsOf = (steps: string) => Object.fromEntries(stateFactors(kernelOf(text(steps))));

describe('inputs that multiply a state', () => {
  it('are told by how they do', () => {
    expect(factorsOf(STEPS.decay)).toEqual({ g: 'negative' });
    expect(factorsOf(STEPS.through)).toEqual({ g: 'negative' });
    expect(factorsOf(STEPS.opposite)).toEqual({ g: 'positive', beta: 'negative' });
    expect(factorsOf(STEPS.plain)).toEqual({ g: 'factor' });
    expect(factorsOf(STEPS.scaled)).toEqual({ g: 'negative', beta: 'mixed' });
    expect(factorsOf(STEPS.product)).toEqual({ g: 'mixed', beta: 'mixed' });
    expect(factorsOf(STEPS.delta)).toEqual({ k: 'factor', beta: 'factor' });
    expect(factorsOf(`S = S ${write}`)).toEqual({});
  });

  it.each(Object.entries(STEPS))('keep results in range: %s', (_, steps) => {
    const kernel = kernelOf(text(steps));
    const sizes = { N: 200, D: 32, E: 2 };
    let large = 0;
    for (let seed = 0; seed < 8; seed++) {
      const c = { kernel, sizes, params: {}, seed };
      const drawn = inputsInRange(c, integerUses(kernel), 0);
      const inputs = Object.fromEntries(
        [...drawn].map(([name, t]) => [name, { shape: t.shape, data: tensorValues(t) }]),
      );
      const { y, m } = interpretKernel(kernel, inputs, sizes);
      if (![...y!.data, ...m!.data].every((x) => Math.abs(x) < 2 ** 24)) large++;
    }
    expect(large).toBe(0);
  });
});
