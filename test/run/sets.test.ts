/** The launches themselves: that they hold what they are named after, and that their limits notice small faults. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/cli/compare.ts';
import { execute, interpret } from '../../src/cli/targets.ts';
import { LIMITS } from './agrees.ts';
import { examples, launchOf, type Example } from './examples.ts';

const example = (kernel: string): Example => examples().find((e) => e.kernel === kernel)!;

// ATTNC_RUN_ONLY may leave out the examples that this file speaks of.
describe.skipIf(process.env['ATTNC_RUN_ONLY'] !== undefined)(
  'the launches of the run matrix (ATTNC_RUN_ONLY is set)',
  () => {
    it('have rows that keep no key, and their results are zeros', async () => {
      const launch = launchOf(example('sliding_window'), 'f32', 'masked rows');
      const { outputs } = await execute('kernel-interp', launch);
      const y = outputs.get('y')!;
      expect(y.values.length).toBeGreaterThan(0);
      expect(y.values.every((x) => x === 0)).toBe(true);
    });
    it('are longer than a tile where the interpreters can afford it', () => {
      const rows = ({ N, Y, X }: Readonly<Record<string, number>>): number => N ?? (Y ?? 0) * (X ?? 0);
      const long = examples().filter((e) => rows(launchOf(e, 'f32', 'past a tile').sizes) > 64);
      expect(long.length).toBeGreaterThan(0.4 * examples().length);
    });
    it('show a mask that is off by one', async () => {
      const launch = launchOf(example('sliding_window'), 'f32', 'past a tile');
      const params = { ...launch.params, width: 3 };
      const expected = interpret({ ...launch, params }).outputs.get('y')!.values;
      const worstOf = async (width: number): Promise<number> => {
        const { outputs } = await execute('kernel-interp', { ...launch, params: { ...params, width } });
        return compare(outputs.get('y')!.values, expected).worst;
      };
      expect(await worstOf(3)).toBeLessThanOrEqual(LIMITS.f32);
      expect(await worstOf(4)).toBeGreaterThan(LIMITS.bf16);
    });
    it('show one key that is missing in long rows', async () => {
      const launch = launchOf(example('sdpa'), 'f16', 'past a tile');
      const all = interpret(launch).outputs.get('y')!.values;
      const { M, E } = launch.sizes as { M: number; E: number };
      const v = launch.inputs.get('v')!;
      const bytes = v.bytes.slice();
      bytes.fill(0, (M - 1) * E * 2, M * E * 2);
      const inputs = new Map([...launch.inputs, ['v', { ...v, bytes }]]);
      expect(compare(interpret({ ...launch, inputs }).outputs.get('y')!.values, all).worst).toBeGreaterThan(
        LIMITS.f16,
      );
    });
  },
);
