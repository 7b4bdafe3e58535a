/** What rounds of `repeat` may hold, on lanes that take steps. */
import { describe, expect, it } from 'vitest';
import { checkText, semanticIr } from '../../src/compile.ts';
import { interpretKernel, type InterpretedTensor } from '../../src/ir/interpret.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { lowerIr } from '../../src/pipeline.ts';
import { GPU } from '../laws/lowering.ts';
import { seededRandom } from '../support/mutate.ts';

/** Outputs of the definition and of kernels, for inputs of two decimals. */
function both(
  text: string,
  sizes: Readonly<Record<string, number>>,
  fixed: Readonly<Record<string, number>>,
) {
  const ir = semanticIr(checkText(text));
  const random = seededRandom(7);
  const inputs = Object.fromEntries(
    ir.tensors.map((t): [string, InterpretedTensor] => {
      const shape = t.dims.map((d) => sizes[(d.extent as { name: string }).name]!);
      const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
        Math.fround(Math.round(random() * 100) / 100),
      );
      return [t.name, { shape, data }];
    }),
  );
  const exact = interpretKernel(ir, inputs, sizes);
  const { program } = lowerIr(ir, { fixed, limits: GPU });
  const values = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.data]));
  const { outputs, errors } = interpretProgram(program, values, sizes);
  expect(errors).toEqual([]);
  return { exact, outputs, launches: program.kernels.length };
}

describe('a round', () => {
  it('may select few of many, and make a list of them', () => {
    // Each round keeps the three greatest of what is left after a change that moves all.
    const { exact, outputs } = both(
      `kernel k {
        axes b: B, t: 3, c: 6
        in x: f32[b]
        in w: f32[b]
        state at: i32[b, t] = 2 * t
        repeat 4 {
          let child[b, c] = (at[t = c / 2] * 2 + c % 2) % 23
          let value = abs(child * 0.37 - x * 5) + w
          let kept[b, c] = topk[c](value, 3)
          at = child[c = nth[c](kept, t)]
        }
        out at
      }`,
      { B: 5 },
      {},
    );
    expect([...outputs['at']!]).toEqual([...exact['at']!.data]);
    expect(new Set(exact['at']!.data).size).toBeGreaterThan(5);
  });

  it('may reduce over an axis of any length in one launch', () => {
    const text = `kernel k {
      axes i: N, j: M
      in s: f32[i, j]
      state low: f32[i] = -1.0
      state high: f32[i] = 1.0
      repeat 20 {
        middle = 0.5 * (low + high)
        let total = sum[j](max(s - middle, 0.0))
        low = if total >= 1.0 then middle else low
        high = if total >= 1.0 then high else middle
      }
      out low
    }`;
    const { exact, outputs, launches } = both(text, { N: 5, M: 37 }, {});
    expect(launches).toBe(1);
    exact['low']!.data.forEach((x, n) => expect(outputs['low']![n]).toBeCloseTo(x, 5));
  });
});
