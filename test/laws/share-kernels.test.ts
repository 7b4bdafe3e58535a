/** Law of `share-kernels`: launches of one kernel on their own tensors compute, bit for bit, what kernels of their own did. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Launch, Program } from '../../src/kernel/kernel.ts';
import { shareKernels } from '../../src/kernel/passes/share-kernels.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { seededRandom } from '../support/mutate.ts';
import { catches, demand, holds } from './law.ts';
import { afterPasses, GPU, kernels } from './lowering.ts';
import { normalizeIr } from '../../src/pipeline.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import { irOf } from './steps-case.ts';

/** A matrix of more numbers than a lane can hold. */
const SIDE = 12;

/** What happens to one matrix, S, in a round; T is the other, A an input of its own. */
const STEPS = [
  'S = tanh(0.5 * sum[a](S[l, a] * S[a, m]) + A)',
  'S = 0.25 * sum[a](S[a, m] * T[l, a])',
  'S = S[m, l] / (1 + max[l, m](abs(S)))',
  'S = 0.5 * S + T',
] as const;

interface Rounds {
  readonly text: string;
  readonly seed: number;
}

const cases: fc.Arbitrary<Rounds> = fc
  .record({
    steps: fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom('X', 'Y')), {
      minLength: 1,
      maxLength: 3,
    }),
    rounds: fc.integer({ min: 2, max: 3 }),
    seed: fc.nat(),
  })
  .map(({ steps, rounds, seed }) => {
    // The first step makes matrices of the rounds, and every state is given its next value.
    const both = [[0, 'X'], ...steps, [3, 'Y']] as const;
    const lines = both.map(([n, s]) => {
      const [other, own] = s === 'X' ? ['Y', 'A'] : ['X', 'C'];
      return STEPS[n]!.replace(/\bS\b/g, s).replace(/\bT\b/g, other).replace(/\bA\b/g, own);
    });
    const text = `kernel k {
  axes b: B, l: L, m: L, a: L
  in A: f32[b, l, m]
  in C: f32[b, l, m]
  state X: f32[b, l, m] = A
  state Y: f32[b, l, m] = C
  repeat ${rounds} {
    ${lines.join('\n    ')}
  }
  out X
  out Y
}`;
    return { text, seed };
  });

const sizes = { B: 2, L: SIDE };

function programOf(text: string): Program {
  const options = { fixed: sizes, limits: GPU };
  return afterPasses(kernels(tileProgram(normalizeIr(irOf(text), options), sizes), options));
}

function outputsOf(p: Program, seed: number, text: string) {
  const random = seededRandom(seed);
  const matrix = () => Float64Array.from({ length: 2 * SIDE * SIDE }, () => Math.fround(random() - 0.5));
  const { outputs, errors } = interpretProgram(p, { A: matrix(), C: matrix() }, {});
  demand(errors.length === 0, () => `${errors[0]!.message}\n${text}`);
  return outputs;
}

const law =
  (damage: (p: Program) => Program = (p) => p) =>
  ({ text, seed }: Rounds): void => {
    const before = programOf(text);
    const after = shareKernels(before);
    verifyProgram(after);
    const [wanted, found] = [before, damage(after)].map((p) => outputsOf(p, seed, text));
    for (const [name, values] of Object.entries(wanted!))
      values.forEach((x, n) => {
        const y = found![name]![n]!;
        demand(Object.is(x, y), () => `${name}[${n}]: ${x}, ${y}\n${text}`);
      });
  };

/** The last launch of a kernel that other launches share, bound as `change` says. */
const lastBound =
  (change: (l: Launch, reads: readonly string[]) => Record<string, string>) =>
  (p: Program): Program => {
    const launches = p.launches ?? [];
    const at = launches.findLastIndex((l) => l.name !== l.kernel);
    const { buffers } = p.kernels.find((k) => k.name === launches[at]?.kernel) ?? { buffers: [] };
    const reads = buffers.filter((b) => b.access === 'read').map((b) => b.name);
    const changed = (l: Launch): Launch => ({ ...l, tensors: { ...l.tensors, ...change(l, reads) } });
    return { ...p, launches: launches.map((l, n) => (n === at ? changed(l) : l)) };
  };

describe('share-kernels', () => {
  it('finds the products of every round equal', () => {
    const p = shareKernels(programOf(fc.sample(cases, { seed: 1, numRuns: 1 })[0]!.text));
    expect(p.kernels.length).toBeLessThan(p.launches!.length);
  });
  it('keeps every bit', () => holds(cases, law(), 12));
  it('notices a launch that reads what the first launch reads', () =>
    catches(cases, law(lastBound((_, reads) => Object.fromEntries(reads.map((r) => [r, r])))), 6));
  it('notices a launch whose tensors are swapped', () =>
    catches(
      cases,
      law(
        lastBound((l, reads) =>
          Object.fromEntries(reads.map((r, n) => [r, l.tensors[reads[(n + 1) % reads.length]!]!])),
        ),
      ),
      12,
    ));
});
