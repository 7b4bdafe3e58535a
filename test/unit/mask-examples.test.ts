/** Examples that masks define, with realistic data, against references that find the kept keys in another way. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/cli/compare.ts';
import { execute, interpret } from '../../src/cli/targets.ts';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { DATA_CASES } from '../support/mask-cases-data.ts';
import { IMAGE_CASES } from '../support/mask-cases-images.ts';
import { ROW_CASES } from '../support/mask-cases-rows.ts';
import { launchOfCase, type MaskCase } from '../support/mask-reference.ts';

/** Examples of other groups with integers that mean something together. */
const INTEGER_INPUTS: ReadonlySet<string> = new Set(['prefix_document', 'ragged_padded']);

const cases = [...ROW_CASES, ...IMAGE_CASES, ...DATA_CASES].map(
  (c) => [c.title ? `${c.example}, ${c.title}` : c.example, c] as const,
);
const worstOf = (c: MaskCase, outputs: ReadonlyMap<string, { readonly values: Float64Array }>): number =>
  Math.max(
    ...Object.entries(c.expected).map(
      ([name, wanted]) => compare(outputs.get(name)!.values, Float64Array.from(wanted)).worst,
    ),
  );

/** Every mask that is written in the file takes part: without it the results are far away. */
const MASK = /^ +mask .*\n/gm;

function isFarWithout(c: MaskCase, line: string): boolean {
  try {
    return worstOf(c, interpret(launchOfCase(c, (text) => text.replace(line, ''))).outputs) > 1e-2;
  } catch (error) {
    // A masked element may be one that a table has no place for.
    if (error instanceof UserError) return true;
    throw error;
  }
}

describe.each(cases)('%s', (_, c) => {
  it('is what its formula says', () => {
    const launch = launchOfCase(c);
    expect(launch.kernel.outputs.map((o) => o.name).sort()).toEqual(Object.keys(c.expected).sort());
    expect(worstOf(c, interpret(launch).outputs)).toBeLessThan(1e-12);
  });
  it('needs each of its masks', () => {
    for (const [line] of launchOfCase(c).spec.text.matchAll(MASK)) {
      expect({ line, far: isFarWithout(c, line) }).toEqual({ line, far: true });
    }
  });
});

// The run matrix draws tensors that seldom are what a program would give.
describe.each(cases.filter(([, c]) => DATA_CASES.includes(c) || INTEGER_INPUTS.has(c.example)))(
  '%s, compiled',
  (_, c) => {
    it('is the same', async () => {
      const { outputs } = await execute('kernel-interp', launchOfCase(c));
      expect(worstOf(c, outputs)).toBeLessThan(1e-5);
    });
  },
);
