import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Execution, Launch } from '../../src/cli/targets.ts';
import { attnc } from '../support/cli.ts';

/** Stands between the command and the target, so that a target with a known fault can be verified. */
const fault = vi.hoisted(() => ({
  plant: undefined as undefined | ((launch: Launch, result: Execution) => Execution),
}));
vi.mock(import('../../src/cli/targets.ts'), async (original) => {
  const real = await original();
  return {
    ...real,
    execute: async (target, launch) => {
      const result = await real.execute(target, launch);
      return fault.plant && target !== 'interp' ? fault.plant(launch, result) : result;
    },
  };
});

const SPEC = `kernel sample {
  axes b: B, i: N, j: M, d: D
  in q: f32[b, i, d]
  in k: f32[b, j, d]
  in ids: i32[j]
  param window: int = 8
  require N % 2 == 0 || N < 8
  mask i - j < window && ids[i % M] == ids[j]
  score s = sum[d](q * k)
  out y: f32[b, i, d] = sum[j](softmax[j](s) * k)
  out count: i32[b, i] = i32(sum[j](1.0 + 0.0 * s))
}
`;

let dir: string;
let spec: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'attnc-verify-'));
  spec = join(dir, 'sample.attn');
  writeFileSync(spec, SPEC);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  fault.plant = undefined;
});

/** One changed element, where the launch is large enough. */
const changeAt =
  (big: (launch: Launch) => boolean, change: (x: number) => number) =>
  (launch: Launch, result: Execution): Execution => {
    if (!big(launch)) return result;
    const outputs = new Map(result.outputs);
    const y = outputs.get('y')!;
    const values = y.values.slice();
    values[values.length - 1] = change(values.at(-1)!);
    return { ...result, outputs: outputs.set('y', { ...y, values }) };
  };

interface Report {
  readonly compared: number;
  readonly worst: Record<string, number>;
  readonly failure?: {
    readonly sizes: Record<string, number>;
    readonly params: Record<string, number>;
    readonly reproduce: string;
  };
}
const verify = async (...flags: string[]) => {
  const run = await attnc('verify', spec, '--target', 'kernel-interp', '--cases', '6', '--json', ...flags);
  return { code: run.code, report: (run.json()['reports'] as Report[])[0]!, stdout: run.stdout };
};

describe('verify', () => {
  it('finds nothing wrong with a right target, and repeats itself', async () => {
    const small = ['--size', 'D=3', '--size', 'B=2'];
    const first = await verify(...small);
    expect(first.code).toBe(0);
    expect(first.report.compared).toBeGreaterThanOrEqual(4);
    expect(first.report.worst['count']).toBe(0);
    expect(first.report.worst['y']).toBeGreaterThan(0);
    expect(first.report.worst['y']).toBeLessThan(1e-4);
    expect((await verify(...small)).stdout).toBe(first.stdout);
  });

  it('notices a wrong element and shrinks the case to the smallest that fails', async () => {
    fault.plant = changeAt(
      ({ sizes }) => sizes['N']! >= 3 && sizes['D']! >= 2,
      (x) => x + 10,
    );
    const { code, report } = await verify('--cases', '30');
    expect(code).toBe(1);
    expect(report.failure!.sizes).toEqual({ B: 1, N: 3, M: 1, D: 2 });
    expect(report.failure!.reproduce).toMatch(
      /--seed 1 --only \d+ --size B=1 --size N=3 --size M=1 --size D=2 --param window=/,
    );
    const again = report.failure!.reproduce.split(' ').slice(1);
    expect((await attnc(...again)).code).toBe(1);
    fault.plant = undefined;
    expect((await attnc(...again)).code).toBe(0);
  });

  it.each([
    ['NaN', () => NaN],
    ['an infinity', () => Infinity],
    ['a relative error of 1 %', (x: number) => x * 1.01 + 0.01],
  ])('notices %s', async (_, change) => {
    fault.plant = changeAt(() => true, change);
    expect((await verify()).code).toBe(1);
  });

  it('lets results miss by what roundings of operations explain where inputs are integers, and no further', async () => {
    const file = join(dir, 'integers.attn');
    // No input is rounded, but the score is the small difference of two large products.
    writeFileSync(
      file,
      `kernel integers {
  axes i: N, j: M
  in x: i8[i, j]
  score s = f32(x) * 1000.01 - f32(x) * 1000.0
  out y: f32[i] = logsumexp[j](s)
}
`,
    );
    // One of the cases misses by so much.
    const missingBy = async (relative: number): Promise<string> => {
      let runs = 0;
      fault.plant = changeAt(
        () => runs++ === 0,
        (x) => x * (1 + relative),
      );
      const run = await attnc('verify', file, '--target', 'kernel-interp', '--cases', '4', '--size', 'M=5');
      return run.stdout.split(' ')[0]!;
    };
    expect(await missingBy(1e-3)).not.toBe('FAILED');
    expect(await missingBy(4)).toBe('FAILED');
  });

  it('notices an execution that reports an error of its own', async () => {
    const { userError } = await import('../../src/diagnostics/diagnostic.ts');
    fault.plant = ({ sizes }) => {
      throw userError('E0733', `race with N = ${sizes['N']}`);
    };
    const { code, report } = await verify();
    expect(code).toBe(1);
    expect(report.failure).toMatchObject({ message: expect.stringMatching(/race with N = /) });
  });

  it('says so when no case can be drawn', async () => {
    const { code, stderr } = await attnc(
      'verify',
      spec,
      '--target',
      'kernel-interp',
      '--cases',
      '2',
      '--size',
      'N=9',
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/E0732[\s\S]*no random sizes/);
  });
});
