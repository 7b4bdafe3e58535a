/** A mask line over rows alone leaves a row without keys: zeros, and −inf where a logsumexp is written. */
import { expect, it } from 'vitest';
import { interpret } from '../../src/index.ts';

it('a removed row gives 0 and lse −inf', () => {
  const text = `kernel rows {
    axes i: N, j: M
    in s: f32[i, j]
    in length: i32[]
    mask i < length
    normalize p = softmax[j](s)
    out total: f32[i] = sum[j](p)
    out lse: f32[i] = logsumexp[j](s)
    out p: f32[i, j]
  }`;
  const { value, diagnostics } = interpret(text, {
    inputs: {
      s: { shape: [2, 2], data: [0, 0, 5, 5] },
      length: { shape: [], data: [1] },
    },
  });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  expect([...value!['lse']!.data]).toEqual([Math.log(2), -Infinity]);
  expect([...value!['total']!.data]).toEqual([1, 0]);
  expect([...value!['p']!.data]).toEqual([0.5, 0.5, 0, 0]);
});
